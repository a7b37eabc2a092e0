// The words of the command line before CLI11 sees them: where our own options end and the user's command begins.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace CLI {
class App;
}

namespace simswarm::cli {

struct SplitWords {
  std::vector<std::string> own;      // our command and its options, each with its value: «--jobs=8»
  std::vector<std::string> command;  // runall and sweep: all from the first word that is no option on, untouched
};

// Whether a word starts a program that is there, seen from a folder.
using IsProgram = std::function<bool(const fs::path& folder, const std::string& word)>;

// `words` without the program's name. An unknown command or option is an error with the near misses.
[[nodiscard]] Result<SplitWords> split_words(const CLI::App& app, const std::vector<std::string>& words,
                                             const fs::path& folder, const IsProgram& is_program);

// «--jobs», «--dry-run», …
[[nodiscard]] std::vector<std::string> long_options(const CLI::App& command);

}  // namespace simswarm::cli
