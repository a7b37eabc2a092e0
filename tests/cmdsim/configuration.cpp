#include "configuration.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "expression.h"
#include "text.h"

namespace cmdsim {
namespace {

const std::set<std::string> kPredefined = {
    "runid",       "inifile",     "configname",    "runnumber",      "network",       "experiment",
    "measurement", "replication", "processid",     "datetime",       "datetimef",     "resultdir",
    "repetition",  "seedset",     "iterationvars", "iterationvarsf", "iterationvarsd"};

std::string lastSegment(const std::string& key) {
  return key.substr(key.rfind('.') + 1);
}

bool hasWildcard(const std::string& key) {
  return key.find_first_of("*?{") != std::string::npos;
}

}  // namespace

Configuration::Configuration(IniFile ini, const std::map<std::string, std::string>& commandLine)
    : ini_(std::move(ini)) {
  const std::string here = std::filesystem::current_path().string();
  for (const auto& [key, value] : commandLine) {
    if (value.empty()) throw SimulationError("Missing value for command-line option --" + key);
    commandLine_.push_back({key, value, here});
  }
  for (const Entry& entry : commandLine_) addEntry(entry.key, entry.value, entry.folder);
  const int general = ini_.find("General");
  if (general == -1) return;
  for (const Entry& entry : sections()[static_cast<size_t>(general)].entries) {
    addEntry(entry.key, entry.value, entry.folder);
  }
}

void Configuration::addEntry(const std::string& key, const std::string& value, const std::string& folder) {
  const OptionKind* option = findOption(key);
  entries_.push_back({option != nullptr && option->perObject ? "**." + key : key, value, folder});
}

void Configuration::validate() const {
  for (const Entry& entry : commandLine_) {
    const std::string option = lastSegment(entry.key);
    const bool isParameter = option != entry.key && option.find('-') == std::string::npos;
    if (!isParameter && findOption(option) == nullptr) {
      throw SimulationError("Unknown command-line configuration option --" + entry.key);
    }
  }
  for (const Section& section : sections()) {
    if (section.name.find(' ') != std::string::npos) {
      throw SimulationError("Invalid section name [" + section.name + "]: It may not contain spaces");
    }
    for (const Entry& entry : section.entries) {
      const std::string option = lastSegment(entry.key);
      const OptionKind* known = findOption(option);
      if (option != entry.key || hasWildcard(entry.key)) {
        if (option.find('-') == std::string::npos || (known != nullptr && known->perObject)) continue;
        throw SimulationError("Unknown per-object configuration option '" + option + "' in " + entry.key);
      }
      if (known == nullptr) throw SimulationError("Unknown configuration option: " + entry.key);
      if (known->global && section.name != "General") {
        throw SimulationError("Configuration option " + entry.key + " may only occur in the [General] section");
      }
    }
    chain(section.name);
  }
}

std::vector<std::string> Configuration::chain(const std::string& config) const {
  std::vector<std::string> names;
  for (const int id : chainIds(config)) names.push_back(sections()[static_cast<size_t>(id)].name);
  return names;
}

std::vector<int> Configuration::chainIds(const std::string& config) const {
  const int id = ini_.find(config);
  if (id != -1) return linearize(id, {});
  if (config != "General") throw SimulationError("No such config: " + config);
  return {};
}

std::vector<int> Configuration::bases(int section) const {
  const Section& own = sections()[static_cast<size_t>(section)];
  const int general = ini_.find("General");
  for (const Entry& entry : own.entries) {
    if (entry.key != "extends") continue;
    std::vector<int> ids;
    for (const std::string& name : words(entry.value, ", \t")) {
      const int id = ini_.find(name);
      if (id == -1) throw SimulationError("No such config: " + name);
      ids.push_back(id);
    }
    return ids;
  }
  return section == general || general == -1 ? std::vector<int>() : std::vector<int>{general};
}

/// C3 linearization, as in Python's method resolution.
std::vector<int> Configuration::linearize(int section, std::vector<int> open) const {
  const std::string& name = sections()[static_cast<size_t>(section)].name;
  if (std::find(open.begin(), open.end(), section) != open.end()) {
    throw SimulationError("Cycle detected in section fallback chain at [" + name + "]");
  }
  open.push_back(section);
  std::vector<std::vector<int>> chains;
  const std::vector<int> own = bases(section);
  for (const int base : own) chains.push_back(linearize(base, open));
  chains.push_back(own);
  std::vector<int> result = {section};
  for (;;) {
    chains.erase(std::remove_if(chains.begin(), chains.end(), [](const auto& c) { return c.empty(); }), chains.end());
    if (chains.empty()) return result;
    const auto good = std::find_if(chains.begin(), chains.end(), [&](const std::vector<int>& candidate) {
      return std::none_of(chains.begin(), chains.end(), [&](const std::vector<int>& other) {
        return std::find(other.begin() + 1, other.end(), candidate.front()) != other.end();
      });
    });
    if (good == chains.end()) throw SimulationError("Detected section fallback chain inconsistency at [" + name + "]");
    const int next = good->front();
    result.push_back(next);
    for (auto& c : chains) {
      if (c.front() == next) c.erase(c.begin());
    }
  }
}

std::optional<std::string> Configuration::find(const std::vector<int>& chain, const std::string& key,
                                               Location* where) const {
  for (const Entry& entry : commandLine_) {
    if (entry.key == key) return entry.value;
  }
  for (const int section : chain) {
    const auto& entries = sections()[static_cast<size_t>(section)].entries;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].key != key) continue;
      if (where != nullptr) *where = {section, static_cast<int>(i)};
      return entries[i].value;
    }
  }
  return std::nullopt;
}

