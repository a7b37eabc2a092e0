// What the program says of its study, and the names of result files that follow from it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/run.h"

namespace simswarm::cmdenv {

// One run with the entries of its configuration, in order of precedence, iteration variables filled in.
struct RunConfig {
  Run run;
  std::vector<std::pair<std::string, std::string>> entries;

  [[nodiscard]] const std::string* entry(std::string_view key) const;  // the first one wins
};

// Reads the answer to «-q runs» or «-q runconfig»; an error names the line that it cannot read.
[[nodiscard]] Result<std::vector<RunConfig>> read_study(std::string_view answer, const std::string& config);

// «a=1,b=2»: the variable `iterationvarsf` without its trailing «-»; `separator` is «/» for `iterationvarsd`.
[[nodiscard]] std::string variables_for_name(const Run& run, char separator = ',');
// A text as the program encodes it for use in a file name.
[[nodiscard]] std::string encoded_for_name(std::string_view text);
// «"x"» is x.
[[nodiscard]] std::string unquoted(std::string_view text);

// Result files of one run, as the templates give them: relative to the folder of the first ini file, or absolute.
struct FileNames {
  std::string scalars;
  std::string vectors;
  std::string index;   // of the vectors
  std::string output;  // of Cmdenv, when redirected
  std::string eventlog;
};
[[nodiscard]] FileNames names_of(const RunConfig& config);

// Digest of all entries that can change a result.
[[nodiscard]] std::string digest_of_entries(const RunConfig& config);

}  // namespace simswarm::cmdenv
