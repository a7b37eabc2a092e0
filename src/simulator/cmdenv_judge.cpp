#include "simulator/cmdenv_judge.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "base/text.h"

namespace simswarm::cmdenv {
namespace {

constexpr std::uint64_t kLongestText = 8 * 1024 * 1024;  // of one output that is searched for stop lines, from its end

// What one run said, from wherever it went.
struct Said {
  std::optional<StopLine> termination;  // the last stop line with a place that is no error
  std::optional<StopLine> error;        // the first error
  bool fingerprint_mismatch = false;
  std::string fingerprint_text;
  bool disk_full = false;
  bool trapped = false;  // debug-on-errors
};

void note_line(std::string_view raw, Said& said) {
  if (raw.starts_with("TRAPPING on the exception above")) said.trapped = true;
  if (raw.find("No space left on device") != std::string_view::npos ||
      raw.find("disk full") != std::string_view::npos) {
    said.disk_full = true;
  }
  auto line = read_stop_line(raw);
  if (!line) return;
  if (line->is_error) {
    const bool points_elsewhere =
        line->text.starts_with("Error -- see ") || (line->text == "Error" && !line->has_place);
    if (!said.error && !points_elsewhere) said.error = std::move(line);
  } else if (line->text.starts_with("Fingerprint mismatch!")) {
    said.fingerprint_mismatch = true;
    said.fingerprint_text = line->text;
  } else if (line->has_place) {
    said.termination = std::move(line);
  }
}

Said listen(std::string_view text) {
  Said said;
  for (const std::string_view line : lines(text)) note_line(line, said);
  return said;
}

std::string text_of(const fs::path& path) {
  return read_tail(path, kLongestText).value_or(std::string());
}

// One run of the batch with everything that can be known of it.
struct Case {
  const ExpectedFiles& expected;
  bool started = false;
  bool last_started = false;
  Said said;
  std::vector<const LeftFile*> files;

