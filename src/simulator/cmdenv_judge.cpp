#include "simulator/cmdenv_judge.h"

#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "simulator/cmdenv_files.h"
#include "simulator/cmdenv_said.h"

namespace simswarm::cmdenv {
namespace {

// One run of the batch with everything that can be known of it.
struct Case {
  const ExpectedFiles& expected;
  bool started = false;
  bool last_started = false;
  Said said;
  std::vector<const LeftFile*> files;
  std::vector<const LeftFile*> outputs;  // those of `files` that it wrote its words to
  bool scalars_left = false;             // by this run or another that writes to the same file
};

Verdict from_error(const StopLine& error, bool disk_full) {
  return {disk_full ? Outcome::kDiskFull : Outcome::kModelError,
          error.phase.empty() ? error.text : fmt::format("{} (during {})", error.text, error.phase), error.place};
}

Verdict from_signal(int signal_number, const Case& run) {
  const Place place = run.said.termination ? run.said.termination->place : Place{};
  if (run.said.trapped) {
    const std::string text = run.said.termination ? run.said.termination->text : "an error";
    return {Outcome::kModelError, text + " (debug-on-errors stopped the program)", place};
  }
  const std::string name = fmt::format("signal {} ({})", signal_number, ::strsignal(signal_number));
  if (run.said.termination && files_are_closed(run.expected, run.files)) {
    return {Outcome::kTeardownFailed, fmt::format("results are whole; the program then ended by {}", name), place};
  }
  const bool from_outside = signal_number == SIGKILL || signal_number == SIGTERM || signal_number == SIGINT ||
                            signal_number == SIGHUP || signal_number == SIGQUIT;
  return {from_outside ? Outcome::kKilled : Outcome::kCrashed, fmt::format("ended by {}", name), place};
}

// A run that ended in peace as far as its own words go: the files decide.
Verdict from_files(const Case& run) {
  const StopLine& stop = *run.said.termination;
  if (const std::string trouble = trouble_with_files(run.expected, run.files); !trouble.empty()) {
    const Outcome outcome = run.said.disk_full ? Outcome::kDiskFull : Outcome::kIncomplete;
    return {outcome, fmt::format("says «{}», but {} (was the disk full?)", stop.text, trouble), stop.place};
  }
  const auto has = [&](const std::string& path) {
    return std::any_of(run.files.begin(), run.files.end(), [&](const LeftFile* file) { return file->path == path; });
  };
  if (has(run.expected.vectors) && !run.scalars_left && !run.expected.may_lack_scalars) {
    return {
        Outcome::kIncomplete,
        fmt::format(
            "says «{}» and left {}, but no {}; if the model records no scalars, «**.scalar-recording = false» says so",
            stop.text, run.expected.vectors, run.expected.scalars),
        stop.place};
  }
  const bool plain = stop.text.starts_with("Simulation time limit reached") ||
                     stop.text.starts_with("No more events") ||
                     stop.text.starts_with("Simulation stopped with endSimulation()");
  std::string message = plain ? std::string() : fmt::format("stopped by the model: {}", stop.text);
  if (!has_results(run.expected, run.files)) {
    message += message.empty() ? "wrote no scalar or vector file" : "; wrote no scalar or vector file";
  }
  return {Outcome::kCompleted, message, stop.place};
}

// An error without a place may be an alert of the model; the code decides.
const StopLine* error_of(const Said& said, int code) {
  if (said.error) return &*said.error;
  return said.placeless_error && code != 0 ? &*said.placeless_error : nullptr;
}

std::optional<Verdict> from_words(const Case& run, int code) {
  const Said& said = run.said;
  const StopLine* error = error_of(said, code);
  if (error != nullptr && error->phase == "network cleanup" && said.termination &&
      files_are_closed(run.expected, run.files)) {
    return Verdict{Outcome::kTeardownFailed, fmt::format("results are whole; then: {}", error->text), error->place};
  }
  if (error != nullptr) return from_error(*error, said.disk_full);
  if (said.fingerprint_mismatch) {
    return Verdict{Outcome::kFingerprintMismatch, said.fingerprint_text,
                   said.termination ? said.termination->place : Place{}};
  }
  if (!said.termination) return std::nullopt;
  const StopLine& stop = *said.termination;
  if (is_limit(stop)) return Verdict{Outcome::kLimited, fmt::format("cut short: {}", stop.text), stop.place};
  if (is_interrupt(stop)) return Verdict{Outcome::kKilled, "ended by SIGINT or SIGTERM from outside", stop.place};
  return std::nullopt;
}

std::string last_line(const fs::path& path) {
  const std::string text = read_tail(path, 4096).value_or(std::string());
  std::string_view last;
  for (const std::string_view line : lines(text)) {
    if (!trim(line).empty()) last = trim(line);
  }
  return std::string(last.substr(0, 200));
}

Verdict without_words(const Case& run, const Evidence& evidence, int code) {
  if (run.said.termination && (code == 0 || !run.last_started)) return from_files(run);
  const Place place = run.said.termination ? run.said.termination->place : Place{};
  if (code == 0) return {Outcome::kIncomplete, "exit code 0, but no line that says why the simulation ended", place};
  const std::string last = last_line(evidence.errors);
  return {run.said.disk_full ? Outcome::kDiskFull : Outcome::kModelError,
          fmt::format("exit code {}{}{}", code, last.empty() ? "" : ": ", last), place};
}

// Code 1 of a batch that goes on past errors is told by the run that failed, not by the last one.
int code_for(const Case& run, const std::vector<Case>& cases, int code) {
  const auto failed = [&](const Case& other) {
    return &other != &run && (other.said.error || !other.said.termination) && other.started;
  };
  if (code == 1 && std::any_of(cases.begin(), cases.end(), failed)) return 0;
  return code;
}

Verdict judge_one(const Case& run, const std::vector<Case>& cases, const Evidence& evidence) {
  if (!run.started) return {Outcome::kNotStarted, "the process ended before its turn", {}};
  const int status = evidence.wait_status;
  if (run.last_started && evidence.ended_by_us) {
    const Place place = run.said.termination ? run.said.termination->place : Place{};
    return {*evidence.ended_by_us, {}, place};
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  const int own_code = run.last_started && WIFSIGNALED(status) ? 128 + WTERMSIG(status) : code_for(run, cases, code);
  const bool trapped = WIFSIGNALED(status) && run.last_started && run.said.trapped;
  if (!trapped) {
    if (auto verdict = from_words(run, own_code)) return *verdict;
  }
  if (WIFSIGNALED(status) && run.last_started) return from_signal(WTERMSIG(status), run);
  if (code > 128 && code < 160 && run.last_started) return from_signal(code - 128, run);  // told by a wrapper script
  return without_words(run, evidence, own_code);
}

std::vector<Case> cases_of(std::span<const ExpectedFiles> batch) {
  std::vector<Case> cases;
  cases.reserve(batch.size());
  for (const ExpectedFiles& expected : batch) cases.push_back(Case{expected, false, false, {}, {}, {}, false});
  return cases;
}

std::string stem_of(const std::string& name) {
  return name.substr(0, name.rfind('.'));
}

// How well the file's name fits a run that does not name it: the length of the stem that it carries.
std::size_t fit_of(const std::string& path, const ExpectedFiles& names) {
  std::size_t fit = 0;
  for (const std::string* name : {&names.scalars, &names.vectors, &names.index, &names.output, &names.eventlog}) {
    const std::string stem = stem_of(*name);
    if (stem.empty() || !path.starts_with(stem) || path.size() == stem.size()) continue;
    const char next = path[stem.size()];
    if (next != '/' && std::isdigit(static_cast<unsigned char>(next)) == 0) fit = std::max(fit, stem.size());
  }
  return fit;
}

// Batches may have hundreds of runs with several files each.
using Namers = std::unordered_map<std::string_view, Case*>;

// The first run that has a name for its own.
Namers namers_of(std::vector<Case>& cases) {
  Namers namers;
  for (Case& run : cases) {
    const ExpectedFiles& names = run.expected;
    for (const std::string* name : {&names.scalars, &names.vectors, &names.index, &names.output, &names.eventlog})
      namers.emplace(*name, &run);
  }
  return namers;
}

// The run whose stem the file carries, the longest stem of all; none: null.
Case* best_fit(std::vector<Case>& cases, const std::string& path) {
  Case* owner = nullptr;
  std::size_t best = 0;
  for (Case& run : cases) {
    const std::size_t fit = fit_of(path, run.expected);
    if (fit <= best) continue;
    best = fit;
    owner = &run;
  }
  return owner;
}

// A file belongs to the run that names it, else to the run whose stem it carries, else to the last one that started.
void share_out(std::vector<Case>& cases, const Evidence& evidence) {
  const Namers namers = namers_of(cases);
  std::vector<const LeftFile*> nameless;
  for (const LeftFile& file : evidence.files) {
    const auto namer = namers.find(file.path);
    Case* owner = namer == namers.end() ? best_fit(cases, file.path) : namer->second;
    const bool words = file.path.ends_with(".out") || (owner != nullptr && file.path == owner->expected.output);
    if (owner == nullptr && cases.size() == 1) owner = &cases.front();
    if (owner == nullptr) {
      nameless.push_back(&file);
      continue;
    }
    owner->files.push_back(&file);
    if (words) owner->outputs.push_back(&file);
  }
  const auto last =
      std::find_if(cases.rbegin(), cases.rend(), [](const Case& run) { return run.started || !run.outputs.empty(); });
  Case& owner = last == cases.rend() ? cases.front() : *last;
  owner.files.insert(owner.files.end(), nameless.begin(), nameless.end());
  std::unordered_set<std::string_view> left;
  for (const LeftFile& file : evidence.files) left.insert(file.path);
  for (Case& run : cases) run.scalars_left = left.contains(run.expected.scalars);
}

// The run whose output goes on at this line, when it is the next one of the batch: its header, also behind a model's
// own words that did not end their line.
bool begins_next(std::string_view& line, const Case& next, Said& before) {
  const Run& run = next.expected.run;
  if (run_that_begins(line, run.config) == run.number) return true;
  const auto header = line.find(fmt::format("{} run {}: ", run.config, run.number));
  if (header == std::string_view::npos) return false;
  before.note(line.substr(0, header));
  line.remove_prefix(header);
  return true;
}

// Runs of a batch start in its order, each with a line of its own.
void hear_output(std::vector<Case>& cases, const Evidence& evidence, Said& before_first) {
  std::size_t next = 0;
  Said* said = &before_first;
  each_line(evidence.output, [&](std::string_view line) {
    if (next < cases.size() && begins_next(line, cases[next], *said)) {
      cases[next].started = true;
      said = &cases[next++].said;
    }
    said->note(line);
  });
}

Case& last_started(std::vector<Case>& cases) {
  const auto last = std::find_if(cases.rbegin(), cases.rend(), [](const Case& run) { return run.started; });
  Case& found = last == cases.rend() ? cases.front() : *last;
  found.started = found.last_started = true;
  return found;
}

void hear(std::vector<Case>& cases, const Evidence& evidence) {
  Said before_first;
  hear_output(cases, evidence, before_first);
  const bool any_header = cases.front().started;
  share_out(cases, evidence);
  for (Case& run : cases) {
    run.started = run.started || !run.outputs.empty();  // its output file is made when a run starts
  }
  Case& last = last_started(cases);
  // It did not come as far as its first run, or a wrapper keeps these lines back.
  if (!any_header) last.said = std::move(before_first);
  for (Case& run : cases) {
    for (const LeftFile* file : run.outputs) {
      each_line(file->source, [&](std::string_view line) { run.said.note(line); });
    }
  }
  // With more runs than one an error there names no run: the last one ended it.
  each_line(evidence.errors, [&](std::string_view line) { last.said.note(line); });
}

// Runs that append to one file are all in it, or none counts.
void count_shared(const std::vector<Case>& cases, std::vector<Judgement>& judgements) {
  for (const Case& run : cases) {
    const auto shares = [&](const Case& other) { return other.expected.scalars == run.expected.scalars; };
    const auto wanted = static_cast<std::size_t>(std::count_if(cases.begin(), cases.end(), shares));
    const auto file = std::find_if(run.files.begin(), run.files.end(),
                                   [&](const LeftFile* left) { return left->path == run.expected.scalars; });
    if (wanted < 2 || file == run.files.end()) continue;
    const auto found = runs_in(**file);
    if (!found || *found >= wanted) continue;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      Verdict& verdict = judgements[i].verdict;
      if (!shares(cases[i]) || !is_complete(verdict.outcome)) continue;
      verdict = {Outcome::kIncomplete,
                 fmt::format("{} holds {} of the {} runs that share it", run.expected.scalars, *found, wanted),
                 verdict.place};
    }
  }
}

}  // namespace

std::vector<Judgement> judge(std::span<const ExpectedFiles> batch, const Evidence& evidence) {
  std::vector<Case> cases = cases_of(batch);
  hear(cases, evidence);
  std::vector<Judgement> judgements;
  for (const Case& run : cases) {
    Judgement judgement;
    judgement.verdict = judge_one(run, cases, evidence);
    if (run.said.termination && run.said.termination->place.event) {
      judgement.events = static_cast<std::uint64_t>(*run.said.termination->place.event);
    }
    for (const LeftFile* file : run.files) judgement.files.push_back(file->path);
    judgements.push_back(std::move(judgement));
  }
  count_shared(cases, judgements);
  return judgements;
}

}  // namespace simswarm::cmdenv
