// Where compilers of other machines are: what the user names, and the addresses that this is. Internal to this room.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace simswarm::build {

inline constexpr std::uint16_t kDistccPort = 3632;

// «host[:port][/limit]», «[::1]:3632/4».
struct HostName {
  std::string name;
  std::uint16_t port = kDistccPort;
  std::size_t limit = 0;  // jobs at once; 0: not said
};
[[nodiscard]] Result<HostName> parse_host(std::string_view text);

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  std::string text;  // «127.0.0.1:3632», «[::1]:3632», as distcc takes it
};
// All of its addresses; none when there are none now. `is_known` is false when nobody could be asked.
struct Addresses {
  std::vector<Address> found;
  bool is_known = true;
};
// Blocks, a few seconds at most.
[[nodiscard]] Addresses addresses_of(const HostName& host);

}  // namespace simswarm::build