  [[nodiscard]] const LeftFile* file(const std::string& path) const {
    const auto found =
        std::find_if(files.begin(), files.end(), [&](const LeftFile* file) { return file->path == path; });
    return found == files.end() ? nullptr : *found;
  }
};

bool ends_with(const fs::path& path, std::string_view ending) {
  return read_tail(path, ending.size()).value_or(std::string()) == ending;
}

bool is_sqlite(const fs::path& path) {
  constexpr std::string_view kMagic = "SQLite format 3";
  FILE* stream = std::fopen(path.c_str(), "rbe");
  if (stream == nullptr) return false;
  std::string head(kMagic.size(), '\0');
  const bool equal = std::fread(head.data(), 1, head.size(), stream) == head.size() && head == kMagic;
  std::fclose(stream);
  return equal;
}

// The first line of an index is «file SIZE MTIME», written when both files are closed.
std::string trouble_with_index(const LeftFile& vectors, const LeftFile* index) {
  if (index == nullptr) return fmt::format("{} has no index: it was not closed", vectors.path);
  FILE* stream = std::fopen(index->source.c_str(), "rbe");
  if (stream == nullptr) return fmt::format("{} cannot be read", index->path);
  std::string head(64, '\0');
  head.resize(std::fread(head.data(), 1, head.size(), stream));
  std::fclose(stream);
  const auto words = split(trim(std::string_view(head).substr(0, head.find('\n'))), ' ');
  if (words.size() < 3 || words[0] != "file") return fmt::format("{} was not closed", index->path);
  if (parse_int(words[1]) != static_cast<std::int64_t>(vectors.size)) {
    return fmt::format("{} has {} bytes, its index says {}", vectors.path, vectors.size, words[1]);
  }
  return {};
}

// Empty when the result files are there, not empty and closed; else what is wrong with them.
std::string trouble_with_files(const Case& run) {
  if (const LeftFile* scalars = run.file(run.expected.scalars)) {
    if (scalars->size == 0) return fmt::format("{} is empty", scalars->path);
    if (!is_sqlite(scalars->source) && !ends_with(scalars->source, "\n")) {
      return fmt::format("{} ends in the middle of a line", scalars->path);
    }
  }
  if (const LeftFile* vectors = run.file(run.expected.vectors)) {
    if (vectors->size == 0) return fmt::format("{} is empty", vectors->path);
    if (!is_sqlite(vectors->source)) return trouble_with_index(*vectors, run.file(run.expected.index));
  }
  for (const LeftFile* file : run.files) {
    if (file->path.ends_with("-journal") && file->size > 0)
      return fmt::format("{} was left: a database was not closed", file->path);
  }
  return {};
}

// After the results are closed an OMNeT++ scalar file ends with an empty line and a vector file's index is headed.
bool files_are_closed(const Case& run) {
  if (!trouble_with_files(run).empty()) return false;
  const LeftFile* scalars = run.file(run.expected.scalars);
  if (scalars != nullptr) return is_sqlite(scalars->source) || ends_with(scalars->source, "\n\n");
  return run.file(run.expected.vectors) != nullptr;
}

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
  if (run.said.termination && files_are_closed(run)) {
    return {Outcome::kTeardownFailed, fmt::format("results are whole; the program then ended by {}", name), place};
  }
  const bool from_outside = signal_number == SIGKILL || signal_number == SIGTERM || signal_number == SIGINT ||
                            signal_number == SIGHUP || signal_number == SIGQUIT;
  return {from_outside ? Outcome::kKilled : Outcome::kCrashed, fmt::format("ended by {}", name), place};
}

// A run that ended in peace as far as its own words go: the files decide.
Verdict from_files(const Case& run) {
  const StopLine& stop = *run.said.termination;
  if (const std::string trouble = trouble_with_files(run); !trouble.empty()) {
    const Outcome outcome = run.said.disk_full ? Outcome::kDiskFull : Outcome::kIncomplete;
    return {outcome, fmt::format("says «{}», but {} (was the disk full?)", stop.text, trouble), stop.place};
  }
  const bool plain = stop.text.starts_with("Simulation time limit reached") ||
                     stop.text.starts_with("No more events") ||
                     stop.text.starts_with("Simulation stopped with endSimulation()");
  const bool nothing = run.file(run.expected.scalars) == nullptr && run.file(run.expected.vectors) == nullptr;
  std::string message = plain ? std::string() : fmt::format("stopped by the model: {}", stop.text);
  if (nothing) message += message.empty() ? "wrote no scalar or vector file" : "; wrote no scalar or vector file";
  return {Outcome::kCompleted, message, stop.place};
}

std::optional<Verdict> from_words(const Case& run) {
  const Said& said = run.said;
  if (said.error && said.error->phase == "network cleanup" && said.termination && files_are_closed(run)) {
    return Verdict{Outcome::kTeardownFailed, fmt::format("results are whole; then: {}", said.error->text),
                   said.error->place};
  }
  if (said.error) return from_error(*said.error, said.disk_full);
  if (said.fingerprint_mismatch) {
    return Verdict{Outcome::kFingerprintMismatch, said.fingerprint_text,
                   said.termination ? said.termination->place : Place{}};
  }
  if (!said.termination) return std::nullopt;
  const StopLine& stop = *said.termination;
  if (stop.text.starts_with("CPU time limit reached") || stop.text.starts_with("Realtime limit reached") ||
      stop.text.starts_with("Real time limit reached")) {
    return Verdict{Outcome::kLimited, fmt::format("cut short: {}", stop.text), stop.place};
  }
  if (stop.text.starts_with("SIGINT or SIGTERM received")) {
    return Verdict{Outcome::kKilled, "ended by SIGINT or SIGTERM from outside", stop.place};
  }
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
  const bool trapped = WIFSIGNALED(status) && run.last_started && run.said.trapped;
  if (!trapped) {
    if (auto verdict = from_words(run)) return *verdict;
  }
  if (WIFSIGNALED(status) && run.last_started) return from_signal(WTERMSIG(status), run);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  if (code > 128 && code < 160 && run.last_started) return from_signal(code - 128, run);  // told by a wrapper script
  return without_words(run, evidence, code_for(run, cases, code));
}

std::vector<Case> cases_of(std::span<const ExpectedFiles> batch) {
  std::vector<Case> cases;
  cases.reserve(batch.size());
  for (const ExpectedFiles& expected : batch) cases.push_back(Case{expected, false, false, {}, {}});
  return cases;
}

// A file belongs to the run that names it, else to the run whose stem it carries, else to the last one that started.
void share_out(std::vector<Case>& cases, const Evidence& evidence) {
  const auto last = std::find_if(cases.rbegin(), cases.rend(), [](const Case& run) { return run.started; });
  for (const LeftFile& file : evidence.files) {
    Case* owner = last == cases.rend() ? &cases.back() : &*last;
    std::size_t best = 0;
    for (Case& run : cases) {
      const ExpectedFiles& names = run.expected;
      const auto is = [&](const std::string& name) { return name == file.path; };
      const std::string stem = names.scalars.substr(0, names.scalars.rfind('.'));
      std::size_t fit = 0;
      if (is(names.scalars) || is(names.vectors) || is(names.index) || is(names.output) || is(names.eventlog)) {
        fit = std::string::npos;
      } else if (file.path.starts_with(stem) &&
                 !(stem.size() < file.path.size() && std::isdigit(file.path[stem.size()]))) {
        fit = stem.size();
      }
      if (fit > best) {
        best = fit;
        owner = &run;
      }
    }
    owner->files.push_back(&file);
  }
}

void hear(std::vector<Case>& cases, const Evidence& evidence) {
  const std::string output = text_of(evidence.output);
  const std::string errors = text_of(evidence.errors);
  const auto sections = sections_of(output, cases.front().expected.run.config);
  for (Case& run : cases) {
    const auto section = std::find_if(sections.begin(), sections.end(), [&](const Section& candidate) {
      return candidate.number == run.expected.run.number;
    });
    run.started = section != sections.end();
    if (!run.started) continue;
    run.last_started = section + 1 == sections.end();
    std::string text(section->text);
    if (run.last_started)
      text += "\n" + errors;  // with more runs than one an error names no run: the last one ended it
    const auto out = std::find_if(evidence.files.begin(), evidence.files.end(),
                                  [&](const LeftFile& file) { return file.path == run.expected.output; });
    if (out != evidence.files.end()) text += "\n" + text_of(out->source);
    run.said = listen(text);
  }
  if (!cases.front().started && sections.empty()) {  // it did not come as far as its first run
    cases.front().started = cases.front().last_started = true;
    cases.front().said = listen(output + "\n" + errors);
  }
}

}  // namespace

std::vector<Judgement> judge(std::span<const ExpectedFiles> batch, const Evidence& evidence) {
  std::vector<Case> cases = cases_of(batch);
  hear(cases, evidence);
  share_out(cases, evidence);
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
  return judgements;
}

}  // namespace simswarm::cmdenv
