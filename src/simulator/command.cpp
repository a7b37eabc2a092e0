#include "simulator/command.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <unordered_set>

#include "base/text.h"
#include "simulator/command_judge.h"
#include "simulator/command_program.h"
#include "simulator/command_study.h"

namespace simswarm {
namespace {

std::string joined_numbers(const std::vector<int>& numbers) {
  std::vector<std::string> words;
  for (const int number : numbers) words.push_back(std::to_string(number));
  return join(words, ",");
}

// Values may be secrets, so that the key shows their digests only.
KeyPart environment_part(const std::string& name, const std::vector<Brought>& brought) {
  if (const Brought* one = find_brought(brought, name)) return {"environment " + name, digest_of(one->value).hex()};
  const char* value = std::getenv(name.c_str());
  return {"environment " + name, value == nullptr ? "not set" : digest_of(value).hex()};
}

// Asks the same thing seldom twice; what it holds stays small, whatever the number of points.
class Seen {
 public:
  bool is_new(const std::string& text) {
    constexpr std::size_t kMost = 50'000;
    if (texts_.size() >= kMost) texts_.clear();
    return texts_.insert(text).second;
  }

 private:
  std::unordered_set<std::string> texts_;
};

// Which texts are files. Asking the system for a million names that are not there takes seconds, so that those of the
// folder are read once, unless they are many.
class Files {
 public:
  explicit Files(const fs::path& folder) : folder_(folder) {
    constexpr std::size_t kMost = 100'000;
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      if (names_.size() == kMost) return;
      names_.insert(lower_case(entry->path().filename().string()));
    }
    knows_all_ = !error;
  }

  [[nodiscard]] bool has(const std::string& text) const {
    const bool is_name = text.find('/') == std::string::npos;
    if (text.empty() || (is_name && knows_all_ && !names_.contains(lower_case(text)))) return false;
    std::error_code error;
    return fs::is_regular_file(absolute_from(folder_, text), error);
  }

 private:
  // There are folders in which «A» is «a».
  static std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  }

  fs::path folder_;
  std::unordered_set<std::string> names_;
  bool knows_all_ = false;
};

class CommandDialect final : public Dialect {
 public:
  CommandDialect(Study study, fs::path working_folder, std::vector<fs::path> programs)
      : study_(std::move(study)), working_folder_(std::move(working_folder)), programs_(std::move(programs)) {}

  [[nodiscard]] std::string_view name() const override { return "command"; }

  [[nodiscard]] Result<RunList> list_runs() override {
    RunList runs;
    runs.reserve(study_.run_count());
    for (std::uint64_t i = 0; i < study_.run_count(); ++i) runs.push_back(study_.run(i));
    return runs;
  }

  [[nodiscard]] std::vector<std::string> command_line(std::span<const Run> batch) const override {
    return words(batch.front(), Filling::kPlain);
  }
  [[nodiscard]] bool can_batch() const override { return false; }

  [[nodiscard]] std::vector<std::string> expected_files(const Run& run) const override {
    std::vector<std::string> files = study_.required_of(run);
    if (std::string kept = study_.stdout_of(run); !kept.empty()) files.push_back(std::move(kept));
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    return files;
  }
  [[nodiscard]] std::vector<std::string> result_folders() const override { return {study_.results_root()}; }
  [[nodiscard]] std::string run_folder(const Run& run) const override { return study_.folder_of(run); }

  [[nodiscard]] std::string status_file(const Run&) const override { return {}; }
  [[nodiscard]] std::optional<Progress> read_progress(std::string_view tail) const override;

  [[nodiscard]] std::vector<Judgement> judge(std::span<const Run> batch, const Evidence& evidence) const override;

  [[nodiscard]] KeySources key_sources() const override;
  [[nodiscard]] std::vector<KeyPart> key_parts(const Run& run) const override;

 private:
  [[nodiscard]] std::vector<std::string> words(const Run& run, Filling filling) const {
    std::vector<std::string> argv;
    for (const Template& word : study_.command()) argv.push_back(study_.filled(word, run, filling));
    return argv;
  }
  void add_files(const Template& word, const Files& known, std::set<fs::path>& files) const;

  Study study_;
  fs::path working_folder_;
  std::vector<fs::path> programs_;
};

std::optional<Progress> CommandDialect::read_progress(std::string_view tail) const {
  if (study_.progress().empty()) return std::nullopt;
  while (!tail.empty()) {  // the last line first; a carriage return begins a line again
    const auto end = tail.find_last_of("\r\n");
    const std::string_view line = end == std::string_view::npos ? tail : tail.substr(end + 1);
    const auto percentage = parse_double(study_.progress().last_match(line));
    if (percentage && *percentage >= 0 && *percentage <= 100) {
      Progress progress;
      progress.fraction = *percentage / 100;
      return progress;
    }
    tail = tail.substr(0, end == std::string_view::npos ? 0 : end);
  }
  return std::nullopt;
}

