#include "simulator/cmdenv.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <unordered_map>

#include "base/subprocess.h"
#include "base/text.h"
#include "simulator/cmdenv_judge.h"
#include "simulator/cmdenv_study.h"
#include "simulator/cmdenv_words.h"

namespace simswarm {
namespace {

using cmdenv::ExpectedFiles;
using cmdenv::RunConfig;
using cmdenv::Words;

// Asking for the configuration of every run costs the program 0.2 ms a run, and unrolling the study for each; above
// this the first run speaks for all where names and digests are concerned.
constexpr std::size_t kMostConfigs = 5000;

class CmdenvDialect final : public Dialect {
 public:
  CmdenvDialect(CmdenvRequest request, Words words) : request_(std::move(request)), words_(std::move(words)) {}

  [[nodiscard]] std::string_view name() const override { return "cmdenv"; }

  Result<std::vector<Run>> list_runs() override {
    SIMSWARM_CHECK(ask_study());
    SIMSWARM_CHECK(check_names());
    SIMSWARM_CHECK(find_shared_files());
    std::vector<Run> runs;
    runs.reserve(study_.size());
    for (const RunConfig& run : study_) runs.push_back(run.run);
    return runs;
  }

  [[nodiscard]] std::vector<std::string> command_line(std::span<const Run> batch) const override {
    std::vector<std::int64_t> numbers;
    for (const Run& run : batch) numbers.push_back(run.number);
    std::vector<std::string> command = cmdenv::batch_words(words_, numbers);
    if (request_.distinct_names && batch.size() == 1) {
      const std::vector<std::string> options = distinct_options(batch.front());
      command.insert(command.begin() + 1, options.begin(), options.end());
    }
    return command;
  }

  [[nodiscard]] bool can_batch() const override { return !request_.distinct_names; }
  [[nodiscard]] std::vector<std::vector<std::size_t>> inseparable() const override { return inseparable_; }

  [[nodiscard]] std::vector<std::string> expected_files(const Run& run) const override {
    const ExpectedFiles names = expected(run);
    return {names.scalars, names.vectors, names.index, names.output};
  }

  [[nodiscard]] std::vector<std::string> result_folders() const override {
    std::set<std::string> folders;
    const RunConfig& first = study_.front();
    const std::string* given = first.entry("result-dir");
    const std::string folder = in_working_folder(given == nullptr ? "results" : cmdenv::unquoted(*given));
    if (!lies_in(absolute_from(request_.working_folder, folder), request_.working_folder)) folders.insert(folder);
    return {folders.begin(), folders.end()};
  }

  [[nodiscard]] std::string status_file(const Run& run) const override {
    const std::string* redirect = words_.option("cmdenv-redirect-output");
    return redirect != nullptr && *redirect != "true" ? std::string() : expected(run).output;
  }

  [[nodiscard]] std::optional<Progress> read_progress(std::string_view tail) const override {
    return cmdenv::read_progress(tail);
  }

  [[nodiscard]] std::vector<Judgement> judge(std::span<const Run> batch, const Evidence& evidence) const override {
    std::vector<ExpectedFiles> names;
    names.reserve(batch.size());
    for (const Run& run : batch) names.push_back(expected(run));
    return cmdenv::judge(names, evidence);
  }

  [[nodiscard]] KeySources key_sources() const override {
    KeySources sources;
    sources.probe_command = cmdenv::question_words(words_, {"-q", "numruns"}, false);
    std::vector<std::string> ned_path = words_.ned_path;
    for (const char* variable : {"NEDPATH", "OMNETPP_NED_PATH"}) {
      const char* value = std::getenv(variable);
      if (value == nullptr || !words_.ned_path.empty()) continue;
      for (const std::string_view part : split(value, ':')) {
        if (!part.empty()) ned_path.emplace_back(part);
      }
    }
    for (const std::string& folder : ned_path) {
      sources.trees.emplace_back(absolute_from(request_.working_folder, folder), "**.ned");
    }
    return sources;
  }

  [[nodiscard]] std::vector<KeyPart> key_parts(const Run& run) const override {
    std::vector<KeyPart> parts{{"dialect", "cmdenv 1"}, {"arguments", shell_line(words_.for_key)}};
    std::vector<std::string> names = request_.environment;
    names.insert(names.end(), {"NEDPATH", "OMNETPP_NED_PATH"});
    for (const std::string& name : names) {
      const char* value = std::getenv(name.c_str());
      parts.push_back({"environment " + name, value == nullptr ? "(not set)" : value});
    }
    parts.push_back({"configuration", run.config});
    parts.push_back({"ini", digest_of_entries(config_of(run))});
    for (const Variable& variable : run.variables) parts.push_back({"$" + variable.name, variable.value});
    parts.push_back({"repetition", std::to_string(run.repetition)});
    parts.push_back({"seed set", run.seed_set});
    if (!request_.run_number_unused) parts.push_back({"run number", std::to_string(run.number)});
    return parts;
  }

