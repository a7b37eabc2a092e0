// simswarm status: what became of the runs of a campaign.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "campaign/remote.h"
#include "cli/campaigns.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "result/text_table.h"
#include "view/runs.h"

namespace simswarm::cli {
namespace {

using view::RunStatus;

std::string last_message(const RunStatus& run) {
  if (run.attempts.empty()) return {};
  const Verdict& verdict = run.attempts.back().verdict;
  if (is_complete(run.outcome) && verdict.message.empty()) return {};  // where it ended is no reason
  const std::string place = describe_place(verdict.place);
  return verdict.message + (place.empty() ? "" : fmt::format(" [{}]", place));
}

std::string row_seconds(const RunStatus& run) {
  return run.attempts.empty() ? "" : human_duration(run.attempts.back().usage.wall_seconds);
}

std::string as_table(const std::vector<RunStatus>& runs, bool all) {
  result::TextTable table({"run", "name", "outcome", "attempts", "time", "reason"});
  for (const RunStatus& run : runs) {
    if (!all && is_complete(run.outcome)) continue;
    table.add_row({short_name(run.planned.run), long_name(run.planned.run), std::string(to_text(run.outcome)),
                   std::to_string(run.attempts.size()), row_seconds(run), last_message(run)});
  }
  result::TextTable::Style style;
  if (stdout_is_terminal()) style.width = terminal_size().columns;
  return table.rows() == 0 ? "" : table.render(style) + "\n";
}

nlohmann::json as_json(const RunStatus& run) {
  nlohmann::json attempts = nlohmann::json::array();
  for (const Attempt& attempt : run.attempts) {
    attempts.push_back({{"number", attempt.number},
                        {"outcome", to_text(attempt.verdict.outcome)},
                        {"message", attempt.verdict.message},
                        {"campaign", attempt.campaign},
                        {"started", to_text(attempt.started)},
                        {"ended", to_text(attempt.ended)},
                        {"exit_code", attempt.exit_code},
                        {"wall_seconds", attempt.usage.wall_seconds},
                        {"peak_memory", attempt.usage.peak_memory},
                        {"host", attempt.host},
                        {"command", attempt.command}});
  }
  nlohmann::json files = nlohmann::json::array();
  for (const ResultFile& file : run.files)
    files.push_back({{"path", file.path}, {"size", file.size}, {"sha256", file.digest.hex()}});
  nlohmann::json variables = nlohmann::json::object();
  for (const Variable& variable : run.planned.run.variables) variables[variable.name] = variable.value;
  return {{"run", short_name(run.planned.run)},
          {"name", long_name(run.planned.run)},
          {"key", run.planned.key.digest.hex()},
          {"variables", variables},
          {"repetition", run.planned.run.repetition},
          {"outcome", to_text(run.outcome)},
          {"complete", is_complete(run.outcome)},
          {"attempts", attempts},
          {"files", files}};
}

// A result whose files are not there is none, whatever the ledger says.
void notice_what_is_gone(const fs::path& working_folder, RunStatus& run) {
  const auto is_gone = [&](const ResultFile& file) {
    return !identify_itself(absolute_from(working_folder, file.path)).has_value();
  };
  if (run.has_result && std::any_of(run.files.begin(), run.files.end(), is_gone)) run.outcome = Outcome::kLost;
}

std::string counts_of(const std::vector<RunStatus>& runs) {
  std::map<Outcome, std::size_t> counts;
  for (const RunStatus& run : runs) ++counts[run.outcome];
  std::vector<std::string> parts;
  for (const auto& [outcome, count] : counts) parts.push_back(fmt::format("{} {}", count, to_text(outcome)));
  return join(parts, ", ");
}

// Results that came out of the store's other attempts, and differ from the accepted ones.
Result<std::vector<std::string>> conflicts_of(Ledger& ledger, const std::string& campaign) {
  SIMSWARM_TRY(const auto memo, ledger.recall(campaign::conflicts_memo(campaign)));
  const std::string text = memo.value_or("");
  std::vector<std::string> found;
  for (const std::string_view line : lines(text)) found.emplace_back(line);
  return found;
}

}  // namespace

Result<ExitCode> status(const StatusArguments& arguments) {
  SIMSWARM_TRY(const Opened opened, open_ledger(arguments.look));
  SIMSWARM_TRY(const CampaignRecord campaign, find_campaign(*opened.ledger, arguments.look.campaign));
  auto selected = arguments.selector.empty() ? view::runs_of_campaign(*opened.ledger, campaign.id)
                                             : view::select_runs(*opened.ledger, campaign.id, arguments.selector);
  SIMSWARM_TRY(std::vector<RunStatus> runs, std::move(selected));
  SIMSWARM_TRY(const std::size_t all_runs, opened.ledger->noted_runs(campaign.id));
  for (RunStatus& run : runs) notice_what_is_gone(opened.working_folder, run);
  const std::string state = state_of(campaign, opened.state);
  SIMSWARM_TRY(const std::vector<std::string> conflicts, conflicts_of(*opened.ledger, campaign.id));
  if (arguments.look.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const RunStatus& run : runs) list.push_back(as_json(run));
    const nlohmann::json all = {{"campaign", campaign.id},
                                {"name", campaign.name},
                                {"state", state},
                                {"started", to_text(campaign.started)},
                                {"command", campaign.command},
                                {"host", campaign.host},
                                {"total", std::max(campaign.planned, all_runs)},
                                {"runs", list},
                                {"conflicts", conflicts}};
    print(all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    print(fmt::format("campaign {} ({}), {}, started {}\n{}\n\n", campaign.name, campaign.id, state,
                      to_text(campaign.started), shell_line(campaign.command)));
    print(as_table(runs, arguments.all || !arguments.selector.empty()));
    print(fmt::format("{} run{}: {}\n", runs.size(), runs.size() == 1 ? "" : "s", counts_of(runs)));
    for (const std::string& conflict : conflicts) print("conflict: " + conflict + "\n");
  }
  const bool complete =
      std::all_of(runs.begin(), runs.end(), [](const RunStatus& run) { return is_complete(run.outcome); });
  const bool shows_all = !arguments.selector.empty() || all_runs >= campaign.planned;
  return complete && shows_all ? ExitCode::kOk : ExitCode::kSomeRunsIncomplete;
}

}  // namespace simswarm::cli
