#include "simulator/cmdenv.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <future>
#include <set>
#include <unordered_map>

#include "base/digest.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "simulator/cmdenv_config.h"
#include "simulator/cmdenv_details.h"
#include "simulator/cmdenv_judge.h"
#include "simulator/cmdenv_many.h"
#include "simulator/cmdenv_once.h"
#include "simulator/cmdenv_paths.h"
#include "simulator/cmdenv_sections.h"
#include "simulator/cmdenv_study.h"
#include "simulator/cmdenv_unroll.h"

namespace simswarm {
namespace {

using cmdenv::ExpectedFiles;
using cmdenv::RunConfig;
using cmdenv::Words;

// Asking for the configuration of every run costs the program 0.2 ms and 2 KB a run; above this number only what
// differs between runs is asked for all.
constexpr std::size_t kMostConfigs = 400;
constexpr std::int64_t kLargeStudy = 5000;  // runs: what unrolling them costs each process is measured

// A run of the study: the entries that the dialect itself looks at, and the digest of all.
struct Known {
  RunConfig config;
  std::string digest;
  bool predictable = true;  // its file names can be told before it starts
};

bool is_true(const RunConfig& config, std::string_view key) {
  const std::string* value = config.entry(key);
  return value != nullptr && *value == "true";
}

class CmdenvDialect final : public cmdenv::OneConfig {
 public:
  CmdenvDialect(CmdenvRequest request, Words words)
      : request_(std::move(request)),
        words_(std::move(words)),
        paths_(request_.working_folder, words_),
        redirects_(cmdenv::redirects_output(words_)) {}

  [[nodiscard]] std::string_view name() const override { return "cmdenv"; }

  Status ask() override {
    asked_ = true;
    return ask_study();
  }
  [[nodiscard]] const cmdenv::Traits& traits() const override { return traits_; }
  [[nodiscard]] bool filter_missed() const override { return filter_missed_; }

  [[nodiscard]] std::vector<std::string> sections() const override {
    const Result<Answer> answer = question({"-q", "sectioninheritance"}, false);
    std::vector<std::string> names;
    if (!answer || answer->exit_code != 0) return names;
    for (const std::string_view line : lines(answer->output)) {
      const std::string_view name = trim(line);
      if (!name.empty()) names.emplace_back(name.starts_with("Config ") ? name.substr(7) : name);
    }
    return names;
  }

  Result<RunList> list_runs() override {
    if (!asked_) SIMSWARM_CHECK(ask());
    asked_ = false;  // a second list is asked anew
    if (traits_.is_parallel) {
      return usage_error(
          "configuration «{}» is a parallel simulation (parallel-simulation = true), which one process cannot run "
          "alone: call it by mpirun, or say --parallel-simulation=false behind the program",
          words_.config);
    }
    SIMSWARM_CHECK(check_names());
    SIMSWARM_CHECK(find_shared_files());
    SIMSWARM_TRY(result_folders_, paths_.result_folders(study_.front().config, redirects_));
    RunList runs;
    runs.reserve(study_.size());
    for (const Known& known : study_) runs.push_back(known.config.run);
    return runs;
  }

  [[nodiscard]] std::vector<std::string> command_line(std::span<const Run> batch) const override {
    std::vector<std::int64_t> numbers;
    for (const Run& run : batch) numbers.push_back(run.number);
    std::vector<std::string> command = cmdenv::batch_words(words_, numbers);
    if (request_.distinct_names && batch.size() == 1) {
      const std::vector<std::string> options = distinct_options(batch.front());
      command.insert(command.end(), options.begin(), options.end());  // the last one wins
    }
    return command;
  }

  // Only what each run says in a file of its own tells which run of a batch failed.
  [[nodiscard]] bool can_batch() const override {
    return redirects_ && !request_.distinct_names && (study_.empty() || study_.front().predictable);
  }
  [[nodiscard]] std::vector<std::vector<std::size_t>> inseparable() const override { return inseparable_; }
  [[nodiscard]] bool wants_own_cores() const override { return traits_.is_real_time; }
  [[nodiscard]] double seconds_to_unroll() const override { return seconds_to_unroll_; }

  [[nodiscard]] std::vector<std::string> remarks() const override {
    std::vector<std::string> remarks;
    if (traits_.is_real_time) {
      remarks.push_back(fmt::format(
          "«{}» keeps pace with real time (scheduler-class = {}): its runs need a core each that is idle else",
          words_.config, traits_.scheduler));
    }
    if (cmdenv::is_worth_a_word(seconds_to_unroll_)) remarks.push_back(cmdenv::split_proposal(unrolling()));
    return remarks;
  }