 private:
  Result<Answer> ask(const std::vector<std::string>& question, bool filtered) const {
    Subprocess subprocess{
        cmdenv::question_words(words_, question, filtered), request_.working_folder, {}, request_.run_as, 600};
    return simswarm::run(subprocess);
  }

  static std::string error_in(const Answer& answer) {
    for (const std::string* text : {&answer.errors, &answer.output}) {
      for (const std::string_view line : lines(*text)) {
        if (const auto stop = cmdenv::read_stop_line(line); stop && stop->is_error) return stop->text;
      }
    }
    const auto first = lines(answer.errors.empty() ? answer.output : answer.errors);
    return first.empty() ? "no word" : std::string(first.back());
  }

  Status ask_study() {
    SIMSWARM_TRY(Answer answer, ask({"-q", "numruns"}, true));
    if (answer.exit_code != 0) return explain_failure(answer);
    const auto count = parse_int(trim(answer.output));
    if (count && *count == 0) return explain_empty();
    const bool all = count && static_cast<std::size_t>(*count) <= kMostConfigs;
    SIMSWARM_TRY(answer, ask({"-q", all ? "runconfig" : "runs"}, true));
    if (answer.exit_code != 0) return explain_failure(answer);
    SIMSWARM_TRY(study_, cmdenv::read_study(answer.output, words_.config));
    if (study_.empty()) return explain_empty();
    if (!all) SIMSWARM_CHECK(ask_first_config());
    for (std::size_t i = 0; i < study_.size(); ++i) position_.emplace(study_[i].run.number, i);
    return {};
  }

  Status ask_first_config() {
    SIMSWARM_TRY(const Answer answer, ask({"-q", "runconfig", "-r", std::to_string(study_.front().run.number)}, false));
    SIMSWARM_TRY(auto first, cmdenv::read_study(answer.output, words_.config));
    if (!first.empty()) study_.front().entries = std::move(first.front().entries);
    return {};
  }

  Status explain_failure(const Answer& answer) const {
    const std::string error = error_in(answer);
    const Result<Answer> all = ask({"-a"}, false);
    std::vector<std::string> configs;
    const std::string told = all ? all->output : std::string();
    for (const std::string_view line : lines(told)) {
      if (line.starts_with("Config ")) configs.emplace_back(line.substr(7, line.rfind(':') - 7));
    }
    if (error.find("No such config") == std::string::npos)
      return usage_error("{} cannot list its runs: {}", words_.program, error);
    std::vector<std::string> near = near_misses(words_.config, configs);
    const bool guess = !near.empty();
    if (!guess) near = configs;
    return usage_error("there is no configuration «{}» in {}; {} {}{}", words_.config, join(words_.ini_files, ", "),
                       guess ? "did you mean" : "there are", near.empty() ? "none" : join(near, ", "), guess ? "?" : "");
  }

  // A filter that matches nothing: says what there is of the variables that it names.
  Status explain_empty() const {
    const Result<Answer> answer = ask({"-q", "runs"}, false);
    const auto study = cmdenv::read_study(answer ? answer->output : std::string(), words_.config);
    if (!study || study->empty()) return usage_error("configuration «{}» has no runs", words_.config);
    std::vector<std::pair<std::string, std::vector<std::string>>> values;
    for (const RunConfig& run : *study) {
      for (const Variable& variable : run.run.variables) add_value(values, variable);
    }
    std::string there;
    for (const auto& [name, list] : values) {
      if (words_.filter.find("$" + name) == std::string::npos && !there.empty()) continue;
      there += fmt::format(
          "{}${} is {}{}", there.empty() ? "" : "; ", name,
          join({list.begin(), list.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(list.size(), 8))}, ", "),
          list.size() > 8 ? ", …" : "");
    }
    return usage_error("the filter -r {} matches none of the {} runs of «{}»{}{}", shell_quoted(words_.filter),
                       study->size(), words_.config, there.empty() ? "" : ": ", there);
  }

  static void add_value(std::vector<std::pair<std::string, std::vector<std::string>>>& values,
                        const Variable& variable) {
    auto entry =
        std::find_if(values.begin(), values.end(), [&](const auto& pair) { return pair.first == variable.name; });
    if (entry == values.end()) entry = values.insert(values.end(), {variable.name, {}});
    if (std::find(entry->second.begin(), entry->second.end(), variable.value) == entry->second.end()) {
      entry->second.push_back(variable.value);
    }
  }

