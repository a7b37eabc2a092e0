#include "simulator/cmdenv_words.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace simswarm::cmdenv {
namespace {

constexpr std::string_view kWithValue = "ucrnlfxipqeOo";  // short options that take a value, here or as the next word
constexpr std::string_view kQuestions = "qaehxgGX";       // these ask and run nothing

// Options of simswarm that a user may write behind the program by mistake; no option of Cmdenv is named so.
constexpr std::array<std::string_view, 24> kOurs{
    "dry-run",        "json",         "quiet",      "timeout", "memory", "retries",     "max-failures",
    "retry-failed",   "verify",       "layer",      "run-as",  "inputs", "environment", "grace",
    "distinct-names", "shared-files", "existing",   "export",  "jobs",   "batchsize",   "run-number-unused",
    "directory",      "state",        "all-configs"};

bool is_ours(std::string_view name) {
  return std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end();
}

bool is_for_key(char option) {
  return std::string_view("nlfx").find(option) != std::string_view::npos;
}

// Walks over the words and sorts them.
class Reader {
 public:
  explicit Reader(Words& words) : words_(words) {}

  Status read() {
    for (at_ = 1; at_ < words_.all.size(); ++at_) {
      const std::string& word = words_.all[at_];
      if (word.starts_with("--")) {
        SIMSWARM_CHECK(long_option(word));
      } else if (word.size() > 1 && word.front() == '-') {
        SIMSWARM_CHECK(short_option(word));
      } else {
        words_.ini_files.push_back(word);
        words_.for_key.push_back(word);
      }
    }
    if (words_.ini_files.empty()) words_.ini_files.emplace_back("omnetpp.ini");
    return {};
  }

 private:
  Result<std::string> next_word(const std::string& option) {
    if (at_ + 1 >= words_.all.size()) return usage_error("the simulation's option {} needs a value", option);
    return words_.all[++at_];
  }

  Status long_option(const std::string& word) {
    const auto equals = word.find('=');
    std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    if (is_ours(name)) {
      return usage_error("--{0} is an option of simswarm: it stands before the program (simswarm runall {1} {2} …)",
                         name, word, words_.program);
    }
    std::string value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else {
      SIMSWARM_TRY(value, next_word(word));
    }
    const bool no_matter = name.starts_with("cmdenv-") || name == "result-dir" || name == "repeat";
    if (!no_matter) words_.for_key.push_back(fmt::format("--{}={}", name, value));
    words_.options.emplace_back(std::move(name), std::move(value));
    return {};
  }

  Status short_option(const std::string& word) {
    const char letter = word[1];
    if (kQuestions.find(letter) != std::string_view::npos && letter != 'x') {
      return usage_error("the simulation's option {} asks a question and runs nothing; call {} itself for that", word,
                         words_.program);
    }
    if (kWithValue.find(letter) == std::string_view::npos) return {};  // -s, -m, -w …: no value, no matter
    std::string value = word.substr(2);
    if (value.empty()) {
      SIMSWARM_TRY(value, next_word(word));
    }
    return take(letter, value);
  }

  Status take(char letter, const std::string& value) {
    if (is_for_key(letter)) words_.for_key.push_back(fmt::format("-{}{}", letter, value));
    switch (letter) {
      case 'u':
        if (value != "Cmdenv") {
          return usage_error("-u {}: simulations run in batches have no other user interface than Cmdenv; leave -u out",
                             value);
        }
        return {};
      case 'c':
        words_.config = value;
        if (std::find(words_.configs.begin(), words_.configs.end(), value) == words_.configs.end()) {
          words_.configs.push_back(value);
        }
        return {};
      case 'r':
        words_.filter = value;
        return {};
      case 'f':
        words_.ini_files.push_back(value);
        return {};
      case 'n':
        take_ned_path(replace_all(value, ";", ":"));
        return {};
      default:
        return {};
    }
  }

  void take_ned_path(const std::string& path) {
    for (const std::string_view part : split(path, ':')) {
      if (!part.empty()) words_.ned_path.emplace_back(part);
    }
  }

  Words& words_;
  std::size_t at_ = 0;
};

// opp_runall drops the first «-r X» pair and every word that begins with «-r» otherwise.
std::vector<std::string> without_filter(const Words& words) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < words.all.size(); ++i) {
    const std::string& word = words.all[i];
    if (i > 0 && word == "-r") {
      ++i;
    } else if (i == 0 || !word.starts_with("-r")) {
      kept.push_back(word);
    }
  }
  return kept;
}

// Whether the value of this word is the next one: «-c», «--repeat».
bool takes_next(const std::string& word) {
  if (word.starts_with("--")) return word.find('=') == std::string::npos;
  return word.size() == 2 && word.front() == '-' && kWithValue.find(word[1]) != std::string_view::npos;
}

bool has_word(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

const std::string* Words::option(std::string_view name) const {
  const auto found =
      std::find_if(options.rbegin(), options.rend(), [&](const auto& entry) { return entry.first == name; });
  return found == options.rend() ? nullptr : &found->second;
}

Result<Words> read_words(const std::vector<std::string>& words) {
  if (words.empty())
    return usage_error("no simulation command; for example: simswarm runall -j8 ./aloha -c PureAlohaExperiment");
  Words read;
  read.all = words;
  read.program = words.front();
  SIMSWARM_CHECK(Reader(read).read());
  return read;
}

Result<Words> words_for(const Words& words, const std::string& config) {
  std::vector<std::string> kept;
  std::optional<std::size_t> place;
  for (std::size_t i = 0; i < words.all.size(); ++i) {
    const std::string& word = words.all[i];
    const bool is_config = i > 0 && word.starts_with("-c");
    if (is_config && !place) place = kept.size();
    if (!is_config) kept.push_back(word);
    if (i == 0 || !takes_next(word) || i + 1 == words.all.size()) continue;
    ++i;
    if (!is_config) kept.push_back(words.all[i]);
  }
  const std::vector<std::string> own{"-c", config};
  kept.insert(kept.begin() + static_cast<std::ptrdiff_t>(place.value_or(1)), own.begin(), own.end());
  return read_words(kept);
}

std::vector<std::string> batch_words(const Words& words, const std::vector<std::int64_t>& run_numbers) {
  std::vector<std::string> command = without_filter(words);
  if (!has_word(command, "-s")) command.emplace_back("-s");
  if (!has_word(command, "-u")) command.insert(command.end(), {"-u", "Cmdenv"});
  const bool redirected = std::any_of(command.begin(), command.end(), [](const std::string& word) {
    return word.starts_with("--cmdenv-redirect-output=");
  });
  if (!redirected) command.emplace_back("--cmdenv-redirect-output=true");
  command.emplace_back("-r");
  std::vector<std::string> numbers;
  numbers.reserve(run_numbers.size());
  for (const std::int64_t number : run_numbers) numbers.push_back(std::to_string(number));
  command.push_back(join(numbers, ","));
  return command;
}

bool redirects_output(const Words& words) {
  const auto composed = read_words(batch_words(words, {0}));
  const std::string* value = composed ? composed->option("cmdenv-redirect-output") : nullptr;
  return value != nullptr && *value == "true";
}

std::vector<std::string> question_words(const Words& words, const std::vector<std::string>& question, bool filtered) {
  std::vector<std::string> command = filtered ? words.all : without_filter(words);
  command.emplace_back("-s");
  command.insert(command.end(), question.begin(), question.end());
  return command;
}

}  // namespace simswarm::cmdenv
