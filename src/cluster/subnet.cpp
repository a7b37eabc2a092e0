#include "cluster/subnet.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

constexpr int kBits = 32;

std::optional<std::uint32_t> address_from(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '.');
  if (parts.size() != 4) return {};
  std::uint32_t address = 0;
  for (const std::string_view part : parts) {
    const auto number = part.size() > 3 || part.starts_with('+') ? std::nullopt : parse_int(part);
    if (!number || *number < 0 || *number > 255) return {};
    address = address << 8U | static_cast<std::uint32_t>(*number);
  }
  return address;
}

// The kernel prints what it has in the network's byte order as if it were a number of its own.
std::optional<std::uint32_t> address_of_kernel(std::string_view hexadecimal) {
  const std::string text(hexadecimal);
  char* end = nullptr;
  const auto number = static_cast<std::uint32_t>(std::strtoul(text.c_str(), &end, 16));
  if (text.size() != 8 || end != text.c_str() + text.size()) return {};
  if constexpr (std::endian::native == std::endian::big) return number;
  return __builtin_bswap32(number);
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields = split(line, '\t');
  std::transform(fields.begin(), fields.end(), fields.begin(), trim);
  return fields;
}

}  // namespace

bool Subnet::overlaps(const Subnet& other) const {
  const std::uint32_t common = mask() & other.mask();
  return (address & common) == (other.address & common);
}

std::string to_text(const Subnet& subnet) {
  return fmt::format("{}.{}.{}.{}/{}", subnet.address >> 24U, subnet.address >> 16U & 255U, subnet.address >> 8U & 255U,
                     subnet.address & 255U, subnet.prefix);
}

std::optional<Subnet> subnet_from(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto address = address_from(text.substr(0, slash));
  const auto prefix = parse_int(text.substr(slash + 1));
  if (!address || !prefix || *prefix < 0 || *prefix > kBits) return {};
  return Subnet{*address, static_cast<int>(*prefix)};
}

Result<Subnet> overlay_subnet(std::string_view what, const std::string& text) {
  constexpr int kShortest = 8;
  constexpr int kLongest = 24;
  const auto subnet = subnet_from(text);
  if (!subnet)
    return usage_error("{} «{}» is no IPv4 subnet: expected one like 10.211.0.0/16", what, clean_line(text, 100));
  if (subnet->prefix < kShortest || subnet->prefix > kLongest)
    return usage_error("{} {}: a network of the swarm has /{} to /{} (every task and every node takes an address)",
                       what, text, kShortest, kLongest);
  if ((subnet->address & ~subnet->mask()) != 0)
    return usage_error("{} {} begins within itself: {} is meant", what, text,
                       to_text({subnet->address & subnet->mask(), subnet->prefix}));
  return *subnet;
}

std::vector<TakenSubnet> routes_from(std::string_view proc_net_route, const std::string& where) {
  std::vector<TakenSubnet> routes;
  for (const std::string_view line : lines(proc_net_route)) {
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields.size() < 8) continue;
    const auto address = address_of_kernel(fields[1]);
    const auto mask = address_of_kernel(fields[7]);
    if (!address || !mask || *mask == 0) continue;
    routes.push_back({{*address, std::popcount(*mask)}, fmt::format("the route of {} on {}", fields[0], where)});
  }
  return routes;
}

std::optional<Subnet> free_subnet(const std::vector<Subnet>& taken) {
  constexpr std::uint32_t kTen = 10U << 24U;
  constexpr std::uint32_t kFirst = 211;
  constexpr std::uint32_t kAll = 255;
  for (std::uint32_t step = 0; step < kAll; ++step) {
    const std::uint32_t second = 1 + (kFirst - 1 + step) % kAll;  // 10.0 is Docker's own
    const Subnet one{kTen | second << 16U, 16};
    if (std::none_of(taken.begin(), taken.end(), [&](const Subnet& other) { return one.overlaps(other); })) return one;
  }
  constexpr std::uint32_t k172 = 172U << 24U;
  for (std::uint32_t second = 31; second > 15; --second) {
    const Subnet one{k172 | second << 16U, 16};
    if (std::none_of(taken.begin(), taken.end(), [&](const Subnet& other) { return one.overlaps(other); })) return one;
  }
  return {};
}

}  // namespace simswarm::cluster
