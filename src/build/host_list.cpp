#include "build/host_list.h"

#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/text.h"

namespace simswarm::build {
namespace {

constexpr std::size_t kMostJobs = 1000;

tl::unexpected<Error> no_host(std::string_view text, std::string_view why) {
  return usage_error("distcc host «{}»: {}; a host is NAME[:PORT][/LIMIT], like tasks.distcc or 10.0.0.7:3632/8", text,
                     why);
}

bool is_name(std::string_view name) {
  const auto fits = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '.' || letter == '-' || letter == '_' || letter == ':';
  };
  return !name.empty() && name.front() != '-' && std::all_of(name.begin(), name.end(), fits);
}

std::string text_of(const addrinfo& info) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const int error = ::getnameinfo(info.ai_addr, info.ai_addrlen, host.data(), host.size(), port.data(), port.size(),
                                  NI_NUMERICHOST | NI_NUMERICSERV);
  if (error != 0) return {};
  if (info.ai_family == AF_INET6) return fmt::format("[{}]:{}", host.data(), port.data());
  return fmt::format("{}:{}", host.data(), port.data());
}

}  // namespace

Result<HostName> parse_host(std::string_view text) {
  HostName host;
  std::string_view rest = text;
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    const auto limit = parse_int(rest.substr(slash + 1));
    if (!limit || *limit < 1 || *limit > static_cast<std::int64_t>(kMostJobs))
      return no_host(text, fmt::format("its limit is not between 1 and {}", kMostJobs));
    host.limit = static_cast<std::size_t>(*limit);
    rest = rest.substr(0, slash);
  }
  const bool is_bracketed = rest.starts_with('[') && rest.find(']') != std::string_view::npos;
  const auto name_end = is_bracketed ? rest.find(']') + 1 : std::min(rest.find(':'), rest.size());
  host.name = is_bracketed ? rest.substr(1, name_end - 2) : rest.substr(0, name_end);
  if (!is_name(host.name)) return no_host(text, "this is no name");
  if (name_end == rest.size()) return host;
  const auto port = rest[name_end] == ':' ? parse_int(rest.substr(name_end + 1)) : std::nullopt;
  if (!port || *port < 1 || *port > 65535) return no_host(text, "its port is not between 1 and 65535");
  host.port = static_cast<std::uint16_t>(*port);
  return host;
}

Addresses addresses_of(const HostName& host) {
  // Of this thread alone: a name server that does not answer must not be waited for.
  if ((_res.options & RES_INIT) == 0 && ::res_init() == 0) {
    _res.retrans = 1;
    _res.retry = 2;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.name.c_str(), std::to_string(host.port).c_str(), &hints, &list);
  if (error != 0) return {{}, error == EAI_NONAME || error == EAI_NODATA};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    Address address;
    address.size = info->ai_addrlen;
    std::copy_n(reinterpret_cast<const char*>(info->ai_addr), address.size, reinterpret_cast<char*>(&address.bytes));
    address.text = text_of(*info);
    if (!address.text.empty()) addresses.found.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace simswarm::build
