#include "simulator/cmdenv_many.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "simulator/cmdenv_config.h"
#include "simulator/cmdenv_lines.h"
#include "simulator/cmdenv_sections.h"

namespace simswarm::cmdenv {
namespace {

// Names of configurations that have something in common.
struct Group {
  const char* before;  // the names
  const char* behind;
  std::vector<std::string> names = {};
};

class ManyConfigs final : public Dialect {
 public:
  ManyConfigs(CmdenvRequest request, Words words) : request_(std::move(request)), words_(std::move(words)) {}

  [[nodiscard]] std::string_view name() const override { return "cmdenv"; }

  Result<RunList> list_runs() override {
    forget();
    if (request_.all_configs) {
      SIMSWARM_CHECK(take_all());
    } else {
      for (const std::string& config : words_.configs) SIMSWARM_CHECK(take_named(config));
    }
    if (parts_.empty()) return propagate(nothing_left());
    SIMSWARM_CHECK(find_shared_files());
    return RunList(runs_);
  }

  [[nodiscard]] std::vector<std::string> command_line(std::span<const Run> batch) const override {
    return part(batch.front()).command_line(batch);
  }
  [[nodiscard]] bool can_batch() const override {
    return std::all_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->can_batch(); });
  }
  [[nodiscard]] std::vector<std::vector<std::size_t>> inseparable() const override { return inseparable_; }
  [[nodiscard]] bool wants_own_cores() const override {
    return std::any_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->wants_own_cores(); });
  }
  // The mean over all runs.
  [[nodiscard]] double seconds_to_unroll() const override {
    double sum = 0;
    for (const Run& run : runs_) sum += part(run).seconds_to_unroll();
    return runs_.empty() ? 0 : sum / static_cast<double>(runs_.size());
  }

  [[nodiscard]] std::vector<std::string> remarks() const override {
    std::vector<std::string> remarks;
    for (const Group* group : {&abstract_, &without_network_, &emulations_, &parallel_, &missed_}) {
      if (!group->names.empty()) remarks.push_back(group->before + join(group->names, ", ") + group->behind);
    }
    remarks.insert(remarks.end(), broken_.begin(), broken_.end());
    for (const auto& part : parts_) {
      const std::vector<std::string> own = part->remarks();
      remarks.insert(remarks.end(), own.begin(), own.end());
    }
    return remarks;
  }
  [[nodiscard]] std::vector<std::string> broken() const override { return broken_; }

  [[nodiscard]] std::vector<std::string> expected_files(const Run& run) const override {
    return part(run).expected_files(run);
  }
  [[nodiscard]] std::vector<std::string> result_folders() const override {
    std::set<std::string> folders;
    for (const auto& part : parts_) folders.merge(as_set(part->result_folders()));
    return {folders.begin(), folders.end()};
  }
  [[nodiscard]] std::string status_file(const Run& run) const override { return part(run).status_file(run); }
  [[nodiscard]] bool is_setting_up(std::string_view tail) const override { return cmdenv::is_setting_up(tail); }

  [[nodiscard]] std::optional<Progress> read_progress(std::string_view tail) const override {
    return cmdenv::read_progress(tail);
  }
  [[nodiscard]] std::vector<Judgement> judge(std::span<const Run> batch, const Evidence& evidence) const override {
    return part(batch.front()).judge(batch, evidence);
  }

  [[nodiscard]] KeySources key_sources() const override {
    KeySources sources = parts_.front()->key_sources();
    for (const auto& part : parts_) {
      for (auto& tree : part->key_sources().trees) {
        if (std::find(sources.trees.begin(), sources.trees.end(), tree) == sources.trees.end()) {
          sources.trees.push_back(std::move(tree));
        }
      }
    }
    return sources;
  }
  [[nodiscard]] std::vector<KeyPart> key_parts(const Run& run) const override { return part(run).key_parts(run); }

 private:
  void forget() {
    parts_.clear();
    position_.clear();
    runs_.clear();
    inseparable_.clear();
    broken_.clear();
    first_error_.reset();
    for (Group* group : {&abstract_, &without_network_, &emulations_, &parallel_, &missed_}) group->names.clear();
    missed_before_ = fmt::format("the filter -r {} fits no run of ", shell_quoted(words_.filter));
    missed_.before = missed_before_.c_str();
  }

  [[nodiscard]] Result<std::unique_ptr<OneConfig>> config_named(const std::string& name) const {
    SIMSWARM_TRY(Words words, words_for(words_, name));
    return make_one_config(request_, std::move(words));
  }

  [[nodiscard]] const Dialect& part(const Run& run) const {
    const auto found = position_.find(run.config);
    return *parts_[found == position_.end() ? 0 : found->second];
  }

  Status keep(const std::string& name, std::unique_ptr<OneConfig> config) {
    SIMSWARM_TRY(const RunList runs, config->list_runs());
    runs_.insert(runs_.end(), runs.begin(), runs.end());
    position_.emplace(name, parts_.size());
    parts_.push_back(std::move(config));
    return {};
  }

  void note_missed(const std::string& name, const Error& error) {
    missed_.names.push_back(name);
    if (!first_error_) first_error_ = error;
  }

  // One that the user has named: an error in it is an error.
  Status take_named(const std::string& name) {
    SIMSWARM_TRY(auto config, config_named(name));
    const Status asked = config->ask();
    if (!asked && config->filter_missed()) {
      note_missed(name, asked.error());
      return {};
    }
    SIMSWARM_CHECK(asked);
    return keep(name, std::move(config));
  }

  Status take_all() {
    std::vector<fs::path> files;
    for (const std::string& file : words_.ini_files) files.push_back(absolute_from(request_.working_folder, file));
    std::vector<Section> sections = sections_in(files);
    if (sections.empty()) sections.push_back({"General"});  // the program says what is wrong with its files
    for (const Section& section : sections) {
      if (section.is_abstract) {
        abstract_.names.push_back(section.name);
      } else if (section.is_emulation) {
        emulations_.names.push_back(section.name);
      } else {
        SIMSWARM_CHECK(take_if_right(section, sections));
      }
    }
    return {};
  }

  Status take_if_right(const Section& section, const std::vector<Section>& sections) {
    SIMSWARM_TRY(auto config, config_named(section.name));
    if (const Status asked = config->ask(); !asked) {
      // Nothing is known of its runs; whether it has a network the ini files tell.
      if (!has_network(*config, sections)) {
        without_network_.names.push_back(section.name);
      } else if (config->filter_missed()) {
        note_missed(section.name, asked.error());
      } else {
        note_broken(section.name, asked.error());
      }
      return {};
    }
    const Traits& traits = config->traits();
    for (const auto& [left_out, group] : {std::pair<bool, Group*>{traits.is_abstract, &abstract_},
                                          {!traits.has_network, &without_network_},
                                          {traits.is_parallel, &parallel_},
                                          {traits.is_emulation, &emulations_}}) {
      if (!left_out) continue;
      group->names.push_back(section.name);
      return {};
    }
    if (const Status kept = keep(section.name, std::move(config)); !kept) note_broken(section.name, kept.error());
    return {};
  }

  [[nodiscard]] bool has_network(const OneConfig& config, const std::vector<Section>& sections) const {
    if (const std::string* network = words_.option("network")) return !unquoted(*network).empty();
    const std::vector<std::string> chain = config.sections();
    for (const std::string& name : chain) {
      const auto found =
          std::find_if(sections.begin(), sections.end(), [&](const Section& section) { return section.name == name; });
      if (found != sections.end() && found->names_network) return !found->network_is_empty;
    }
    return chain.empty();  // not known: then what is wrong with it is said
  }

  void note_broken(const std::string& name, const Error& error) {
    broken_.push_back(fmt::format("configuration «{}» is broken: {}", name, error.message));
    if (!first_error_) first_error_ = error;
  }

  [[nodiscard]] Error nothing_left() const {
    if (first_error_) return *first_error_;
    std::string reasons;
    for (const std::string& remark : remarks()) reasons += (reasons.empty() ? "" : "; ") + remark;
    return {ExitCode::kUsage,
            fmt::format("{} has no configuration that can be run alone: {}", join(words_.ini_files, ", "), reasons),
            false};
  }

  // Within one configuration its own dialect has looked already.
  Status find_shared_files() {
    if (request_.distinct_names) return {};
    std::vector<Writer> writers;
    writers.reserve(runs_.size());
    for (const auto& part : parts_) {
      std::vector<Writer> own = part->writers();
      std::move(own.begin(), own.end(), std::back_inserter(writers));
    }
    SIMSWARM_TRY(inseparable_, find_shared(writers, request_.shared_files == SharedFiles::kSerial));
    return {};
  }

  static std::set<std::string> as_set(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

  CmdenvRequest request_;
  Words words_;
  std::vector<std::unique_ptr<OneConfig>> parts_;
  std::unordered_map<std::string, std::size_t> position_;  // of a configuration in parts_
  std::vector<Run> runs_;
  std::vector<std::vector<std::size_t>> inseparable_;
  std::vector<std::string> broken_;
  std::optional<Error> first_error_;
  std::string missed_before_;
  Group abstract_{"left out, as they are abstract: ", ""};
  Group without_network_{"left out, as they name no network: ", ""};
  Group emulations_{"left out, as they are emulations, which need devices or programs outside: ", " (-c runs them)"};
  Group parallel_{"left out, as one process cannot run a parallel simulation alone (parallel-simulation = true): ", ""};
  Group missed_{"", ""};
};

}  // namespace

std::unique_ptr<Dialect> make_many_configs(CmdenvRequest request, Words words) {
  return std::make_unique<ManyConfigs>(std::move(request), std::move(words));
}

}  // namespace simswarm::cmdenv
