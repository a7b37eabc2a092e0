#include "settings/settings.h"

#include <utility>

#include "base/text.h"
#include "settings/settings_build.h"
#include "settings/settings_node.h"
#include "settings/settings_reader.h"
#include "settings/shell_words.h"
#include "simulator/command_text.h"

namespace simswarm {
namespace {

using Kind = SettingsNode::Kind;

template <typename Choice, std::size_t size>
Status read_choice(const TableReader& table, std::string_view key,
                   const std::array<std::pair<std::string_view, Choice>, size>& choices, std::optional<Choice>& into) {
  const SettingsNode* value = table.find(key);
  if (value == nullptr) return {};
  for (const auto& [word, choice] : choices) {
    if (value->kind == Kind::kText && value->text == word) into = choice;
  }
  if (!into) return table.wrong(key, *value);
  return {};
}

Status read_count(const TableReader& table, std::string_view key, int least, std::optional<int>& into) {
  std::int64_t number = -1;
  SIMSWARM_CHECK(table.whole(key, least, number));
  if (number >= 0) into = static_cast<int>(number);
  return {};
}

// A number, or a text that `parse` understands.
template <typename Number, typename Parse>
Status read_quantity(const TableReader& table, std::string_view key, const Parse& parse, std::optional<Number>& into) {
  const SettingsNode* value = table.find(key);
  if (value == nullptr) return {};
  if (value->kind == Kind::kText || value->kind == Kind::kWhole || value->kind == Kind::kNumber)
    into = parse(value->text);
  if (!into || *into <= 0) return table.wrong(key, *value);
  return {};
}

template <typename Text>
Status read_text(const TableReader& table, std::string_view key, std::optional<Text>& into) {
  std::string text;
  SIMSWARM_CHECK(table.text(key, text));
  if (!text.empty()) into = text;
  return {};
}

Result<CampaignSettings> read_campaign(const SettingsNode& node, const std::string& file) {
  constexpr std::array<std::pair<std::string_view, ExistingFiles>, 3> existing{
      {{"keep", ExistingFiles::kKeep}, {"refuse", ExistingFiles::kRefuse}, {"replace", ExistingFiles::kReplace}}};
  constexpr std::array<std::pair<std::string_view, LayerChoice>, 3> layers{
      {{"auto", LayerChoice::kAuto}, {"overlay", LayerChoice::kOverlay}, {"links", LayerChoice::kLinks}}};
  const std::array<std::pair<std::string_view, std::string>, 4> containments{
      {{"auto", "auto"}, {"cgroup", "cgroup"}, {"pid-namespace", "pid-namespace"}, {"guardian", "guardian"}}};
  SIMSWARM_TRY(const TableReader table, TableReader::of(node, {file, kCampaignTable, std::string(kCampaignTable)}));
  CampaignSettings campaign;
  SIMSWARM_CHECK(read_count(table, "jobs", 1, campaign.jobs));
  SIMSWARM_CHECK(read_quantity(table, "timeout", parse_duration, campaign.timeout_seconds));
  SIMSWARM_CHECK(read_quantity(table, "memory", parse_bytes, campaign.memory_bytes));
  SIMSWARM_CHECK(read_quantity(table, "stall", parse_duration, campaign.stall_seconds));
  SIMSWARM_CHECK(read_quantity(table, "max_output", parse_bytes, campaign.max_output_bytes));
  SIMSWARM_CHECK(read_quantity(table, "min_free", parse_bytes, campaign.min_free_bytes));
  SIMSWARM_CHECK(read_count(table, "cores_per_run", 1, campaign.cores_per_run));
  SIMSWARM_CHECK(read_count(table, "retries", 0, campaign.retries));
  SIMSWARM_CHECK(read_count(table, "max_failures", 1, campaign.max_failures));
  SIMSWARM_CHECK(read_choice(table, "existing", existing, campaign.existing));
  SIMSWARM_CHECK(read_choice(table, "layer", layers, campaign.layer));
  SIMSWARM_CHECK(read_choice(table, "containment", containments, campaign.containment));
  SIMSWARM_CHECK(read_text(table, "run_as", campaign.run_as));
  SIMSWARM_CHECK(table.texts("inputs", campaign.inputs));
  SIMSWARM_CHECK(table.texts("environment", campaign.environment));
  return campaign;
}

// One text is split like a shell does, without expansion.
Status read_command(const TableReader& table, const SettingsNode& value, std::vector<std::string>& command) {
  if (value.kind == Kind::kText) {
    auto words = split_shell_words(value.text);
    if (!words) return table.error("command", value, words.error().message);
    command = std::move(*words);
  } else {
    SIMSWARM_CHECK(table.texts("command", command));
  }
  if (command.empty()) return table.error("command", value, "it is empty");
  return {};
}

Result<CompanionSettings> read_companion(const SettingsNode& node, const std::string& file) {
  SIMSWARM_TRY(const TableReader table, TableReader::of(node, {file, kCompanionTable, std::string(kCompanionTable)}));
  CompanionSettings companion;
  const SettingsNode* command = table.find("command");
  if (command == nullptr) return usage_error("{}:{}: [companion] has no command", file, node.line);
  SIMSWARM_CHECK(read_command(table, *command, companion.command));
  SIMSWARM_CHECK(read_count(table, "port", 1, companion.port));
  if (companion.port.value_or(1) > 65535) return table.error("port", *table.find("port"), "ports end at 65535");
  SIMSWARM_CHECK(read_quantity(table, "ready", parse_duration, companion.ready_seconds));
  return companion;
}

class SweepReader {
 public:
  SweepReader(TableReader table, std::string name) : table_(std::move(table)) { spec_.name = std::move(name); }

