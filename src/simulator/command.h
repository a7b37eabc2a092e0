// The dialect `command`: any program with parameters, over a grid of points.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "simulator/dialect.h"

namespace simswarm {

// One parameter and its values, as text. «10,20,40», «1..30» and «0..1 step 0.25» are spelled out already.
struct Parameter {
  std::string name;
  std::vector<std::string> values;
};

// The points of a sweep. They are the product of `grid` and `zipped` (each zipped group counts as one dimension: its
// lists have one length and go side by side), followed by the `points` that are stated one by one; then come the
// constraints, which keep a point, and the repetitions.
struct SweepSpec {
  std::string name = "sweep";
  std::vector<std::string> command;             // argv with placeholders: {parameter} {seed} {repetition} {results} {run}; {{ is {
  std::vector<Parameter> grid;
  std::vector<std::vector<Parameter>> zipped;
  std::vector<std::vector<Variable>> points;    // each names every parameter
  std::vector<std::string> constraints;         // «nodes < 20 || seed == 1»: all must hold
  std::int64_t repetitions = 1;
  std::vector<std::string> seeds;               // one a repetition, or empty: {seed} is then the repetition + 1
  std::string results = "results/{name}/{point}";  // the run's folder, relative to the working folder
  std::string stdout_file;                      // in the run's folder: where standard output is kept as a result; empty: only logged
  std::vector<std::string> environment;         // names of variables that belong to the key

  // When a run counts as complete.
  std::vector<int> success_codes = {0};
  std::vector<std::string> required_files;      // with placeholders; must be there and not be empty
  std::string success_pattern;                  // ECMAScript regular expression searched in stdout and stderr; empty: none
  std::string progress_pattern;                 // its first group is a percentage, 0 to 100; empty: none
};

// «10,20,40», «1..30», «1..30 step 5», «0..1 step 0.25», and lists of these, spelled out.
[[nodiscard]] Result<std::vector<std::string>> parse_values(std::string_view text);

// Checks the whole spec: a placeholder that nothing fills, a parameter that no placeholder uses, a duplicate point, lists of
// unequal length, a constraint that does not parse, a constraint that no point meets: each one clear line.
[[nodiscard]] Result<std::unique_ptr<Dialect>> make_command_dialect(SweepSpec spec, fs::path working_folder);

}  // namespace simswarm
