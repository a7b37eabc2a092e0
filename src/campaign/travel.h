// What a command and its environment say of paths here, said so that it holds where the project lies elsewhere.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "model/brought.h"

namespace simswarm::campaign {

struct Travel {
  fs::path top;             // what goes along, absolute
  fs::path working_folder;  // absolute, in it
};

// Absolute paths below the top become relative to the working folder, also within words: «-n/p/src:/p/sim». The first
// word, a program that is found by PATH below the top, likewise.
[[nodiscard]] std::vector<std::string> portable_words(const Travel& travel, std::vector<std::string> words);

// Variables that go along: NED, image and library paths (of these what lies below the top), …_ROOT and …_PROJ that name
// something below it, and those that are `named`. `get` is getenv.
[[nodiscard]] std::vector<Brought> portable_environment(
    const Travel& travel, const std::vector<std::string>& all_names, const std::vector<std::string>& named,
    const std::function<std::optional<std::string>(const std::string&)>& get);

}  // namespace simswarm::campaign
