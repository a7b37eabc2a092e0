#include "simulator/command_program.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.h"
#include "simulator/command_text.h"

namespace simswarm {
namespace {

// What the C library searches where PATH is not set (confstr(3), _CS_PATH).
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";
constexpr std::size_t kLongestFirstLine = 256;  // as Linux reads of a script

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_program(const fs::path& path) {
  return is_file(path) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (is_program(entry->path())) names.push_back(entry->path().filename().string());
  }
  return names;
}

tl::unexpected<Error> no_such_file(const std::string& word, const fs::path& path) {
  const std::string folder = word.substr(0, word.rfind('/') + 1);
  std::vector<std::string> candidates = names_in(path.parent_path());
  for (std::string& name : candidates) name.insert(0, folder);
  return environment_error("program «{}» is not there{}", word, did_you_mean(word, candidates));
}

Result<fs::path> by_path(const std::string& word, const fs::path& working_folder) {
  const fs::path path = absolute_from(working_folder, word);
  if (is_program(path)) return path;
  std::error_code error;
  if (!fs::exists(path, error)) return no_such_file(word, path);
  if (!is_file(path)) return environment_error("program «{}» is no file", word);
  return environment_error("program «{0}» cannot be executed; «chmod +x {0}» allows it", word);
}

Result<fs::path> by_search(const std::string& word, const fs::path& working_folder) {
  const char* variable = std::getenv("PATH");
  const std::string_view path = variable == nullptr ? kDefaultPath : std::string_view(variable);
  std::vector<fs::path> folders;
  for (const std::string_view entry : split(path, ':')) {
    folders.push_back(absolute_from(working_folder, entry.empty() ? "." : std::string(entry)));
    if (is_program(folders.back() / word)) return folders.back() / word;
  }
  if (is_file(working_folder / word)) {
    return environment_error("program «{0}» is not on PATH; did you mean «./{0}»?", word);
  }
  std::vector<std::string> candidates;
  for (const fs::path& folder : folders) {
    for (std::string& name : names_in(folder)) candidates.push_back(std::move(name));
  }
  return environment_error("program «{}» is not on PATH{}", word, did_you_mean(word, candidates));
}

std::string first_bytes(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, kLongestFirstLine> buffer{};
  const ssize_t got = file.valid() ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (const std::string_view word : split(line, ' ')) {
    if (!trim(word).empty()) words.emplace_back(trim(word));
  }
  return words;
}

// `env` starts its first argument that is neither an option nor an assignment.
const std::string* started_by_env(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (!words[i].starts_with('-') && words[i].find('=') == std::string::npos) return &words[i];
  }
  return nullptr;
}

}  // namespace

Result<fs::path> find_program(const std::string& word, const fs::path& working_folder) {
  if (word.empty()) return usage_error("the program's name is empty");
  return word.find('/') == std::string::npos ? by_search(word, working_folder) : by_path(word, working_folder);
}

std::vector<fs::path> with_interpreter(const fs::path& program, const fs::path& working_folder) {
  std::vector<fs::path> programs{program};
  const std::string start = first_bytes(program);
  if (!start.starts_with("#!")) return programs;
  const std::vector<std::string> words = words_of(start.substr(2, start.find('\n') - 2));
  if (words.empty()) return programs;
  programs.push_back(absolute_from(working_folder, words.front()));
  if (fs::path(words.front()).filename() != "env") return programs;
  const std::string* started = started_by_env(words);
  if (started == nullptr) return programs;
  if (auto found = find_program(*started, working_folder)) programs.push_back(std::move(*found));
  return programs;
}

}  // namespace simswarm
