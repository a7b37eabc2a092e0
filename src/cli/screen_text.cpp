// Texts that all screens share.
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "base/text.h"
#include "cli/screen.h"
#include "result/text_table.h"

namespace simswarm::cli {

using campaign::Decision;
using campaign::Final;
using campaign::Plan;
using campaign::Planned;
using campaign::Summary;

namespace {

constexpr std::size_t kMostRows = 40;  // of a table of failures: the rest is counted

std::string plural(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string_view decision_text(Decision decision) {
  switch (decision) {
    case Decision::kRun:
      return "run";
    case Decision::kKnown:
      return "known";
    case Decision::kKnownError:
      return "known error";
    case Decision::kElsewhere:
      return "elsewhere";
  }
  return "?";
}

}  // namespace

// One write where the other side takes it as one: a terminal then never shows half a picture.
void print(std::string_view text) {
  (void)std::fflush(stdout);
  while (!text.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, text.data(), text.size());
    if (put < 0 && errno == EAGAIN) {
      pollfd ready{STDOUT_FILENO, POLLOUT, 0};
      if (::poll(&ready, 1, -1) < 0 && errno != EINTR) return;
    } else if (put < 0 && errno != EINTR) {
      return;
    } else if (put > 0) {
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }
}

bool wants_colour() {
  const char* unwanted = std::getenv("NO_COLOR");
  return stdout_is_terminal() && (unwanted == nullptr || *unwanted == '\0');
}

bool stdout_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

TerminalSize terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

std::string variables_text(const Run& run) {
  std::string text;
  for (const Variable& variable : run.variables) text += fmt::format("{}={}, ", variable.name, variable.value);
  return text + fmt::format("#{}", run.repetition);
}

std::string describe_place(const Place& place) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (!place.simulated_time.empty()) add(fmt::format("t={}s", place.simulated_time));
  if (place.event) add(fmt::format("event #{}", *place.event));
  if (!place.module.empty()) add(fmt::format("in module {}", place.module));
  return text;
}

std::string time_left(double seconds) {
  return seconds < 1 ? "less than 1 s left" : fmt::format("about {} left", human_duration(seconds));
}

std::string describe_failure(const Planned& run, const Attempt& attempt, bool will_retry) {
  const Verdict& verdict = attempt.verdict;
  const std::string place = describe_place(verdict.place);
  std::string_view again;
  if (will_retry) {
    again = " — will be tried again";
  } else if (can_help_to_retry(verdict.outcome)) {
    again = " — trying again may help";
  }
  return fmt::format("{} ({}): {}{}{}{}", short_name(run.run), variables_text(run.run), to_text(verdict.outcome),
                     verdict.message.empty() ? "" : ": " + verdict.message,
                     place.empty() ? "" : fmt::format(" [{}]", place), again);
}

namespace {

// «Study», «Study and 2 more configurations»
std::string configs_text(const Plan& plan) {
  std::set<std::string_view> configs;
  const RunList& runs = plan.runs.runs();
  for (std::size_t i = 0; i < runs.size(); ++i) configs.insert(runs.config(i));
  const std::string& first = runs.config(0);
  return configs.size() == 1 ? first
                             : fmt::format("{} and {}", first, plural(configs.size() - 1, "more configuration"));
}

}  // namespace

std::string plan_line(const Plan& plan) {
  const std::size_t known = plan.runs.count(Decision::kKnown);
  const std::size_t errors = plan.runs.count(Decision::kKnownError);
  const std::size_t rest = plan.runs.size() - known - errors;
  std::string text = fmt::format("{}: {}", configs_text(plan), plural(plan.runs.size(), "run"));
  if (known > 0) text += fmt::format(", {} known and not run again", known);
  if (errors > 0) text += fmt::format(", {} known to fail and not repeated", errors);
  return text + fmt::format(", {} to run", rest);
}

std::string plan_table(const Plan& plan) {
  result::TextTable table({"run", "iteration variables", "what", "why"});
  for (const Planned run : plan.runs) {
    table.add_row({short_name(run.run), variables_text(run.run), std::string(decision_text(run.decision)), run.reason});
  }
  result::TextTable::Style style;
  if (stdout_is_terminal()) style.width = terminal_size().columns;
  return table.render(style) + plan_line(plan) + "\n";
}

namespace {

std::string failures_table(const Plan& plan, const Summary& summary, const ScreenOptions& options) {
  result::TextTable table({"run", "iteration variables", "outcome", "reason"});
  std::size_t left_out = 0;
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const Outcome outcome = summary.finals.outcome(i);
    if (is_complete(outcome)) continue;
    if (!first && outcome != Outcome::kNotStarted) first = i;
    if (table.rows() == kMostRows) {
      ++left_out;
      continue;
    }
    const Final final = summary.finals[i];
    const Run run = plan.runs.run(i);
    const std::string place = describe_place(final.place);
    std::string reason = (final.was_known ? "known: " : "") + final.message;
    if (!place.empty()) reason += fmt::format(" [{}]", place);
    table.add_row({short_name(run), variables_text(run), std::string(to_text(outcome)), reason});
  }
  if (table.rows() == 0) return {};
  result::TextTable::Style style;
  if (stdout_is_terminal()) style.width = terminal_size().columns;
  std::string text = "\nNot complete:\n" + table.render(style);
  if (left_out > 0) text += fmt::format("… and {} more: {} status{}\n", left_out, options.command, options.state);
  if (first) {
    text += fmt::format("See why: {} log{} '{}'\n", options.command, options.state, short_name(plan.runs.run(*first)));
  }
  return text;
}

}  // namespace

namespace {

// What calling the same again does for the runs that are not complete.
std::string what_next(const Summary& summary) {
  std::size_t errors = 0;
  std::size_t others = 0;
  for (std::size_t i = 0; i < summary.finals.size(); ++i) {
    const Outcome outcome = summary.finals.outcome(i);
    if (is_complete(outcome)) continue;
    const bool comes_again = outcome == Outcome::kModelError || outcome == Outcome::kFingerprintMismatch;
    ++(comes_again ? errors : others);
  }
  if (errors + others == 0) return {};
  if (others == 0) {
    return "Errors that would come again are not repeated when the same is called again; --retry-failed tries them all "
           "the same.\n";
  }
  return fmt::format("To go on, call the same again: what is complete is not run again{}.\n",
                     errors == 0 ? "" : ", nor are errors that would come again (but with --retry-failed)");
}

}  // namespace

std::string summary_text(const Plan& plan, const Summary& summary, const ScreenOptions& options) {
  std::string text = failures_table(plan, summary, options);
  text += fmt::format("\n{} of {} complete", summary.complete, plural(summary.total, "run"));
  if (summary.known > 0) text += fmt::format(" ({} known before)", summary.known);
  if (summary.failed > 0) text += fmt::format(", {} failed", summary.failed);
  if (summary.not_run > 0) text += fmt::format(", {} not run", summary.not_run);
  text += fmt::format("; {}, {} of CPU", human_duration(summary.wall_seconds), human_duration(summary.cpu_seconds));
  if (summary.commits.runs > 0) {
    text += fmt::format(", {:.2f} syncs a run",
                        static_cast<double>(summary.commits.syncs) / static_cast<double>(summary.commits.runs));
  }
  text += "\n";
  if (summary.kept > 0) {
    text += fmt::format("{} that differed put aside in {}\n", plural(summary.kept, "older file"),
                        campaign::StateFolder{options.state_folder}
                            .kept(summary.campaign)
                            .lexically_proximate(fs::current_path())
                            .string());
  }
  return text + what_next(summary);
}

}  // namespace simswarm::cli
