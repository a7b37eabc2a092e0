#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cmdsim {

/// The words of a command line, sorted into short options, `--key=value` and the rest (ini files).
class Arguments {
 public:
  /// Throws SimulationError for an unknown option or a missing value.
  Arguments(int count, char** words);

  bool given(char option) const { return shortOptions_.count(option) != 0; }
  /// The last value of a short option.
  std::optional<std::string> value(char option) const;
  std::vector<std::string> values(char option) const;
  const std::map<std::string, std::string>& longOptions() const { return longOptions_; }
  /// Ini files: those of `-f`, then the bare words.
  std::vector<std::string> iniFiles() const;

 private:
  void takeShort(const std::vector<std::string>& words, size_t& at);
  void takeLong(const std::vector<std::string>& words, size_t& at);

  std::map<char, std::vector<std::string>> shortOptions_;
  std::map<std::string, std::string> longOptions_;
  std::vector<std::string> rest_;
};

}  // namespace cmdsim
