#include "archive/name.h"

namespace simswarm::archive {
namespace {

constexpr std::size_t kMostShown = 200;  // bytes

bool continues(std::string_view text, std::size_t at, unsigned from = 0x80, unsigned to = 0xbf) {
  if (at >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= from && byte <= to;
}

// The bytes of the character that the text begins with; 0 when it is none that can be shown.
std::size_t shown_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  if (first == 0xc2) return continues(text, 1, 0xa0) ? 2 : 0;  // without the control characters of Latin-1
  if (first > 0xc2 && first < 0xe0) return continues(text, 1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    const bool second = continues(text, 1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return second && continues(text, 2) ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    const bool second = continues(text, 1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    return second && continues(text, 2) && continues(text, 3) ? 4 : 0;
  }
  return 0;
}

std::string fault_of_name(std::string_view name) {
  if (name.empty()) return "has an empty name in its path";
  if (name == "." || name == "..") return fmt::format("has «{}» in its path", name);
  if (name.size() > kMostName) return fmt::format("has a name of more than {} bytes in its path", kMostName);
  return {};
}

}  // namespace

std::string printable(std::string_view name) {
  std::string shown;
  while (!name.empty()) {
    if (shown.size() >= kMostShown) return shown + "…";
    const std::size_t bytes = shown_bytes(name);
    if (bytes == 0) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(name.front()));
    } else {
      shown += name.substr(0, bytes);
    }
    name.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return shown;
}

tl::unexpected<Error> refused(std::string_view name, std::string_view why) {
  return usage_error("the archive's entry «{}» {}", printable(name), why);
}

std::string_view take_name(std::string_view& path) {
  const std::size_t end = path.find('/');
  const std::string_view name = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  return name;
}

std::string fault_of(std::string_view path) {
  if (path.empty()) return "has no name";
  if (path.size() > kMostPath) return fmt::format("has a path of more than {} bytes", kMostPath);
  if (path.find('\0') != std::string_view::npos) return "has a NUL in its path";
  if (path.front() == '/') return "has an absolute path";
  if (path.back() == '/') return "has an empty name in its path";
  while (!path.empty()) {
    if (std::string fault = fault_of_name(take_name(path)); !fault.empty()) return fault;
  }
  return {};
}

}  // namespace simswarm::archive
