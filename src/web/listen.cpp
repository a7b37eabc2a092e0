#include "web/listen.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/text.h"

namespace simswarm::web {
namespace {

constexpr int kBacklog = 256;
constexpr int kHighestPort = 65'535;
constexpr int kSocketFlags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> addresses_of(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  const auto port = parse_int(colon == std::string::npos ? "" : std::string_view(address).substr(colon + 1));
  if (host.empty() || !port || *port < 0 || *port > kHighestPort)
    return usage_error("--listen {}: expected HOST:PORT, like 127.0.0.1:9181", address);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(*port).c_str(), &hints, &found);
  if (code != 0) return environment_error("--listen {}: {}", address, ::gai_strerror(code));
  return Addresses(found);
}

// With the port that it got.
std::string shown_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ::getsockname(fd, generic, &size);
  ::getnameinfo(generic, size, host.data(), host.size(), port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
  const bool is_v6 = address.ss_family == AF_INET6;
  return fmt::format(fmt::runtime(is_v6 ? "http://[{}]:{}" : "http://{}:{}"), host.data(), port.data());
}

// Whether somebody answers at a socket of the file system.
bool is_served(const sockaddr_un& address) {
  const Fd fd(::socket(AF_UNIX, kSocketFlags, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return true;
  return errno == EAGAIN;  // its queue is full
}

Status make_room(const fs::path& path, const sockaddr_un& address) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) return {};
  if (!S_ISSOCK(there.st_mode)) return usage_error("--unix {}: a file that is no socket is there", path.string());
  if (is_served(address)) return environment_error("--unix {}: another process listens there", path.string());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return system_error(errno, fmt::format("--unix {}: the old socket cannot be removed", path.string()));
  return {};
}

}  // namespace

Listening::~Listening() {
  if (socket.empty() || !fd.valid()) return;
  const Result<FileIdentity> now = identify_itself(socket);
  if (now && now->device == identity.device && now->inode == identity.inode) ::unlink(socket.c_str());
}

Result<Listening> listen_tcp(const std::string& address) {
  SIMSWARM_TRY(const Addresses addresses, addresses_of(address));
  Listening listening;
  listening.fd = Fd(::socket(addresses->ai_family, kSocketFlags, 0));
  const int one = 1;
  ::setsockopt(listening.fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (::bind(listening.fd.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 ||
      ::listen(listening.fd.get(), kBacklog) != 0)
    return environment_error("--listen {}: {}", address, std::strerror(errno));
  listening.shown = shown_of(listening.fd.get());
  return listening;
}

Result<Listening> listen_unix(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.empty() || text.size() >= sizeof(address.sun_path))
    return usage_error("--unix {}: a socket's path has 1 to {} bytes", text, sizeof(address.sun_path) - 1);
  std::memcpy(address.sun_path, text.data(), text.size());
  SIMSWARM_CHECK(make_room(path, address));
  Listening listening;
  listening.fd = Fd(::socket(AF_UNIX, kSocketFlags, 0));
  // Linux makes the file with the mode of the socket: at no moment it is open to others.
  ::fchmod(listening.fd.get(), 0660);
  const mode_t mask = ::umask(0007);
  const int bound = ::bind(listening.fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  ::umask(mask);
  if (bound != 0) return system_error(error, "--unix " + text);
  if (::listen(listening.fd.get(), kBacklog) != 0) return system_error(errno, "--unix " + text);
  listening.socket = fs::absolute(path);
  SIMSWARM_TRY(listening.identity, identify_itself(listening.socket));
  listening.shown = "unix://" + listening.socket.string();
  return listening;
}

}  // namespace simswarm::web