  // A few predicted names against the program's own answer.
  Status check_names() const {
    const std::set<std::size_t> some{0, study_.size() / 2, study_.size() - 1};
    for (const std::size_t i : some) {
      const RunConfig config{study_[i].run, config_of(study_[i].run).entries};
      SIMSWARM_TRY(const Answer answer,
                   ask({"-e", "output-scalar-file", "-r", std::to_string(config.run.number)}, false));
      if (answer.exit_code != 0) return {};  // before OMNeT++ 6.0 there is no -e
      const std::string told = cmdenv::unquoted(trim(answer.output));
      const std::string ours = cmdenv::names_of(config).scalars;
      if (study_.size() <= kMostConfigs && told != ours) {
        return environment_error(
            "run {} writes its scalars to «{}» as {} says, not to «{}» as its configuration says: please report this",
            short_name(config.run), told, words_.program, ours);
      }
    }
    return {};
  }

  Status find_shared_files() {
    if (request_.distinct_names) return {};
    std::unordered_map<std::string, std::vector<std::size_t>> writers;
    for (std::size_t i = 0; i < study_.size(); ++i) writers[expected(study_[i].run).scalars].push_back(i);
    for (std::size_t i = 0; i < study_.size(); ++i) {
      auto& runs = writers[expected(study_[i].run).scalars];
      if (runs.size() < 2 || runs.front() != i) continue;
      if (request_.shared_files == SharedFiles::kRefuse) return refuse_shared(runs);
      inseparable_.push_back(runs);
    }
    return {};
  }

  Status refuse_shared(const std::vector<std::size_t>& runs) const {
    const Run& first = study_[runs[0]].run;
    const Run& second = study_[runs[1]].run;
    return usage_error(
        "{} and {}{} would write the same file {}: add --distinct-names to give each run a file of its own, or "
        "--shared-files=serial if they append to it in order",
        short_name(first), short_name(second), runs.size() > 2 ? fmt::format(" and {} more runs", runs.size() - 2) : "",
        expected(first).scalars);
  }

  [[nodiscard]] const RunConfig& config_of(const Run& run) const {
    const auto found = position_.find(run.number);
    if (found == position_.end() || study_[found->second].entries.empty()) return study_.front();
    return study_[found->second];
  }

  // As the program resolves it: against the folder of the first ini file; seen from the working folder.
  [[nodiscard]] std::string in_working_folder(const std::string& name) const {
    const fs::path ini_folder =
        absolute_from(request_.working_folder, fs::path(words_.ini_files.front()).parent_path());
    return absolute_from(ini_folder, name).lexically_relative(request_.working_folder).string();
  }

  [[nodiscard]] ExpectedFiles expected(const Run& run) const {
    const RunConfig config{run, config_of(run).entries};
    cmdenv::FileNames names = cmdenv::names_of(config);
    if (request_.distinct_names) {
      names.scalars = distinct(names.scalars, run);
      names.vectors = distinct(names.vectors, run);
      names.index = distinct(names.index, run);
      names.output = distinct(names.output, run);
      names.eventlog = distinct(names.eventlog, run);
    }
    return {run,
            in_working_folder(names.scalars),
            in_working_folder(names.vectors),
            in_working_folder(names.index),
            in_working_folder(names.output),
            in_working_folder(names.eventlog)};
  }

  // «results.sca» becomes «results-Config-a=1-#0-r3.sca»: what tells runs apart, the number for equal values.
  static std::string distinct(const std::string& name, const Run& run) {
    const auto slash = name.rfind('/');
    const auto dot = name.rfind('.');
    const bool has = dot != std::string::npos && (slash == std::string::npos || dot > slash);
    const std::string stem = name.substr(0, has ? dot : name.size());
    const std::string variables = cmdenv::variables_for_name(run);
    return fmt::format("{}-{}{}{}-#{}-r{}{}", stem, run.config, variables.empty() ? "" : "-", variables, run.repetition,
                       run.number, has ? name.substr(dot) : "");
  }

  [[nodiscard]] std::vector<std::string> distinct_options(const Run& run) const {
    const ExpectedFiles names = expected(run);
    return {"--output-scalar-file=" + names.scalars, "--output-vector-file=" + names.vectors,
            "--cmdenv-output-file=" + names.output};
  }

  CmdenvRequest request_;
  Words words_;
  std::vector<RunConfig> study_;
  std::unordered_map<std::int64_t, std::size_t> position_;
  std::vector<std::vector<std::size_t>> inseparable_;
};

}  // namespace

Result<std::unique_ptr<Dialect>> make_cmdenv_dialect(CmdenvRequest request) {
  SIMSWARM_TRY(Words words, cmdenv::read_words(request.words));
  return std::make_unique<CmdenvDialect>(std::move(request), std::move(words));
}

}  // namespace simswarm