  Result<SweepSpec> run(const SettingsNode& node) {
    SIMSWARM_CHECK(command(node));
    SIMSWARM_CHECK(grid());
    SIMSWARM_CHECK(zip());
    SIMSWARM_CHECK(points());
    SIMSWARM_CHECK(table_.texts("constraints", spec_.constraints, true));
    SIMSWARM_CHECK(table_.whole("repetitions", 1, spec_.repetitions));
    SIMSWARM_CHECK(seeds());
    SIMSWARM_CHECK(table_.text("results", spec_.results));
    SIMSWARM_CHECK(table_.text("stdout", spec_.stdout_file));
    SIMSWARM_CHECK(table_.texts("environment", spec_.environment));
    SIMSWARM_CHECK(table_.text("progress", spec_.progress_pattern));
    SIMSWARM_CHECK(success());
    return std::move(spec_);
  }

 private:
  Status command(const SettingsNode& node) {
    const SettingsNode* value = table_.find("command");
    if (value == nullptr)
      return usage_error("{}:{}: [{}] has no command", table_.place().file, node.line, table_.place().path);
    return read_command(table_, *value, spec_.command);
  }

  Result<std::vector<Parameter>> parameters(std::string_view key, const SettingsNode& node) const {
    if (node.kind != Kind::kTable) return table_.wrong(key, node);
    std::vector<Parameter> parameters;
    for (const auto& [name, value] : node.members) {
      SIMSWARM_TRY(auto values, table_.values(fmt::format("{}.{}", key, name), value));
      parameters.push_back({name, std::move(values)});
    }
    return parameters;
  }

  Status grid() {
    const SettingsNode* value = table_.find("grid");
    if (value == nullptr) return {};
    SIMSWARM_TRY(spec_.grid, parameters("grid", *value));
    return {};
  }

  Status zip() {
    const SettingsNode* value = table_.find("zip");
    if (value == nullptr) return {};
    if (value->kind != Kind::kList && value->kind != Kind::kTable) return table_.wrong("zip", *value);
    const std::vector<SettingsNode> one =
        value->kind == Kind::kTable ? std::vector{*value} : std::vector<SettingsNode>();
    for (const SettingsNode& group : one.empty() ? value->items : one) {
      SIMSWARM_TRY(auto zipped, parameters("zip", group));
      spec_.zipped.push_back(std::move(zipped));
    }
    return {};
  }

