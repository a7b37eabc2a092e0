#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "arguments.h"
#include "configuration.h"

namespace cmdsim {

/// Run numbers that `filter` selects: all when blank, a list of numbers and ranges, or an expression.
std::vector<int> selectRuns(const Configuration& configuration, const std::string& config, const std::string& filter);

/// Numbers of a list such as `0,3,5..7,9-11`; throws on a syntax error.
std::vector<int> parseRunList(const std::string& list);

/// Answers -h, -v, -a, -q, -e. False when none of them was asked, so that runs are to be made.
bool answerQuery(const Arguments& arguments, Configuration& configuration, std::ostream& out);

}  // namespace cmdsim
