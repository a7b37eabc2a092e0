// A sweep that has been checked: its words with placeholders, and its runs by index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/command.h"
#include "simulator/command_output.h"
#include "simulator/command_points.h"
#include "simulator/command_template.h"

namespace simswarm {

// How values are put into a word.
enum class Filling {
  kPlain,     // as they are
  kFileName,  // so that each is fit for a component of a path
  kKey,       // as they are, but {results} is left as it is
};

class Study {
 public:
  // Every check that needs no look at the file system. Errors do not name the sweep.
  [[nodiscard]] static Result<Study> of(SweepSpec spec);

  [[nodiscard]] const SweepSpec& spec() const { return spec_; }
  [[nodiscard]] const std::vector<Template>& command() const { return command_; }
  [[nodiscard]] const LinePattern& success() const { return success_; }
  [[nodiscard]] const LinePattern& progress() const { return progress_; }

  [[nodiscard]] std::uint64_t run_count() const;
  [[nodiscard]] Run run(std::uint64_t index) const;

  [[nodiscard]] std::string filled(const Template& word, const Run& run, Filling filling) const;
  // Relative to the working folder, normal, without a slash at its end.
  [[nodiscard]] std::string folder_of(const Run& run) const;
  // Empty where standard output is no result.
  [[nodiscard]] std::string stdout_of(const Run& run) const;
  [[nodiscard]] std::vector<std::string> required_of(const Run& run) const;
  // The folder that holds the folders of all runs.
  [[nodiscard]] std::string results_root() const;

 private:
  Status check_words();
  Status parse_words();
  Status check_repetitions();
  Status check_used() const;
  Status check_success();
  Status keep_by_constraints();
  Status check_folders() const;
  [[nodiscard]] std::uint64_t candidates() const;
  [[nodiscard]] std::string seed_of(std::uint64_t repetition) const;
  [[nodiscard]] bool command_uses(Slot slot) const;

  SweepSpec spec_;
  Points points_;
  std::vector<Template> command_;
  Template results_;
  Template stdout_file_;
  std::vector<Template> required_;
  LinePattern success_;
  LinePattern progress_;
  std::vector<std::uint64_t> kept_;  // with constraints: the runs that meet them
};

}  // namespace simswarm
