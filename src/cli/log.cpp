// simswarm log: the output of an attempt.
#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "view/runs.h"

namespace simswarm::cli {
namespace {

void print_part(std::string_view title, const std::string& text) {
  if (trim(text).empty()) return;
  print(fmt::format("--- {}\n{}{}", title, text, text.ends_with('\n') ? "" : "\n"));
}

// The program's own output files: among the results, or among what the last failed attempt left.
void print_output_files(const Opened& opened, const view::RunStatus& run, const Attempt& attempt) {
  constexpr std::uint64_t kMost = 4 * 1024 * 1024;
  if (is_complete(attempt.verdict.outcome)) {
    for (const ResultFile& file : run.files) {
      if (!file.path.ends_with(".out")) continue;
      print_part(file.path, read_tail(absolute_from(opened.working_folder, file.path), kMost).value_or(std::string()));
    }
    return;
  }
  if (attempt.number != run.attempts.back().number) return;
  const fs::path folder = opened.state.attempts() / run.planned.key.digest.hex().substr(0, 16);
  std::error_code ignored;
  std::string left;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    if (!entry.is_regular_file()) continue;
    left += fmt::format("{} ({})\n", entry.path().string(), human_bytes(entry.file_size()));
    if (entry.path().extension() != ".out") continue;
    print_part(entry.path().lexically_relative(folder).string(),
               read_tail(entry.path(), kMost).value_or(std::string()));
  }
  print_part("files it left", left);
}

}  // namespace

Result<ExitCode> log(const LogArguments& arguments) {
  SIMSWARM_TRY(const Opened opened, open_ledger(arguments.look));
  SIMSWARM_TRY(const CampaignRecord campaign, find_campaign(*opened.ledger, arguments.look.campaign));
  SIMSWARM_TRY(const auto runs, view::select_runs(*opened.ledger, campaign.id, arguments.run));
  if (runs.size() > 1) {
    return usage_error("«{}» names {} runs, the first are {} and {}: name one", arguments.run, runs.size(),
                       short_name(runs[0].planned.run), short_name(runs[1].planned.run));
  }
  const view::RunStatus& run = runs.front();
  if (run.attempts.empty()) return usage_error("{} has not been run", short_name(run.planned.run));
  const int number = arguments.attempt > 0 ? arguments.attempt : run.attempts.back().number;
  const auto attempt =
      std::find_if(run.attempts.begin(), run.attempts.end(), [&](const Attempt& one) { return one.number == number; });
  if (attempt == run.attempts.end()) {
    return usage_error("{} has no attempt {}; there are {}", short_name(run.planned.run), number, run.attempts.size());
  }
  SIMSWARM_TRY(const auto text, opened.ledger->log_of(run.planned.key, number));
  const std::string place = describe_place(attempt->verdict.place);
  print(fmt::format("{}, attempt {} of {}: {}{}{}\n", long_name(run.planned.run), number, run.attempts.size(),
                    to_text(attempt->verdict.outcome),
                    attempt->verdict.message.empty() ? "" : ": " + attempt->verdict.message,
                    place.empty() ? "" : " [" + place + "]"));
  print(fmt::format("started {}, took {}, exit code {}, peak memory {}\n$ {}\n", to_text(attempt->started),
                    human_duration(attempt->usage.wall_seconds), attempt->exit_code,
                    human_bytes(attempt->usage.peak_memory), shell_line(attempt->command)));
  print_part("standard output", text->output);
  print_part("standard error", text->errors);
  print_output_files(opened, run, *attempt);
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
