// IPv4 subnets of overlay networks, and what they must not lie upon.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace simswarm::cluster {

struct Subnet {
  std::uint32_t address = 0;  // the host's byte order
  int prefix = 32;

  [[nodiscard]] std::uint32_t mask() const { return prefix == 0 ? 0U : ~0U << (32 - prefix); }
  [[nodiscard]] bool overlaps(const Subnet& other) const;
  friend bool operator==(const Subnet&, const Subnet&) = default;
};
[[nodiscard]] std::string to_text(const Subnet& subnet);
// «10.211.0.0/16»; nothing when it is no IPv4 subnet. Bits behind the prefix are kept.
[[nodiscard]] std::optional<Subnet> subnet_from(std::string_view text);
// What an overlay network can have: of 8 to 24 bits, beginning where its prefix does. The error names `what`.
[[nodiscard]] Result<Subnet> overlay_subnet(std::string_view what, const std::string& text);

struct TakenSubnet {
  Subnet subnet;
  std::string by;  // «route of eth0 on node2»
};
// The routes of a host by /proc/net/route, without the default one.
[[nodiscard]] std::vector<TakenSubnet> routes_from(std::string_view proc_net_route, const std::string& where);
// A private one of 16 bits that lies upon none of these; nothing: there is none.
[[nodiscard]] std::optional<Subnet> free_subnet(const std::vector<Subnet>& taken);

}  // namespace simswarm::cluster