  [[nodiscard]] std::vector<std::string> expected_files(const Run& run) const override {
    if (!known(run).predictable) return {};
    const ExpectedFiles names = expected(run);
    std::vector<std::string> files{names.scalars, names.vectors, names.index};
    if (redirects_) files.push_back(names.output);
    const auto others = belongs_to_others_.find(run.number);
    if (others != belongs_to_others_.end()) {
      std::erase_if(files, [&](const std::string& file) { return others->second.contains(file); });
    }
    return files;
  }

  [[nodiscard]] std::vector<std::string> result_folders() const override { return result_folders_; }

  [[nodiscard]] std::string status_file(const Run& run) const override {
    if (!redirects_ || !known(run).predictable) return {};
    return expected(run).output;
  }

  [[nodiscard]] bool is_setting_up(std::string_view tail) const override { return cmdenv::is_setting_up(tail); }

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
    for (const fs::path& folder : ned_folders()) sources.trees.emplace_back(folder, "**.ned");
    return sources;
  }

  [[nodiscard]] std::vector<KeyPart> key_parts(const Run& run) const override {
    std::vector<KeyPart> parts{{"dialect", "cmdenv 1"}, {"arguments", shell_line(words_.for_key)}};
    std::vector<std::string> names = request_.environment;
    names.insert(names.end(), {"NEDPATH", "OMNETPP_NED_PATH"});
    for (const std::string& name : names) {
      const Brought* brought = find_brought(request_.brought, name);
      const char* value = brought != nullptr ? brought->value.c_str() : std::getenv(name.c_str());
      // A value may be a secret: what is stored and shown is its digest.
      parts.push_back({"environment " + name, value == nullptr ? "(not set)" : digest_of(value).hex()});
    }
    parts.push_back({"configuration", run.config});
    parts.push_back({"ini", known(run).digest});
    for (const Variable& variable : run.variables) parts.push_back({"$" + variable.name, variable.value});
    parts.push_back({"repetition", std::to_string(run.repetition)});
    parts.push_back({"seed set", run.seed_set});
    if (!request_.run_number_unused) parts.push_back({"run number", std::to_string(run.number)});
    // Without names to look for, a result in another folder could not be told from one in this.
    if (!known(run).predictable) parts.push_back({"result folder", paths_.result_folder(known(run).config)});
    return parts;
  }

 private:
  Result<Answer> question(const std::vector<std::string>& words, bool filtered) const {
    Subprocess subprocess{cmdenv::question_words(words_, words, filtered), request_.working_folder,
                          placed(request_.brought, request_.top), request_.run_as, 600};
    subprocess.is_foreign = true;
    if (!request_.seen_at.empty()) subprocess.seen_at = {request_.top, request_.seen_at};
    return simswarm::run(subprocess);
  }

  // At once: each start of the program costs as much as many a run. In the order of the questions.
  std::vector<Result<Answer>> questions(const std::vector<std::vector<std::string>>& all) const {
    std::vector<std::future<Result<Answer>>> coming;
    for (const std::vector<std::string>& words : all)
      coming.push_back(std::async(std::launch::async, [this, &words] { return question(words, false); }));
    std::vector<Result<Answer>> answers;
    for (auto& one : coming) answers.push_back(one.get());
    return answers;
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
    study_.clear();
    position_.clear();
    belongs_to_others_.clear();
    traits_ = {};
    filter_missed_ = false;
    SIMSWARM_TRY(const Answer answer, question({"-q", "numruns"}, true));
    if (answer.exit_code != 0) return explain_failure(answer);
    const auto count = parse_int(trim(answer.output));
    if (count && *count == 0) return explain_empty();
    SIMSWARM_CHECK(count && static_cast<std::size_t>(*count) > kMostConfigs ? ask_large_study() : ask_configs());
    return study_.empty() ? explain_empty() : Status{};
  }

  Result<std::vector<RunConfig>> ask_for(const std::vector<std::string>& words, bool filtered) {
    SIMSWARM_TRY(const Answer answer, question(words, filtered));
    if (answer.exit_code != 0) return propagate(explain_failure(answer).error());
    return cmdenv::read_study(answer.output, words_.config);
  }

