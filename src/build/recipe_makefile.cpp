#include "build/recipe_makefile.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::build {
namespace {

constexpr std::size_t kHead = 4096;  // bytes in which opp_makemake names itself

// The targets of a rule; empty for what is none.
std::string_view targets_of(std::string_view line) {
  const auto colon = line.find(':');
  if (line.starts_with('\t') || line.starts_with('#') || colon == std::string_view::npos) return {};
  const std::string_view targets = line.substr(0, colon);
  const bool is_assignment = line.substr(colon).find_first_not_of(':') != std::string_view::npos &&
                             line[line.find_first_not_of(':', colon)] == '=';
  return is_assignment || targets.find('=') != std::string_view::npos ? std::string_view() : targets;
}

}  // namespace

std::string makefile_in(const SourceTree& tree, const std::string& folder) {
  for (const std::string_view name : {"GNUmakefile", "makefile", "Makefile"}) {
    std::string file = joined(folder, name);
    if (tree.has(file)) return file;
  }
  return {};
}

bool has_target(std::string_view makefile, std::string_view target) {
  for (const std::string_view line : lines(makefile)) {
    for (const std::string_view word : split(targets_of(line), ' ')) {
      if (trim(word) == target) return true;
    }
  }
  return false;
}

bool is_generated(std::string_view makefile) {
  const auto head = lines(makefile.substr(0, kHead));
  return std::any_of(head.begin(), head.end(), [](std::string_view line) {
    return line.starts_with('#') && line.find("opp_makemake ") != std::string_view::npos;
  });
}

std::map<std::string, std::string> project_variables(std::string_view makefile) {
  std::map<std::string, std::string> variables;
  for (const std::string_view line : lines(makefile)) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('\t') || line.starts_with('#')) continue;
    const std::string_view name = trim(line.substr(0, equals));
    if (name.ends_with("_PROJ") && name.find(' ') == std::string_view::npos)
      variables.emplace(name, trim(line.substr(equals + 1)));
  }
  return variables;
}

}  // namespace simswarm::build