std::vector<Judgement> CommandDialect::judge(std::span<const Run> batch, const Evidence& evidence) const {
  const Run& run = batch.front();
  std::vector<LeftFile> files = evidence.files;
  std::optional<Error> not_kept;
  if (const std::string path = study_.stdout_of(run); !path.empty()) {
    const auto size = keep_output(evidence, path);
    if (size) files.push_back({path, evidence.left / path, *size});
    if (!size) not_kept = size.error();
  }
  Judgement judgement;
  judgement.verdict =
      judge_process(evidence, files, {study_.spec().success_codes, study_.success(), study_.required_of(run)});
  if (not_kept && is_complete(judgement.verdict.outcome)) {
    judgement.verdict = {Outcome::kIncomplete, "standard output was not kept: " + not_kept->message, {}};
  }
  for (const LeftFile& file : files) judgement.files.push_back(file.path);
  std::sort(judgement.files.begin(), judgement.files.end());
  return {judgement};
}

// Words that are files, and what follows the first «=» of a word; for each value that a placeholder takes.
void CommandDialect::add_files(const Template& word, const Files& known, std::set<fs::path>& files) const {
  if (word.uses(Slot::kResults) || word.uses(Slot::kRun) || word.uses(Slot::kPoint)) return;
  Seen seen;
  const auto add = [&](const std::string& text) {
    if (known.has(text)) files.insert(absolute_from(working_folder_, text));
  };
  const std::uint64_t count = word.varies() ? study_.run_count() : 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string text = study_.filled(word, study_.run(i), Filling::kPlain);
    if (!seen.is_new(text)) continue;
    add(text);
    if (const auto equals = text.find('='); equals != std::string::npos) add(text.substr(equals + 1));
  }
}

KeySources CommandDialect::key_sources() const {
  std::set<fs::path> files(programs_.begin(), programs_.end());
  const Files known(working_folder_);
  for (auto word = study_.command().begin() + 1; word != study_.command().end(); ++word) add_files(*word, known, files);
  KeySources sources;
  sources.programs = programs_;
  sources.files.assign(files.begin(), files.end());
  return sources;
}

std::vector<KeyPart> CommandDialect::key_parts(const Run& run) const {
  std::vector<KeyPart> parts;
  parts.push_back({"arguments", shell_line(words(run, Filling::kKey))});
  for (const Variable& variable : run.variables) parts.push_back({"variable " + variable.name, variable.value});
  parts.push_back({"repetition", std::to_string(run.repetition)});
  parts.push_back({"seed", run.seed_set});
  for (const std::string& name : study_.spec().environment)
    parts.push_back(environment_part(name, study_.spec().brought));
  const SweepSpec& spec = study_.spec();
  parts.push_back({"success codes", joined_numbers(spec.success_codes)});
  parts.push_back({"success files", shell_line(spec.required_files)});
  parts.push_back({"success pattern", spec.success_pattern});
  parts.push_back({"stdout", spec.stdout_file});
  return parts;
}

// Every program that the first word stands for, interpreters included.
Result<std::vector<fs::path>> programs_of(const Study& study, const fs::path& working_folder) {
  const Template& word = study.command().front();
  if (word.uses(Slot::kResults)) return usage_error("the program «{}» cannot lie in {{results}}", word.text());
  Seen seen;
  std::set<fs::path> programs;
  const std::uint64_t count = word.varies() ? study.run_count() : 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string filled = study.filled(word, study.run(i), Filling::kPlain);
    if (!seen.is_new(filled)) continue;
    SIMSWARM_TRY(const fs::path program, find_program(filled, working_folder));
    if (lies_in(absolute_from(working_folder, study.results_root()), program)) {
      return usage_error("the program «{}» lies in «{}», which is for results only", filled, study.results_root());
    }
    for (fs::path& path : with_interpreter(program, working_folder)) programs.insert(std::move(path));
  }
  return std::vector<fs::path>(programs.begin(), programs.end());
}

Result<std::unique_ptr<Dialect>> make(SweepSpec spec, const fs::path& working_folder) {
  SIMSWARM_TRY(Study study, Study::of(std::move(spec)));
  SIMSWARM_TRY(std::vector<fs::path> programs, programs_of(study, working_folder));
  return std::make_unique<CommandDialect>(std::move(study), working_folder, std::move(programs));
}

}  // namespace

Result<std::unique_ptr<Dialect>> make_command_dialect(SweepSpec spec, const fs::path& working_folder) {
  const std::string name = spec.name;
  auto dialect = make(std::move(spec), working_folder);
  if (!dialect) dialect.error().message.insert(0, fmt::format("sweep «{}»: ", name));
  return dialect;
}

}  // namespace simswarm
