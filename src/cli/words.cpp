// Written by hand for what CLI11 leaves open, or does otherwise in each version: options before a command that has
// options of its own, «--», options that take a value or not, options that may come several times.
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "base/text.h"

namespace simswarm::cli {
namespace {

bool is_option(const std::string& word) {
  return word.size() > 1 && word.front() == '-' && word != "--";
}

bool takes_value(const CLI::Option& option) {
  return option.get_expected_max() > 0;
}

std::string long_name(const CLI::Option& option) {
  return "--" + option.get_lnames().front();
}

const CLI::Option* find_short(const CLI::App& app, char letter) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) {
      if (name == std::string(1, letter)) return option;
    }
  }
  return nullptr;
}

// By its whole name, or by a beginning that no other option has, as opp_runall takes it.
const CLI::Option* find_long(const CLI::App& app, const std::string& wanted) {
  std::vector<const CLI::Option*> found;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (name == wanted) return option;
      if (name.starts_with(wanted)) found.push_back(option);
    }
  }
  return found.size() == 1 && wanted.size() > 1 ? found.front() : nullptr;
}

bool is_known_option(const CLI::App& app, const std::string& word) {
  if (!is_option(word)) return false;
  if (word.starts_with("--")) return find_long(app, word.substr(2, word.find('=') - 2)) != nullptr;
  return word.size() == 2 && find_short(app, word[1]) != nullptr;
}

std::string option_list(const std::vector<std::string>& names, std::string_view between) {
  return names.empty() ? std::string() : fmt::format("{}{}?", between, join(names, ", "));
}

class Splitter {
 public:
  Splitter(const CLI::App& app, const std::vector<std::string>& words, fs::path folder, const IsProgram& is_program)
      : app_(app), words_(words), folder_(std::move(folder)), is_program_(is_program) {}

  Result<SplitWords> split() {
    while (!at_end() && is_option(words_[next_])) SIMSWARM_CHECK(take_option(app_));
    if (at_end()) return std::move(split_);
    const std::string name = words_[next_];
    const CLI::App* command = command_named(name);
    if (command == nullptr) return unknown_command(name);
    split_.own.push_back(name);
    ++next_;
    if (name == "runall" || name == "sweep") {
      while (!at_end() && is_option(words_[next_])) SIMSWARM_CHECK(take_option(*command));
      // A sweep has to know whether «--» was there: what follows is its command, not a parameter.
      if (!at_end() && words_[next_] == "--" && name == "runall") ++next_;
      split_.command.assign(words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
    } else {
      split_.own.insert(split_.own.end(), words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
    }
    return std::move(split_);
  }

 private:
  [[nodiscard]] bool at_end() const { return next_ == words_.size(); }

  [[nodiscard]] const CLI::App* command_named(const std::string& name) const {
    for (const CLI::App* command : app_.get_subcommands([](const CLI::App*) { return true; })) {
      if (command->get_name() == name) return command;
    }
    return nullptr;
  }

  [[nodiscard]] tl::unexpected<Error> unknown_command(const std::string& name) const {
    std::vector<std::string> names;
    for (const CLI::App* command : app_.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(command->get_name());
    if (name.find('/') != std::string::npos && is_program_(folder_, name)) {
      return usage_error("there is no command «{0}»; to run the program: simswarm runall {0} …", name);
    }
    const auto near = near_misses(name, names, 1);
    return usage_error("there is no command «{}»{}", name,
                       near.empty() ? "; there are " + join(names, ", ") : option_list(near, "; did you mean "));
  }

  [[nodiscard]] tl::unexpected<Error> unknown_option(const CLI::App& app, const std::string& word) const {
    const bool top = &app == &app_;
    std::string_view where;
    if (top) where = " (options of a command stand behind it)";
    if (app.get_name() == "runall") where = " (options of the simulation stand behind its program)";
    return usage_error("{} has no option {}{}{}", app.get_name(), word,
                       option_list(near_misses(word, long_options(app), 1), ": did you mean "), where);
  }

  Status take_option(const CLI::App& app) {
    const std::string& word = words_[next_++];
    return word.starts_with("--") ? take_long(app, word) : take_letters(app, word);
  }

  Status take_long(const CLI::App& app, const std::string& word) {
    const auto equals = word.find('=');
    const CLI::Option* option = find_long(app, word.substr(2, equals == std::string::npos ? equals : equals - 2));
    if (option == nullptr) return unknown_option(app, word.substr(0, equals));
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    return give(app, *option, std::move(value));
  }

  // «-Vj8», «-j 8», «-j=8»
  Status take_letters(const CLI::App& app, const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const CLI::Option* option = find_short(app, word[i]);
      if (option == nullptr) return unknown_option(app, "-" + word.substr(i, 1));
      if (!takes_value(*option)) {
        SIMSWARM_CHECK(give(app, *option, std::nullopt));
        continue;
      }
      const std::size_t from = i + 1 < word.size() && word[i + 1] == '=' ? i + 2 : i + 1;
      return give(app, *option, from < word.size() ? std::optional(word.substr(from)) : std::nullopt);
    }
    return {};
  }

  Status give(const CLI::App& app, const CLI::Option& option, std::optional<std::string> value) {
    const std::string name = long_name(option);
    if (!takes_value(option)) {
      if (value) return usage_error("{} takes no value (it was given «{}»)", name, *value);
      split_.own.push_back(name);
      return {};
    }
    if (!value && name == "--export") {
      value = next_is_file() ? words_[next_++] : "Runfile";
    } else if (!value) {
      if (at_end() || words_[next_] == "--" || is_known_option(app, words_[next_]))
        return usage_error("{} needs a value: {}", name, option.get_type_name());
      value = words_[next_++];
    }
    if (value->empty()) return usage_error("{} needs a value: {}", name, option.get_type_name());
    if (name == "--directory") folder_ = absolute_from(folder_, *value);
    split_.own.push_back(fmt::format("{}={}", name, *value));
    return {};
  }

  // Behind -e: a word that starts a program is the simulation command, any other that is no option is the file.
  [[nodiscard]] bool next_is_file() const {
    return !at_end() && words_[next_] != "--" && !is_option(words_[next_]) && !is_program_(folder_, words_[next_]);
  }

  const CLI::App& app_;
  const std::vector<std::string>& words_;
  fs::path folder_;  // that -C leads to
  const IsProgram& is_program_;
  std::size_t next_ = 0;
  SplitWords split_;
};

}  // namespace

Result<SplitWords> split_words(const CLI::App& app, const std::vector<std::string>& words, const fs::path& folder,
                               const IsProgram& is_program) {
  return Splitter(app, words, folder, is_program).split();
}

std::vector<std::string> long_options(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

}  // namespace simswarm::cli
