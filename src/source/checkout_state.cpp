#include "source/checkout_state.h"

#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>

#include "base/text.h"

namespace simswarm::source {
namespace {

constexpr std::string_view kVersion = "simswarm checkout 1";
constexpr std::string_view kEnd = "end";
constexpr std::size_t kFields = 8;

// «KIND OBJECT DEVICE INODE SIZE MTIME CTIME PATH»
std::optional<TreeFile> parse_file(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (std::size_t i = 0; i + 1 < kFields; ++i) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    fields[i] = line.substr(0, space);
    line.remove_prefix(space + 1);
  }
  std::array<std::int64_t, 5> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = parse_int(fields[i + 2]);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  if (fields[0].size() != 1 || std::string_view("fxl").find(fields[0]) == std::string_view::npos) return std::nullopt;
  return TreeFile{std::string(line), static_cast<Kind>(fields[0][0]), std::string(fields[1]),
                  FileIdentity{static_cast<std::uint64_t>(numbers[0]), static_cast<std::uint64_t>(numbers[1]),
                               static_cast<std::uint64_t>(numbers[2]), numbers[3], numbers[4]}};
}

void append(std::string& text, const TreeFile& file) {
  const FileIdentity& id = file.identity;
  fmt::format_to(std::back_inserter(text), "{} {} {} {} {} {} {} {}", static_cast<char>(file.kind), file.object,
                 static_cast<std::int64_t>(id.device), static_cast<std::int64_t>(id.inode),
                 static_cast<std::int64_t>(id.size), id.mtime_ns, id.ctime_ns, file.path);
  text += '\0';
}

std::optional<Kind> kind_of(std::string_view mode) {
  if (mode == "120000") return Kind::kLink;
  if (mode.size() != 6 || !mode.starts_with("100")) return std::nullopt;
  return (mode[3] - '0') % 2 == 1 ? Kind::kProgram : Kind::kFile;
}

}  // namespace

const TreeFile* find(const TreeFiles& files, std::string_view path) {
  const auto at = std::lower_bound(files.begin(), files.end(), path,
                                   [](const TreeFile& file, std::string_view wanted) { return file.path < wanted; });
  return at != files.end() && at->path == path ? &*at : nullptr;
}

std::optional<CheckoutState> read_state(const fs::path& file) {
  const Result<std::string> text = read_file(file);
  if (!text) return std::nullopt;
  std::vector<std::string_view> parts = split(*text, '\0');
  constexpr std::size_t kHead = 6;
  if (parts.size() < kHead + 2 || parts.front() != kVersion || parts[parts.size() - 2] != kEnd) return std::nullopt;
  CheckoutState state{std::string(parts[1]), std::string(parts[2]),           std::string(parts[3]),
                      std::string(parts[4]), parse_int(parts[5]).value_or(0), {}};
  state.files.reserve(parts.size());
  for (std::size_t i = kHead; i + 2 < parts.size(); ++i) {
    auto parsed = parse_file(parts[i]);
    if (!parsed) return std::nullopt;
    state.files.push_back(std::move(*parsed));
  }
  return state;
}

Status write_state(const fs::path& file, const CheckoutState& state) {
  std::string text;
  for (const std::string& field :
       {std::string(kVersion), state.tree, state.recipe, state.boot, state.owner, std::to_string(state.newest)}) {
    text += field;
    text += '\0';
  }
  for (const TreeFile& each : state.files) append(text, each);
  text += kEnd;
  text += '\0';
  return put_file(file, text);
}

Result<TreeFiles> parse_tree(std::string_view list) {
  TreeFiles files;
  for (const std::string_view line : split(list, '\0')) {
    if (line.empty()) continue;
    const std::size_t tab = line.find('\t');
    const auto words = split(line.substr(0, tab), ' ');
    if (tab == std::string_view::npos || words.size() != 3) return environment_error("git ls-tree says «{}»", line);
    if (words[1] == "commit") continue;
    const auto kind = kind_of(words[0]);
    if (!kind)
      return environment_error("«{}» has the mode {}, which is none of a file", line.substr(tab + 1), words[0]);
    files.push_back({std::string(line.substr(tab + 1)), *kind, std::string(words[2]), {}});
  }
  std::sort(files.begin(), files.end(), [](const TreeFile& a, const TreeFile& b) { return a.path < b.path; });
  return files;
}

Status put_file(const fs::path& file, std::string_view content) {
  const fs::path temporary = file.string() + ".new";
  SIMSWARM_CHECK(write_file(temporary, content));
  if (::rename(temporary.c_str(), file.c_str()) != 0) return system_error(errno, file.string());
  return {};
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace simswarm::source