std::string Configuration::valueOf(const std::vector<int>& chain, const std::string& key) const {
  return unquote(find(chain, key, nullptr).value_or(""));
}

int Configuration::countRuns(const std::string& config) const {
  UnnamedVariables unnamed;
  try {
    return scenario(chainIds(config), unnamed, false).countRuns();
  } catch (const SimulationError& e) {
    if (ini_.find(config) == -1 && config != "General") throw;
    throw SimulationError("Could not compute number of runs in config " + config + ": " + e.what());
  }
}

std::vector<RunInfo> Configuration::unroll(const std::string& config) const {
  const std::vector<int> chain = chainIds(config);
  UnnamedVariables unnamed;
  Scenario runs = scenario(chain, unnamed, true);
  std::vector<RunInfo> infos;
  for (bool more = runs.restart(); more; more = runs.next()) {
    RunInfo info{runs.text(), variablesOf(config, static_cast<int>(infos.size()), chain, runs, unnamed), ""};
    for (const int id : chain) {
      const auto& entries = sections()[static_cast<size_t>(id)].entries;
      for (size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].value.find("${") == std::string::npos) continue;
        info.expanded += entries[i].key + " = " +
                         substitute(entries[i].value, {id, static_cast<int>(i)}, info.variables, unnamed) + "\n";
      }
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

void Configuration::activate(const std::string& config, int run) {
  const std::vector<int> chain = chainIds(config);
  UnnamedVariables unnamed;
  Scenario runs = scenario(chain, unnamed, true);
  const int count = runs.countRuns();
  if (run < 0 || run >= count) {
    throw SimulationError("Scenario generator: Run number " + std::to_string(run) +
                          " is out of range for configuration '" + config + "': It contains " + std::to_string(count) +
                          " run(s)");
  }
  runs.goTo(run);
  variables_ = variablesOf(config, run, chain, runs, unnamed);
  entries_.clear();
  for (const Entry& e : commandLine_) addEntry(e.key, substitute(e.value, {}, variables_, unnamed), e.folder);
  for (const int id : chain) {
    const auto& entries = sections()[static_cast<size_t>(id)].entries;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].key == "abstract" && id != chain.front()) continue;
      const Location where{id, static_cast<int>(i)};
      addEntry(entries[i].key, substitute(entries[i].value, where, variables_, unnamed), entries[i].folder);
    }
  }
}

const std::string& Configuration::variable(const std::string& name) const {
  static const std::string kEmpty;
  const auto found = variables_.find(name);
  return found == variables_.end() ? kEmpty : found->second;
}

std::vector<std::string> Configuration::iterationNames() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : variables_) {
    if (isNameStart(name[0]) && kPredefined.count(name) == 0) names.push_back(name);
  }
  return names;
}

std::string Configuration::raw(const std::string& option) const {
  for (const Entry& entry : entries_) {
    if (entry.key == option) return entry.value;
  }
  const OptionKind* known = findOption(option);
  if (known == nullptr || known->standard == nullptr) return "";
  return variables_.empty() ? known->standard : substitute(known->standard, {}, variables_, {});
}

std::string Configuration::text(const std::string& option) const {
  return unquote(raw(option));
}

std::string Configuration::file(const std::string& option) const {
  for (const Entry& entry : entries_) {
    if (entry.key == option) return resolve(entry.folder, unquote(entry.value));
  }
  return resolve(ini_.defaultFolder(), text(option));
}

bool Configuration::flag(const std::string& option) const {
  return evaluateBool(raw(option));
}

std::optional<double> Configuration::quantity(const std::string& option) const {
  const std::string value = raw(option);
  if (value.empty()) return std::nullopt;
  return evaluateNumber(value);
}

std::optional<std::string> Configuration::parameter(const std::string& name) const {
  for (const Entry& entry : entries_) {
    if (entry.key.find('.') != std::string::npos && lastSegment(entry.key) == name) return unquote(entry.value);
  }
  return std::nullopt;
}

}  // namespace cmdsim
