#include "queue/resolver.h"

#include <fmt/core.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <system_error>
#include <thread>

#include "base/signals.h"

namespace simswarm::jobs {
namespace {

using Addresses = std::vector<std::string>;

struct FreeAddresses {
  void operator()(addrinfo* found) const { ::freeaddrinfo(found); }
};

tl::unexpected<Error> not_found(const std::string& what) {
  return tl::make_unexpected(Error{ExitCode::kEnvironment, what, true});  // names come and go with their machines
}

tl::unexpected<Error> not_found(const std::string& host, int code, int error_number) {
  if (code == EAI_NONAME || code == EAI_NODATA || code == EAI_ADDRFAMILY) {
    return not_found(fmt::format("host '{}' is not known; is its name right?", host));
  }
  const char* why = code == EAI_SYSTEM ? std::strerror(error_number) : ::gai_strerror(code);
  return not_found(fmt::format("host '{}' is not found ({}); look at its name and at the name server", host, why));
}

Result<Addresses> look_up(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* first = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &first);
  if (code != 0) return not_found(host, code, errno);
  const std::unique_ptr<addrinfo, FreeAddresses> found(first);
  Addresses addresses;
  for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    if (std::find(addresses.begin(), addresses.end(), text.data()) == addresses.end())
      addresses.emplace_back(text.data());
  }
  if (addresses.empty()) return not_found(host, EAI_NONAME, 0);
  return addresses;
}

}  // namespace

Result<Addresses> system_addresses(const std::string& host) {
  return look_up(host, 0);
}

Result<Addresses> addresses_of(const std::string& host, std::chrono::milliseconds within, const Resolver& resolver) {
  if (auto numeric = look_up(host, AI_NUMERICHOST); numeric.has_value()) return numeric;
  std::promise<Result<Addresses>> promise;
  std::future<Result<Addresses>> answer = promise.get_future();
  try {
    const SignalsBlocked blocked;  // nothing may be handled in a thread that nobody knows of
    // All that it touches is its own, by value: this call may have returned when the answer comes.
    std::thread([promise = std::move(promise), resolver, host]() mutable {
      promise.set_value(resolver(host));
    }).detach();
  } catch (const std::system_error& error) {
    return not_found(fmt::format("no thread to look for host '{}': {}", host, error.what()));
  }
  if (answer.wait_for(within) != std::future_status::ready) {
    const double seconds = std::chrono::duration<double>(within).count();
    return not_found(
        fmt::format("nobody says within {:g} s where host '{}' is; does the name server work?", seconds, host));
  }
  return answer.get();
}

}  // namespace simswarm::jobs
