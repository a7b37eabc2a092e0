#include "source/snapshot_rules.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace simswarm::source {
namespace {

std::string_view name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// The first bytes of a regular file; empty for all else.
std::string beginning_of(const fs::path& file, std::size_t most) {
  std::string text(most, '\0');
  const Fd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  const ssize_t got = opened.valid() ? ::read(opened.get(), text.data(), text.size()) : -1;
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

bool is_product(const fs::path& folder, const std::string& name) {
  constexpr std::string_view kElf = "\177ELF";
  constexpr std::string_view kArchive = "!<arch>\n";
  const std::string_view file = name_of(name);
  if (file.ends_with(".o")) return beginning_of(folder / name, kElf.size()) == kElf;
  if (file.ends_with(".a")) return beginning_of(folder / name, kArchive.size()) == kArchive;
  const bool maybe_program =
      file.find('.') == std::string_view::npos || file.ends_with(".so") || file.find(".so.") != std::string_view::npos;
  return maybe_program && beginning_of(folder / name, kElf.size()) == kElf;
}

// «gcc-release», «clang-debug» and the like: what opp_makemake calls a folder of objects.
bool is_mode_folder(std::string_view name) {
  const bool compiler = name.starts_with("gcc") || name.starts_with("clang") || name.starts_with("vc");
  return compiler && (name.find("release") != std::string_view::npos || name.find("debug") != std::string_view::npos);
}

// Folders that are products as a whole.
std::set<std::string, std::less<>> product_folders(const std::vector<std::string>& names) {
  std::set<std::string, std::less<>> folders;
  for (const std::string& name : names) {
    if (name_of(name) == "CMakeCache.txt") {
      const std::string_view folder = folder_of(name);
      folders.emplace(folder.empty() ? "CMakeFiles" : folder);
    }
    const std::size_t out = name.starts_with("out/") ? 0 : name.find("/out/");
    if (out == std::string::npos) continue;
    const std::size_t mode = name.find("out/", out) + 4;
    const std::size_t end = name.find('/', mode);
    if (end != std::string::npos && is_mode_folder(std::string_view(name).substr(mode, end - mode)))
      folders.emplace(name.substr(0, mode - 1));
  }
  return folders;
}

bool lies_in_any(const std::set<std::string, std::less<>>& folders, std::string_view path) {
  for (std::string_view folder = folder_of(path); !folder.empty(); folder = folder_of(folder)) {
    if (folders.contains(folder)) return true;
  }
  return false;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

bool is_generated_makefile(const fs::path& file) {
  constexpr std::size_t kFirstBytes = 2048;
  constexpr std::size_t kFirstLines = 12;
  const std::string text = lower(beginning_of(file, kFirstBytes));
  bool generated = false;
  bool by_tool = false;
  std::size_t count = 0;
  for (const std::string_view line : lines(text)) {
    if (++count > kFirstLines || (!line.empty() && line.front() != '#')) break;
    generated = generated || line.find("generated") != std::string_view::npos;
    for (const std::string_view tool : {"opp_makemake", "opp_nmakemake", "cmake", "automake", "configure", "qmake"})
      by_tool = by_tool || line.find(tool) != std::string_view::npos;
  }
  return generated && by_tool;
}

bool decides_build(const fs::path& file) {
  const std::string_view name = name_of(file.native());
  if (name == ".oppfeaturestate" || name == ".nedexclusions") return true;
  const bool makefile = name == "Makefile" || name == "makefile" || name == "GNUmakefile" || name == "makefrag";
  std::error_code error;
  return makefile && fs::is_regular_file(fs::symlink_status(file, error)) && !is_generated_makefile(file);
}

std::vector<std::string> without_products(const fs::path& folder, std::vector<std::string> names) {
  const auto folders = product_folders(names);
  std::erase_if(names, [&](const std::string& name) {
    return name == "CMakeCache.txt" || lies_in_any(folders, name) || is_product(folder, name);
  });
  return names;
}

bool has_hidden_state(std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (part.starts_with('.') && (part == ".simswarm" || part == ".svn" || part == ".hg" || lower(part) == ".git"))
      return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

bool selects(const std::string& pattern, std::string_view path) {
  std::string_view of = pattern;
  while (of.ends_with('/')) of.remove_suffix(1);
  if (of.starts_with("./")) of.remove_prefix(2);
  for (; !path.empty(); path = folder_of(path)) {
    if (glob_match(of, path)) return true;
  }
  return false;
}

bool may_select_below(const std::string& pattern, std::string_view folder) {
  std::string_view fixed = pattern;
  if (fixed.starts_with("./")) fixed.remove_prefix(2);
  fixed = fixed.substr(0, std::min(fixed.find_first_of("*?["), fixed.size()));
  const std::size_t common = std::min(fixed.size(), folder.size());
  return fixed.substr(0, common) == folder.substr(0, common);
}

std::string lfs_object_of(std::string_view text) {
  constexpr std::string_view kOid = "oid sha256:";
  constexpr std::size_t kDigits = 64;
  if (text.size() > kMostPointer || !text.starts_with("version https://git-lfs.github.com/spec/")) return "";
  for (const std::string_view line : lines(text)) {
    if (line.starts_with(kOid) && line.size() == kOid.size() + kDigits &&
        line.find_first_not_of("0123456789abcdef", kOid.size()) == std::string_view::npos)
      return std::string(line.substr(kOid.size()));
  }
  return "";
}

}  // namespace simswarm::source
