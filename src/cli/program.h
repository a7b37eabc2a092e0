// simswarm itself: from the words of the command line to the exit code.
#pragma once

#include <string>
#include <vector>

namespace simswarm::cli {

// `words` without the program's name. Prints errors; what is no error of the user's or the machine's is thrown.
[[nodiscard]] int run(const std::vector<std::string>& words);

}  // namespace simswarm::cli
