// simswarm diff: two result folders in canonical form.
#include "result/diff.h"

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/screen.h"

namespace simswarm::cli {
namespace {

std::string as_json(const result::FolderComparison& comparison) {
  nlohmann::json differing = nlohmann::json::array();
  for (const result::Difference& difference : comparison.differing) {
    differing.push_back({{"path", difference.path},
                         {"line_a", difference.line_a},
                         {"line_b", difference.line_b},
                         {"byte", difference.byte},
                         {"entry", difference.entry},
                         {"a", difference.a},
                         {"b", difference.b},
                         {"text", difference.text}});
  }
  const nlohmann::json all = {{"same", comparison.same()},
                              {"equal", comparison.equal},
                              {"differing", differing},
                              {"only_in_a", comparison.only_in_a},
                              {"only_in_b", comparison.only_in_b}};
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string as_text(const result::FolderComparison& comparison, const DiffArguments& arguments) {
  std::string text;
  for (const std::string& path : comparison.only_in_a) text += fmt::format("only in {}: {}\n", arguments.a, path);
  for (const std::string& path : comparison.only_in_b) text += fmt::format("only in {}: {}\n", arguments.b, path);
  for (const result::Difference& difference : comparison.differing) text += difference.text + "\n";
  return text + fmt::format("{} files equal, {} differ, {} in one folder only\n", comparison.equal,
                            comparison.differing.size(), comparison.only_in_a.size() + comparison.only_in_b.size());
}

}  // namespace

Result<ExitCode> diff(const DiffArguments& arguments) {
  for (const std::string& path : {arguments.a, arguments.b}) {
    if (!fs::exists(path)) return environment_error("diff: {} is not there", path);
  }
  if (arguments.all || arguments.json) {
    SIMSWARM_TRY(const auto comparison, result::compare_folders(arguments.a, arguments.b));
    print(arguments.json ? as_json(comparison) : as_text(comparison, arguments));
    return comparison.same() ? ExitCode::kOk : ExitCode::kSomeRunsIncomplete;
  }
  SIMSWARM_TRY(const auto difference, result::first_difference(arguments.a, arguments.b));
  print(difference ? difference->text + "\n" : "the same results\n");
  return difference ? ExitCode::kSomeRunsIncomplete : ExitCode::kOk;
}

}  // namespace simswarm::cli
