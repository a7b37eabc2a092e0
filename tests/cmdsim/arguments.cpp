#include "arguments.h"

#include <string_view>

#include "text.h"

namespace cmdsim {
namespace {

constexpr std::string_view kWithValue = "fulcrnxipqe";
constexpr std::string_view kWithoutValue = "vawsm";
constexpr char kOptionalValue = 'h';

bool contains(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

}  // namespace

Arguments::Arguments(int count, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + count);
  size_t at = 0;
  for (; at < words.size() && words[at] != "--"; ++at) {
    if (words[at].rfind("--", 0) == 0) {
      takeLong(words, at);
    } else if (words[at].size() > 1 && words[at][0] == '-') {
      takeShort(words, at);
    } else {
      rest_.push_back(words[at]);
    }
  }
  for (++at; at < words.size(); ++at) rest_.push_back(words[at]);
}

void Arguments::takeLong(const std::vector<std::string>& words, size_t& at) {
  const std::string word = words[at].substr(2);
  const size_t equals = word.find('=');
  if (equals != std::string::npos) {
    longOptions_[word.substr(0, equals)] = word.substr(equals + 1);
  } else if (at + 1 == words.size()) {
    longOptions_[word] = "";
  } else {
    longOptions_[word] = words[++at];
  }
}

void Arguments::takeShort(const std::vector<std::string>& words, size_t& at) {
  const std::string& word = words[at];
  const char option = word[1];
  if (!contains(kWithValue, option) && !contains(kWithoutValue, option) && option != kOptionalValue) {
    throw SimulationError("Invalid command-line option " + word + ", try -h for help");
  }
  auto& values = shortOptions_[option];
  if (contains(kWithoutValue, option)) {
    if (word.size() > 2) throw SimulationError("command-line option -" + word.substr(1, 1) + " expects no argument");
  } else if (word.size() > 2) {
    values.push_back(word.substr(2));
  } else if (at + 1 < words.size()) {
    values.push_back(words[++at]);
  } else if (option != kOptionalValue) {
    throw SimulationError("command-line option " + word + " is missing required argument");
  }
}

std::optional<std::string> Arguments::value(char option) const {
  const auto found = shortOptions_.find(option);
  if (found == shortOptions_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Arguments::values(char option) const {
  const auto found = shortOptions_.find(option);
  return found == shortOptions_.end() ? std::vector<std::string>() : found->second;
}

std::vector<std::string> Arguments::iniFiles() const {
  std::vector<std::string> files = values('f');
  files.insert(files.end(), rest_.begin(), rest_.end());
  return files;
}

}  // namespace cmdsim
