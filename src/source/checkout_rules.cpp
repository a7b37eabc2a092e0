#include "source/checkout_rules.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace simswarm::source {
namespace {

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

template <std::size_t kSize>
bool ends_in(std::string_view path, const std::array<std::string_view, kSize>& endings) {
  const std::string_view name = name_of(path);
  const std::size_t dot = name.rfind('.');
  return dot != std::string_view::npos && std::find(endings.begin(), endings.end(), name.substr(dot)) != endings.end();
}

std::string script_change(const Difference& difference) {
  for (const auto* list : {&difference.changed, &difference.added, &difference.removed}) {
    for (const TreeFile* file : *list) {
      if (!is_build_script(file->path)) continue;
      const char* what = list == &difference.changed ? "has changed"
                         : list == &difference.added ? "is new"
                                                     : "has gone";
      return fmt::format("{} {}", file->path, what);
    }
  }
  return {};
}

// make looks at the time of what a link leads to, which may be old: also in a list of files in which the link is new.
std::string link_change(const Difference& difference) {
  for (const TreeFile* file : difference.changed) {
    if (file->kind == Kind::kLink) return fmt::format("the link {} leads elsewhere", file->path);
  }
  for (const TreeFile* file : difference.added) {
    if (file->kind == Kind::kLink) return fmt::format("the link {} is new", file->path);
  }
  return {};
}

// What was linked of it, or generated of a list in which it stood, looks as if it were up to date; what notes of
// dependence name a header that has gone fails.
std::string removal(const Difference& difference) {
  for (const TreeFile* file : difference.removed) {
    if (is_source(file->path) || is_header(file->path) || file->kind == Kind::kLink)
      return fmt::format("{} has gone", file->path);
  }
  return {};
}

std::string new_header(const TreeFiles& now, const Difference& difference,
                       const std::function<std::string(const std::vector<std::string>&)>& mentions) {
  std::map<std::string_view, const TreeFile*> added;
  for (const TreeFile* file : difference.added) {
    if (is_header(file->path)) added.emplace(name_of(file->path), file);
  }
  if (added.empty()) return {};
  for (const TreeFile& file : now) {
    const auto same = added.find(name_of(file.path));
    if (same != added.end() && same->second->path != file.path)
      return fmt::format("{} is new, and {} has the same name", same->second->path, file.path);
  }
  std::vector<std::string> names;
  for (const auto& [name, file] : added) names.emplace_back(name);
  const std::string name = mentions(names);
  return name.empty() ? name : fmt::format("{} is new, and files that have not changed name it", added[name]->path);
}

}  // namespace

Difference difference(const TreeFiles& before, const TreeFiles& now) {
  Difference result;
  auto old = before.begin();
  for (const TreeFile& file : now) {
    for (; old != before.end() && old->path < file.path; ++old) result.removed.push_back(&*old);
    if (old == before.end() || old->path != file.path) {
      result.added.push_back(&file);
      continue;
    }
    if (!old->same_as(file)) result.changed.push_back(&file);
    ++old;
  }
  for (; old != before.end(); ++old) result.removed.push_back(&*old);
  return result;
}

std::string unseen_change(const TreeFiles& now, const Difference& difference,
                          const std::function<std::string(const std::vector<std::string>&)>& mentions) {
  std::string why = script_change(difference);
  if (why.empty()) why = link_change(difference);
  if (why.empty()) why = removal(difference);
  if (why.empty()) why = new_header(now, difference, mentions);
  return why;
}

// CMake looks at its own files, and does what has to be done.
bool is_build_script(std::string_view path) {
  static constexpr std::array<std::string_view, 12> kPatterns{
      "Makefile*",     "makefile",     "GNUmakefile",      "*.mk",     "*.mak", "*.make", "makefrag*", "*.sh",
      ".oppbuildspec", ".oppfeatures", ".oppfeaturestate", "configure"};
  const std::string_view name = name_of(path);
  return name.starts_with("configure.") ||
         std::any_of(kPatterns.begin(), kPatterns.end(),
                     [&](std::string_view pattern) { return glob_match(pattern, name); });
}

bool is_header(std::string_view path) {
  static constexpr std::array<std::string_view, 12> kEndings{".h",   ".hh",  ".hpp", ".hxx", ".h++", ".H",
                                                             ".inc", ".ipp", ".inl", ".tcc", ".tpp", ".def"};
  return ends_in(path, kEndings);
}

bool is_source(std::string_view path) {
  static constexpr std::array<std::string_view, 26> kEndings{
      ".c", ".cc", ".cpp", ".cxx", ".c++", ".C",   ".cppm", ".ixx", ".m",  ".mm", ".s",  ".S",     ".asm",
      ".f", ".F",  ".f90", ".F90", ".cu",  ".msg", ".sm",   ".y",   ".yy", ".l",  ".ll", ".proto", ".in"};
  return ends_in(path, kEndings);
}

bool is_object(std::string_view path) {
  static constexpr std::array<std::string_view, 3> kEndings{".o", ".lo", ".obj"};
  return ends_in(path, kEndings);
}

bool is_note_of_headers(std::string_view path) {
  static constexpr std::array<std::string_view, 5> kEndings{".d", ".Po", ".Plo", ".dep", ".P"};
  return ends_in(path, kEndings);
}

std::string_view stem_of(std::string_view path) {
  const std::string_view name = name_of(path);
  return name.substr(0, name.find('.'));
}

}  // namespace simswarm::source
