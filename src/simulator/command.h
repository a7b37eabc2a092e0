// The dialect `command`: any program with parameters, over a grid of points.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/brought.h"
#include "simulator/dialect.h"

namespace simswarm {

// One parameter and its values, as text. «10,20,40», «1..30» and «0..1 step 0.25» are spelled out already.
struct Parameter {
  std::string name;
  std::vector<std::string> values;
};

// The points of a sweep. They are the product of `grid` and `zipped` (each zipped group counts as one dimension: its
// lists have one length and go side by side; the last dimension changes fastest), followed by the `points` that are
// stated one by one. Each point is repeated, and the constraints say which of these runs are kept.
//
// Placeholders in words: {parameter}, {seed}, {repetition}, {run} (the run's index), {name} (the sweep's), {point}
// («nodes=10,seed=3»: the parameters, safe in a file name, different for each run) and {results} (the run's own folder,
// relative to the working folder; it exists and is empty when the program starts). {{ is a brace.
struct SweepSpec {
  std::string name = "sweep";
  std::vector<std::string> command;  // argv with placeholders
  std::vector<Parameter> grid;
  std::vector<std::vector<Parameter>> zipped;
  std::vector<std::vector<Variable>> points;  // each names every parameter
  std::vector<std::string> constraints;       // «nodes < 20 || seed == 1»: all must hold; see expression.h
  std::int64_t repetitions = 1;
  std::vector<std::string> seeds;  // one a repetition, or empty: {seed} is then the repetition + 1
  // The run's folder, relative to the working folder; values are made safe for file names in it. The part before the
  // first placeholder that differs between runs is a folder that holds nothing but results.
  std::string results = "results/{name}/{point}";
  std::string stdout_file;               // in the run's folder: where standard output is kept; empty: only logged
  std::vector<std::string> environment;  // names of variables that belong to the key
  std::vector<Brought> brought;          // variables that the program gets, in place of ours

  // When a run counts as complete.
  std::vector<int> success_codes = {0};
  // With placeholders; must be there and not be empty. Relative to the run's folder; with {results} in it, to the
  // working folder.
  std::vector<std::string> required_files;
  std::string
      success_pattern;  // ECMAScript regular expression, searched in each line of stdout and stderr; empty: none
  std::string progress_pattern;  // its first group is a percentage, 0 to 100; empty: none
};

// «10,20,40», «1..30», «1..30 step 5», «0..1 step 0.25», and lists of these, spelled out. A value in double quotes is
// taken as it is, commas and dots too.
[[nodiscard]] Result<std::vector<std::string>> parse_values(std::string_view text);
// «nodes=10,20,40»
[[nodiscard]] Result<Parameter> parse_parameter(std::string_view text);

// Checks the whole spec: a placeholder that nothing fills, a parameter that no placeholder uses, a duplicate point,
// lists of unequal length, a constraint that does not parse, a constraint that no point meets: each one clear line.
[[nodiscard]] Result<std::unique_ptr<Dialect>> make_command_dialect(SweepSpec spec, const fs::path& working_folder);

}  // namespace simswarm
