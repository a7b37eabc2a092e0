// Tars with any header, also such as no program writes.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simswarm {

struct TarEntry {
  std::string name = {};
  char kind = '0';
  std::string content = {};
  std::string target = {};
  unsigned mode = 0644;
  std::string prefix = {};
  std::string magic = std::string("ustar\00000", 8);
  std::string size = {};                 // as it shall stand in its field; else that of the content
  std::string mtime = "00000000001";     // as well
  std::vector<std::string> before = {};  // blocks that stand before the header, such as pax() makes
};

inline std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512);
  return text;
}

// Puts right the sum that a header holds of itself.
inline void put_sum(std::string& block) {
  block.replace(148, 8, 8, ' ');
  unsigned sum = 0;
  for (const char c : block.substr(0, 512)) sum += static_cast<unsigned char>(c);
  block.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
}

inline std::string header(const TarEntry& entry) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t at, std::size_t most, std::string_view text) {
    block.replace(at, std::min(most, text.size()), text.substr(0, most));
  };
  put(0, 100, entry.name);
  put(100, 7, fmt::format("{:07o}", entry.mode));
  put(108, 7, "0000000");
  put(116, 7, "0000000");
  put(124, 12, entry.size.empty() ? fmt::format("{:011o}", entry.content.size()) : entry.size);
  put(136, 12, entry.mtime);
  block[156] = entry.kind;
  put(157, 100, entry.target);
  put(257, 8, entry.magic);
  put(345, 155, entry.prefix);
  put_sum(block);
  return block;
}

inline std::string tar_entry(const TarEntry& entry) {
  std::string all;
  for (const std::string& block : entry.before) all += block;
  return all + header(entry) + padded(entry.content);
}

// A record of an extended header.
inline std::string record(std::string_view key, std::string_view value) {
  const std::size_t bare = key.size() + value.size() + 3;
  std::size_t length = bare + 1;
  while (std::to_string(length).size() + bare != length) ++length;
  return fmt::format("{} {}={}\n", length, key, value);
}

// An extended header («x»), a global one («g»), or one of GNU's long names («L», «K»).
inline std::string extended(const std::string& body, char kind = 'x') {
  return tar_entry({.name = "extended", .kind = kind, .content = body});
}
inline std::string pax(std::string_view key, std::string_view value) {
  return extended(record(key, value));
}

inline std::string tar_end() {
  std::string blocks(1024, '\0');
  return blocks;
}
inline std::string tar_of(const std::vector<TarEntry>& entries) {
  std::string all;
  for (const TarEntry& entry : entries) all += tar_entry(entry);
  return all + tar_end();
}

inline TarEntry link_to(std::string name, std::string target) {
  return {.name = std::move(name), .kind = '2', .target = std::move(target), .mode = 0777};
}

}  // namespace simswarm
