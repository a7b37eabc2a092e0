#include "build/words.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "build/words_programs.h"

namespace simswarm::build {
namespace {

// Divides a line as a shell would into commands of words; quotes and backslashes are obeyed, nothing is expanded.
class Commands {
 public:
  explicit Commands(std::string_view line) {
    for (at_ = 0; at_ < line.size(); ++at_) take(line);
    end_command();
  }
  [[nodiscard]] const std::vector<std::vector<std::string>>& all() const { return commands_; }

 private:
  void take(std::string_view line) {
    const char c = line[at_];
    if (quote_ != 0) {
      if (c == quote_)
        quote_ = 0;
      else
        word_ += c;
    } else if (c == '"' || c == '\'' || c == '`') {
      quote_ = c;
      has_word_ = true;
    } else if (c == '\\' && at_ + 1 < line.size()) {
      word_ += line[++at_];
      has_word_ = true;
    } else if (c == ' ' || c == '\t') {
      end_word();
    } else if (c == ';' || c == '|' || c == '&' || c == '(' || c == ')') {
      end_command();
    } else {
      word_ += c;
      has_word_ = true;
    }
  }
  void end_word() {
    if (has_word_) words_.push_back(std::move(word_));
    word_.clear();
    has_word_ = false;
  }
  void end_command() {
    end_word();
    if (!words_.empty()) commands_.push_back(std::move(words_));
    words_.clear();
  }

  std::size_t at_ = 0;
  char quote_ = 0;
  std::string word_;
  bool has_word_ = false;
  std::vector<std::string> words_;
  std::vector<std::vector<std::string>> commands_;
};

bool is_assignment(std::string_view word) {
  const auto equals = word.find('=');
  return equals != std::string_view::npos && equals > 0 && word.find('/') > equals && word.front() != '-';
}

bool is_before_compiler(std::string_view word) {
  constexpr std::array<std::string_view, 16> words{"env",  "ccache",  "distcc", "sccache", "time", "nice",
                                                   "exec", "if",      "then",   "else",    "do",   "!",
                                                   "{",    "command", "icecc",  "@"};
  const std::string_view name = word.substr(word.rfind('/') + 1);
  return is_assignment(word) || std::find(words.begin(), words.end(), name) != words.end();
}

bool is_libtool(const std::vector<std::string>& words, std::size_t at) {
  return at < words.size() && words[at].ends_with("libtool");
}

// Where the compiler stands, if it is one that is called: after «env X=1 ccache», «[3/14]», «sh ./libtool …
// --mode=compile».
std::size_t program_of(const std::vector<std::string>& words) {
  std::size_t at = 0;
  if (words[0].starts_with('[') && words[0].ends_with(']')) ++at;
  while (at < words.size() && is_before_compiler(words[at])) ++at;
  if (at < words.size() && is_shell(words[at]) && is_libtool(words, at + 1)) ++at;
  if (!is_libtool(words, at)) return at;
  while (at < words.size() && words[at] != "--mode=compile") ++at;
  return at + 1;
}

bool is_compilation(const std::vector<std::string>& words) {
  const std::size_t program = program_of(words);
  if (program >= words.size() || !is_compiler(words[program])) return false;
  const auto begin = words.begin() + static_cast<std::ptrdiff_t>(program) + 1;
  return std::find(begin, words.end(), "-c") != words.end();
}

// The word that ends a here-document which the line begins; empty: none.
std::string here_word(std::string_view line) {
  const auto at = line.find("<<");
  if (at == std::string_view::npos || line.substr(at).starts_with("<<<")) return {};
  std::string_view rest = line.substr(at + 2);
  if (rest.starts_with('-')) rest.remove_prefix(1);
  rest = trim(rest);
  std::string word;
  for (const char c : rest) {
    if (c == ' ' || c == '\t' || c == ';' || c == '|' || c == '&' || c == '>' || c == ')') break;
    if (c != '\'' && c != '"' && c != '\\') word += c;
  }
  return word;
}

std::size_t count(std::string_view line) {
  if (line.find(" -c") == std::string_view::npos) return 0;
  const Commands commands(line);
  return static_cast<std::size_t>(std::count_if(commands.all().begin(), commands.all().end(), is_compilation));
}

}  // namespace

std::size_t compilations_in(std::string_view dry_run) {
  std::size_t found = 0;
  std::string whole;  // a line that goes on after «\»
  std::string here;
  for (const std::string_view line : lines(dry_run)) {
    if (!here.empty()) {
      if (trim(line) == here) here.clear();
      continue;
    }
    const bool goes_on = line.ends_with('\\');
    whole += goes_on ? line.substr(0, line.size() - 1) : line;
    if (goes_on) continue;
    here = here_word(whole);
    found += count(whole);
    whole.clear();
  }
  return found + count(whole);
}

}  // namespace simswarm::build