  // «runconfig» of single runs.
  Result<std::vector<RunConfig>> ask_configs_of(const std::vector<const Run*>& runs) {
    std::vector<std::vector<std::string>> all;
    for (const Run* run : runs) all.push_back({"-q", "runconfig", "-r", std::to_string(run->number)});
    std::vector<RunConfig> configs;
    for (const Result<Answer>& answer : questions(all)) {
      if (!answer) return propagate(answer.error());
      if (answer->exit_code != 0) return propagate(explain_failure(*answer).error());
      SIMSWARM_TRY(auto study, cmdenv::read_study(answer->output, words_.config));
      if (study.empty())
        return environment_error("{} says nothing of {}", words_.program, short_name(*runs[configs.size()]));
      configs.push_back(std::move(study.front()));
    }
    return configs;
  }

  // Asked twice for the first run, to see what differs from process to process.
  Status ask_configs() {
    SIMSWARM_TRY(auto study, ask_for({"-q", "runconfig"}, true));
    if (study.empty()) return {};
    SIMSWARM_TRY(const auto again, ask_configs_of({&study.front().run}));
    const cmdenv::ProcessId id = cmdenv::process_id_in(study.front(), again.front());
    for (RunConfig& run : study) remember(std::move(run), id);
    return {};
  }

  // The first run's entries with the details of each filled in, where that gives for the first, a middle and the last
  // run what the program says of them.
  Status ask_large_study() {
    const auto varies = [](const auto& option) { return option.second.find("${") != std::string::npos; };
    if (std::any_of(words_.options.begin(), words_.options.end(), varies)) return ask_configs();
    SIMSWARM_TRY(auto study, ask_for({"-q", "rundetails"}, true));
    if (study.empty()) return {};
    const std::vector<const RunConfig*> some{&study.front(), &study[study.size() / 2], &study.back()};
    SIMSWARM_TRY(const auto asked, ask_configs_of({&some[0]->run, &some[1]->run, &some[2]->run}));
    const cmdenv::Details details(asked.front(), study.front());
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (!cmdenv::is_same_config(details.fill(*some[i]), asked[i])) return ask_configs();
    }
    const cmdenv::ProcessId id = cmdenv::process_id_in(details.fill(study.front()), asked.front());
    for (const RunConfig& run : study) remember(details.fill(run), id);
    return {};
  }

  // Keeps of each run what is looked at later.
  void remember(RunConfig whole, const cmdenv::ProcessId& id) {
    cmdenv::put_back_once(whole, id);
    constexpr std::array<std::string_view, 11> kLookedAt{"result-dir",
                                                         "resultdir-subdivision",
                                                         "output-scalar-file",
                                                         "output-vector-file",
                                                         "eventlog-file",
                                                         "cmdenv-output-file",
                                                         "output-scalar-file-append",
                                                         "output-vector-file-append",
                                                         "record-eventlog",
                                                         "fname-append-host",
                                                         "ned-path"};
    Known known;
    known.digest = cmdenv::digest_of_entries(whole);
    known.predictable = !is_true(whole, "fname-append-host");
    cmdenv::add(traits_, cmdenv::traits_of(whole));
    if (const std::string* seed_set = whole.entry("seed-set")) whole.run.seed_set = *seed_set;
    std::erase_if(whole.entries, [&](const auto& entry) {
      return std::find(kLookedAt.begin(), kLookedAt.end(), entry.first) == kLookedAt.end();
    });
    whole.entries.shrink_to_fit();
    const cmdenv::FileNames names = cmdenv::names_of(whole);
    for (const std::string* name : {&names.scalars, &names.vectors, &names.output}) {
      known.predictable = known.predictable && !cmdenv::is_unpredictable(*name);
    }
    known.config = std::move(whole);
    position_.emplace(known.config.run.number, study_.size());
    study_.push_back(std::move(known));
  }

  Status explain_failure(const Answer& answer) {
    const std::string error = error_in(answer);
    filter_missed_ = !words_.filter.empty() && (error.starts_with("Cannot evaluate run filter: Unknown variable") ||
                                                error.find("is out of range") != std::string::npos);
    if (error != "No such config: " + words_.config) {  // another one may be missing: «extends = Nowhere»
      return usage_error("{} cannot list its runs: {}{}", words_.program, error, near_variable(error));
    }
    std::vector<std::string> configs;
    for (const cmdenv::Section& section : sections_of_files()) configs.push_back(section.name);
    std::vector<std::string> near = near_misses(words_.config, configs);
    const bool guess = !near.empty();
    if (!guess) near = configs;
    return usage_error("there is no configuration «{}» in {}; {} {}{}", words_.config, join(words_.ini_files, ", "),
                       guess ? "did you mean" : "there are", near.empty() ? "none" : join(near, ", "),
                       guess ? "?" : "");
  }

