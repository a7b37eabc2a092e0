// How a run of the dialect `command` ended.
#pragma once

#include <string>
#include <vector>

#include "simulator/command_output.h"
#include "simulator/dialect.h"

namespace simswarm {

// When a run counts as complete.
struct SuccessRule {
  const std::vector<int>& codes;
  const LinePattern& pattern;
  std::vector<std::string> required;  // relative to the working folder
};

[[nodiscard]] Verdict judge_process(const Evidence& evidence, const std::vector<LeftFile>& files,
                                    const SuccessRule& rule);

// Copies the captured standard output to `path`, relative to the working folder, among what was left; gives its size.
// Follows no link that the program may have left, and overwrites nothing.
[[nodiscard]] Result<std::uint64_t> keep_output(const Evidence& evidence, const std::string& path);

}  // namespace simswarm
