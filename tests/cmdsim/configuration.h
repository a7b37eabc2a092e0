#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ini_file.h"
#include "scenario.h"

namespace cmdsim {

using Variables = std::map<std::string, std::string>;

struct RunInfo {
  std::string text;      ///< `$a=1, $repetition=0`
  Variables variables;   ///< iteration and predefined ones
  std::string expanded;  ///< `key = value` lines of the entries with `${}`
};

/// What an option is; nullptr for an unknown name.
struct OptionKind {
  const char* name;
  const char* standard;  ///< default, or nullptr
  char type;             ///< s string, f file name, x other
  bool perObject;
  bool global;
};
const OptionKind* findOption(const std::string& name);

/// Ini files and command line, and one run of a configuration made active.
class Configuration {
 public:
  Configuration(IniFile ini, const std::map<std::string, std::string>& commandLine);

  void validate() const;
  const std::vector<Section>& sections() const { return ini_.sections(); }
  /// Names of the sections a configuration falls back to, itself first. Throws for an unknown one.
  std::vector<std::string> chain(const std::string& config) const;
  int countRuns(const std::string& config) const;
  std::vector<RunInfo> unroll(const std::string& config) const;

  void activate(const std::string& config, int run);
  /// All entries of the active run in the order of precedence, `${}` replaced.
  const std::vector<Entry>& entries() const { return entries_; }
  const std::string& variable(const std::string& name) const;
  /// Names of the iteration variables that have one, sorted.
  std::vector<std::string> iterationNames() const;

  /// The raw value of an option: entry or default, `${}` replaced; empty without both.
  std::string raw(const std::string& option) const;
  std::string text(const std::string& option) const;
  std::string file(const std::string& option) const;
  bool flag(const std::string& option) const;
  /// A number, or nothing when the option is not set.
  std::optional<double> quantity(const std::string& option) const;

  /// The first entry whose last segment is `name`: a parameter of the model.
  std::optional<std::string> parameter(const std::string& name) const;

 private:
  struct Location {
    int section = -1;
    int entry = -1;
  };
  using UnnamedVariables = std::map<std::string, std::string>;

  std::vector<int> chainIds(const std::string& config) const;
  std::vector<int> linearize(int section, std::vector<int> open) const;
  std::vector<int> bases(int section) const;
  std::optional<std::string> find(const std::vector<int>& chain, const std::string& key, Location* where) const;
  std::string valueOf(const std::vector<int>& chain, const std::string& key) const;
  std::vector<IterationVariable> iterationVariables(const std::vector<int>& chain, UnnamedVariables& unnamed) const;
  Scenario scenario(const std::vector<int>& chain, UnnamedVariables& unnamed, bool ordered) const;
  std::string substitute(const std::string& text, Location where, const Variables& variables,
                         const UnnamedVariables& unnamed) const;
  std::string setting(const std::vector<int>& chain, const std::string& key, const Variables& variables,
                      const UnnamedVariables& unnamed) const;
  Variables variablesOf(const std::string& config, int run, const std::vector<int>& chain, const Scenario& scenario,
                        const UnnamedVariables& unnamed) const;
  void addEntry(const std::string& key, const std::string& value, const std::string& folder);

  IniFile ini_;
  std::vector<Entry> commandLine_;
  std::vector<Entry> entries_;
  Variables variables_;
};

}  // namespace cmdsim