  // The program's own list ends at the first broken one.
  [[nodiscard]] std::vector<cmdenv::Section> sections_of_files() const {
    std::vector<fs::path> files;
    for (const std::string& file : words_.ini_files) files.push_back(absolute_from(request_.working_folder, file));
    return cmdenv::sections_in(files);
  }

  // «Unknown variable $laod» deserves a guess.
  [[nodiscard]] std::string near_variable(const std::string& error) const {
    constexpr std::string_view kUnknown = "Unknown variable $";
    const auto at = error.find(kUnknown);
    if (at == std::string::npos) return {};
    const Result<Answer> answer = question({"-q", "runs"}, false);
    const auto study = cmdenv::read_study(answer ? answer->output : std::string(), words_.config);
    if (!study || study->empty()) return {};
    std::vector<std::string> names;
    for (const Variable& variable : study->front().run.variables) names.push_back(variable.name);
    const auto near = near_misses(error.substr(at + kUnknown.size()), names, 1);
    return near.empty() ? fmt::format("; there are {}", join(names, ", "))
                        : fmt::format("; did you mean ${}?", near.front());
  }

  // A filter that matches nothing: says what there is of the variables that it names.
  Status explain_empty() {
    const Result<Answer> answer = question({"-q", "runs"}, false);
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
    filter_missed_ = true;
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

  // A few predicted names against the program's own answer. These questions unroll the study as a run does, those for
  // the configuration do it several times: so they tell what that costs.
  Status check_names() {
    const std::set<std::size_t> some{0, study_.size() / 2, study_.size() - 1};
    const double before = cmdenv::seconds_of_children();
    std::vector<const RunConfig*> asked;
    std::vector<std::vector<std::string>> all;
    for (const std::size_t i : some) {
      const RunConfig& config = study_[i].config;
      if (cmdenv::is_unpredictable(cmdenv::names_of(config).scalars)) continue;
      asked.push_back(&config);
      all.push_back({"-e", "output-scalar-file", "-r", std::to_string(config.run.number)});
    }
    const std::vector<Result<Answer>> answers = questions(all);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) return propagate(answers[i].error());
      if (answers[i]->exit_code != 0) return {};  // before OMNeT++ 6.0 there is no -e
      const std::string ours = cmdenv::names_of(*asked[i]).scalars;
      const std::string told = cmdenv::unquoted(trim(answers[i]->output));
      if (told == ours) continue;
      return environment_error(
          "run {} writes its scalars to «{}» as {} says, not to «{}» as its configuration says: please report this",
          short_name(asked[i]->run), told, words_.program, ours);
    }
    const double spent = cmdenv::seconds_of_children() - before;
    seconds_to_unroll_ = 0;
    if (asked.empty() || !is_large()) return {};
    const double start = cmdenv::seconds_of_children();
    (void)sections();
    const double started = cmdenv::seconds_of_children() - start;
    seconds_to_unroll_ = std::max(0.0, spent / static_cast<double>(asked.size()) - started);
    return {};
  }

  // Runs that a filter leaves out are unrolled all the same.
  [[nodiscard]] bool is_large() const {
    return std::any_of(study_.begin(), study_.end(),
                       [](const Known& known) { return known.config.run.number >= kLargeStudy; });
  }

  [[nodiscard]] cmdenv::Unrolling unrolling() const {
    std::vector<const Run*> runs;
    runs.reserve(study_.size());
    bool by_number = true;
    for (const Known& known : study_) {
      const Run& run = known.config.run;
      runs.push_back(&run);
      by_number = by_number && run.seed_set == std::to_string(run.number);
    }
    // Of a part of the runs one cannot tell the loops.
    const auto loop = words_.filter.empty() ? cmdenv::loop_to_split(runs) : std::nullopt;
    return {words_.config, runs.size(), seconds_to_unroll_, loop, by_number};
  }

  [[nodiscard]] std::vector<cmdenv::Writer> writers() const override {
    std::vector<cmdenv::Writer> writers;
    writers.reserve(study_.size());
    for (const Known& known : study_) {
      const RunConfig& config = known.config;
      writers.push_back({expected(config.run), is_true(config, "output-scalar-file-append"),
                         is_true(config, "output-vector-file-append"), redirects_, is_true(config, "record-eventlog"),
                         is_true(config, "fname-append-host")});
    }
    return writers;
  }

  Status find_shared_files() {
    if (request_.distinct_names) return {};
    const std::vector<cmdenv::Writer> writers = this->writers();
    SIMSWARM_TRY(inseparable_, cmdenv::find_shared(writers, request_.shared_files == SharedFiles::kSerial));
    // A shared file is a result of the first run that writes it, and of no other.
    for (const std::vector<std::size_t>& group : inseparable_) {
      std::set<std::string> taken;
      for (const std::size_t run : group) {
        const ExpectedFiles& files = writers[run].files;
        for (const std::string& file : {files.scalars, files.vectors, files.index}) {
          if (!taken.insert(file).second) belongs_to_others_[files.run.number].insert(file);
        }
      }
    }
    return {};
  }

  // Where NED files are looked for: those that are named have to be there.
  [[nodiscard]] std::vector<fs::path> ned_folders() const {
    std::vector<fs::path> folders;
    for (const std::string& folder : words_.ned_path) {
      folders.push_back(absolute_from(request_.working_folder, folder));
    }
    const auto add = [&](std::string_view path) {
      for (const std::string_view part : split(path, path.find(';') == std::string_view::npos ? ':' : ';')) {
        const fs::path folder = absolute_from(request_.working_folder, fs::path(trim(part)));
        if (!trim(part).empty() && fs::is_directory(folder)) folders.push_back(folder);
      }
    };
    for (const char* variable : {"NEDPATH", "OMNETPP_NED_PATH"}) {
      const Brought* brought = find_brought(request_.brought, variable);
      const char* value = std::getenv(variable);
      if (!words_.ned_path.empty()) continue;
      if (brought != nullptr) {
        add(replace_all(brought->value, kTopWord, request_.top.string()));
      } else if (value != nullptr) {
        add(value);
      }
    }
    if (!study_.empty()) {
      if (const std::string* path = study_.front().config.entry("ned-path")) add(cmdenv::unquoted(*path));
    }
    if (folders.empty()) folders.push_back(request_.working_folder);
    return folders;
  }

  [[nodiscard]] const Known& known(const Run& run) const {
    const auto found = position_.find(run.number);
    return study_[found == position_.end() ? 0 : found->second];
  }

  [[nodiscard]] ExpectedFiles expected(const Run& run) const {
    const RunConfig& config = known(run).config;
    cmdenv::FileNames names = cmdenv::names_of(config);
    if (request_.distinct_names) {
      for (std::string* name : {&names.scalars, &names.vectors, &names.index, &names.output, &names.eventlog}) {
        *name = distinct(*name, run);
      }
    }
    ExpectedFiles files = paths_.files_of(config, names);
    files.may_lack_scalars = std::any_of(config.entries.begin(), config.entries.end(), [](const auto& entry) {
      const bool recording = entry.first.ends_with("scalar-recording") || entry.first.ends_with("param-recording");
      return recording && entry.second == "false";
    });
    return files;
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
    std::vector<std::string> options{"--output-scalar-file=" + names.scalars, "--output-vector-file=" + names.vectors,
                                     "--cmdenv-output-file=" + names.output};
    if (is_true(known(run).config, "record-eventlog")) options.push_back("--eventlog-file=" + names.eventlog);
    return options;
  }

  CmdenvRequest request_;
  Words words_;
  cmdenv::Paths paths_;
  bool redirects_ = true;
  bool asked_ = false;  // and not listed since
  bool filter_missed_ = false;
  cmdenv::Traits traits_;
  double seconds_to_unroll_ = 0;
  std::vector<Known> study_;
  std::unordered_map<std::int64_t, std::size_t> position_;
  std::vector<std::vector<std::size_t>> inseparable_;
  std::unordered_map<std::int64_t, std::set<std::string>> belongs_to_others_;  // by run number
  std::vector<std::string> result_folders_;
};

}  // namespace

std::unique_ptr<cmdenv::OneConfig> cmdenv::make_one_config(CmdenvRequest request, Words words) {
  return std::make_unique<CmdenvDialect>(std::move(request), std::move(words));
}

Result<std::unique_ptr<Dialect>> make_cmdenv_dialect(CmdenvRequest request) {
  SIMSWARM_TRY(Words words, cmdenv::read_words(request.words));
  if (request.all_configs && !words.configs.empty()) {
    return usage_error("--all-configs and -c {} name different things: leave one of them out", words.config);
  }
  if (request.all_configs || words.configs.size() > 1)
    return cmdenv::make_many_configs(std::move(request), std::move(words));
  return cmdenv::make_one_config(std::move(request), std::move(words));
}

}  // namespace simswarm
