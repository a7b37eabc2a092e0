// simswarm log: the output of attempts.
#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "view/runs.h"

namespace simswarm::cli {
namespace {

constexpr std::uint64_t kMostOutput = 4 * 1024 * 1024;  // bytes of a file that are shown, its end

void print_part(std::string_view title, const std::string& text) {
  if (trim(text).empty()) return;
  print(fmt::format("--- {}\n{}{}", title, text, text.ends_with('\n') ? "" : "\n"));
}

std::string in_words(const Attempt& attempt) {
  const Verdict& verdict = attempt.verdict;
  const std::string place = describe_place(verdict.place);
  return fmt::format(
      "{}{}{}", to_text(verdict.outcome), verdict.message.empty() ? "" : ": " + verdict.message,
      place.empty() || (is_complete(verdict.outcome) && verdict.message.empty()) ? "" : " [" + place + "]");
}

// The program's own output files among the results. Other attempts have the end of theirs in the ledger.
void print_result_output(const Opened& opened, const view::RunStatus& run) {
  for (const ResultFile& file : run.files) {
    if (!file.path.ends_with(".out")) continue;
    print_part(file.path,
               read_tail(absolute_from(opened.working_folder, file.path), kMostOutput).value_or(std::string()));
  }
}

// What a failed attempt left is kept for the last that left anything; the folder is as old as that attempt.
bool left_in(const fs::path& folder, const view::RunStatus& run, const Attempt& attempt) {
  constexpr std::int64_t kCoarseClock = 20'000'000;  // ns that a file's time may be early
  const auto identity = identify(folder);
  if (!identity) return false;
  const Attempt* owner = nullptr;
  for (const Attempt& one : run.attempts) {
    const auto ended = std::chrono::nanoseconds(one.ended.time_since_epoch()).count();
    if (!is_complete(one.verdict.outcome) && ended <= identity->mtime_ns + kCoarseClock) owner = &one;
  }
  return owner != nullptr && owner->number == attempt.number;
}

void print_left_files(const Opened& opened, const view::RunStatus& run, const Attempt& attempt, bool has_own) {
  const fs::path folder = opened.state.attempts() / run.planned.key.digest.hex().substr(0, 16);
  if (is_complete(attempt.verdict.outcome) || !left_in(folder, run, attempt)) return;
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    if (entry.is_regular_file(ignored)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::string list;
  for (const fs::path& file : files) {
    list += fmt::format("{} ({})\n", file.string(), human_bytes(fs::file_size(file, ignored)));
    if (has_own || file.extension() != ".out") continue;
    print_part(file.lexically_relative(folder).string(), read_tail(file, kMostOutput).value_or(std::string()));
  }
  print_part("files it left", list);
}

Status print_attempt(const Opened& opened, const view::RunStatus& run, const Attempt& attempt) {
  SIMSWARM_TRY(const auto text, opened.ledger->log_of(run.planned.key, attempt.number));
  print(fmt::format("{}, attempt {} of {}: {}\n", long_name(run.planned.run), attempt.number, run.attempts.size(),
                    in_words(attempt)));
  print(fmt::format("started {}, took {}, exit code {}, peak memory {}\n$ {}\n", to_text(attempt.started),
                    human_duration(attempt.usage.wall_seconds), attempt.exit_code,
                    human_bytes(attempt.usage.peak_memory), shell_line(attempt.command)));
  if (text) {
    print_part("standard output", text->output);
    print_part("standard error", text->errors);
    print_part("its own output file", text->own);
  }
  const bool is_result = run.has_result && run.result_attempt == attempt.number;
  if (is_result) print_result_output(opened, run);
  print_left_files(opened, run, attempt, text && !text->own.empty());
  return {};
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
  const int wanted = arguments.attempt > 0 ? arguments.attempt : run.attempts.back().number;
  bool found = false;
  for (const Attempt& attempt : run.attempts) {
    if (!arguments.all && attempt.number != wanted) continue;
    if (found) print("\n");
    found = true;
    SIMSWARM_CHECK(print_attempt(opened, run, attempt));
  }
  if (!found) {
    return usage_error("{} has no attempt {}; there are {}", short_name(run.planned.run), wanted, run.attempts.size());
  }
  if (!arguments.all && run.attempts.size() > 1) {
    std::string others;
    for (const Attempt& attempt : run.attempts) {
      if (attempt.number != wanted) others += fmt::format("attempt {}: {}\n", attempt.number, in_words(attempt));
    }
    print_part("other attempts (--attempt N shows one, --all all)", others);
  }
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