  Status points() {
    const SettingsNode* value = table_.find("points");
    if (value == nullptr) return {};
    if (value->kind != Kind::kList) return table_.wrong("points", *value);
    for (const SettingsNode& point : value->items) {
      if (point.kind != Kind::kTable) return table_.wrong("points", point);
      std::vector<Variable> variables;
      for (const auto& [name, member] : point.members) {
        const bool composed = member.kind == Kind::kList || member.kind == Kind::kTable || member.kind == Kind::kDate;
        if (composed) {
          return table_.error("points." + name, member,
                              fmt::format("{} is no value; expected a text or a number", described(member)));
        }
        variables.push_back({name, member.text});
      }
      spec_.points.push_back(std::move(variables));
    }
    return {};
  }

  Status seeds() {
    const SettingsNode* value = table_.find("seeds");
    if (value == nullptr) return {};
    if (value->kind == Kind::kTable) return table_.wrong("seeds", *value);
    SIMSWARM_TRY(spec_.seeds, table_.values("seeds", *value));
    return {};
  }

  Status success() {
    const SettingsNode* value = table_.find("success");
    if (value == nullptr) return {};
    const TablePlace& outer = table_.place();
    SIMSWARM_TRY(const TableReader table,
                 TableReader::of(*value, {outer.file, kSuccessTable, outer.path + ".success"}));
    SIMSWARM_CHECK(table.texts("files", spec_.required_files));
    SIMSWARM_CHECK(table.text("pattern", spec_.success_pattern));
    const SettingsNode* codes = table.find("codes");
    if (codes == nullptr) return {};
    if (codes->kind != Kind::kList) return table.wrong("codes", *codes);
    spec_.success_codes.clear();
    for (const SettingsNode& code : codes->items) {
      const auto number = code.kind == Kind::kWhole ? parse_int(code.text) : std::nullopt;
      if (!number || *number < 0 || *number > 255) {
        return table.error("codes", code, fmt::format("{} is no exit code; they go from 0 to 255", described(code)));
      }
      spec_.success_codes.push_back(static_cast<int>(*number));
    }
    return {};
  }

  TableReader table_;
  SweepSpec spec_;
};

Status read_sweeps(const SettingsNode& node, const std::string& file, std::map<std::string, SweepSpec>& sweeps) {
  if (node.kind != Kind::kTable) {
    return usage_error("{}:{}: sweep is {}; expected tables [sweep.NAME]", file, node.line, described(node));
  }
  for (const auto& [name, value] : node.members) {
    if (value.kind != Kind::kTable) {
      return usage_error("{}:{}: sweep.{} is {}; expected a table [sweep.NAME]", file, value.line, name,
                         described(value));
    }
    SIMSWARM_TRY(TableReader table, TableReader::of(value, {file, kSweepTable, "sweep." + name}));
    SIMSWARM_TRY(SweepSpec spec, SweepReader(std::move(table), name).run(value));
    sweeps.emplace(name, std::move(spec));
  }
  return {};
}

}  // namespace

Result<Settings> parse_settings(std::string_view text, const std::string& file) {
  SIMSWARM_TRY(const SettingsNode root, parse_toml(text, file));
  Settings settings;
  CompanionSettings companion;
  for (const auto& [name, value] : root.members) {
    if (name == "companion") {
      SIMSWARM_TRY(companion, read_companion(value, file));
    } else if (name == "campaign") {
      SIMSWARM_TRY(settings.campaign, read_campaign(value, file));
    } else if (name == "build") {
      SIMSWARM_TRY(settings.build, read_build(value, file));
    } else if (name == "sweep") {
      SIMSWARM_CHECK(read_sweeps(value, file, settings.sweeps));
    } else {
      std::string near = did_you_mean(name, {"build", "campaign", "companion", "sweep"});
      if (near.empty()) near = "; known are [build], [campaign], [companion] and [sweep.NAME]";
      return usage_error("{}:{}: unknown key «{}»{}", file, value.line, name, near);
    }
  }
  settings.campaign.companion = std::move(companion);
  return settings;
}

Result<Settings> read_settings(const fs::path& file) {
  SIMSWARM_TRY(const std::string text, read_file(file));
  return parse_settings(text, file.string());
}

}  // namespace simswarm
