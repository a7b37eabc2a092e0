#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "build/words.h"
#include "build/words_escape.h"
#include "build/words_programs.h"

namespace simswarm::build {
namespace {

constexpr std::size_t kLongestRead = 16384;  // bytes of a line that are looked at
constexpr std::size_t kLongestText = 2000;   // bytes of what is shown of it

// The higher goes before the lower, whichever came first.
enum Rank : int {
  kNothing = 0,
  kConsequence = 1,  // make tells that a command has failed
  kUnplaced = 2,     // a program's own error
  kPlaced = 3        // with file and line
};

struct Found {
  Rank rank = kNothing;
  std::string_view file{};
  std::size_t line = 0;
};

bool starts_with_any(std::string_view text, const auto& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return text.starts_with(word); });
}

bool contains_any(std::string_view text, const auto& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// Takes a number and what must come before it off the end: «FILE:12» with ':' leaves «FILE».
std::optional<std::size_t> take_number(std::string_view& text, char before) {
  const auto digits = text.find_last_not_of("0123456789");
  if (digits == std::string_view::npos || digits + 1 == text.size() || text[digits] != before) return std::nullopt;
  const auto number = parse_int(text.substr(digits + 1));
  if (!number || *number < 0) return std::nullopt;
  text = text.substr(0, digits);
  return static_cast<std::size_t>(*number);
}

// No time of day, nor a sentence: «10:12:30: error: …» is a log's.
bool is_file(std::string_view text) {
  const bool has_letter =
      std::any_of(text.begin(), text.end(), [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; });
  return has_letter && (text.find_first_of("./<") != std::string_view::npos || text.ends_with("akefile"));
}

// «ld: x.o:x.cpp» is the linker's.
std::string_view without_linker(std::string_view file) {
  return is_linker(program_before(file)) ? after_program(file) : file;
}

// «FILE:LINE», «FILE:LINE:COLUMN».
Found place_of(std::string_view text) {
  const auto last = take_number(text, ':');
  if (!last) return {};
  const auto line = take_number(text, ':');
  text = without_linker(trim(text));
  if (!is_file(text)) return {};
  return {kPlaced, text, line ? *line : *last};
}

// «FILE:LINE: error: …», also of opp_msgc («Error:») and make («***»). Words of a program that merely speaks of errors
// have no place before them.
Found of_compiler(std::string_view line) {
  constexpr std::array<std::string_view, 8> words{
      ": error: ",
      ": fatal error: ",
      ": Error: ",
      ": internal compiler error: ",
      ": *** ",
      ": sorry, unimplemented: ",
      ": undefined reference to ",
      ": multiple definition of ",
  };
  for (const std::string_view word : words) {
    const auto at = line.find(word);
    if (at == std::string_view::npos) continue;
    if (const Found found = place_of(line.substr(0, at)); found.rank != kNothing) return found;
  }
  return {};
}

// «CMake Error at FILE:LINE (command):», «CMake Error: …», «CMake Error in FILE:».
Found of_cmake(std::string_view line) {
  constexpr std::string_view at = "CMake Error at ";
  if (!line.starts_with("CMake Error")) return {};
  if (!line.starts_with(at)) return {kUnplaced};
  std::string_view place = line.substr(at.size());
  place = place.substr(0, place.find(" ("));
  if (place.ends_with(':')) place.remove_suffix(1);
  const Found found = place_of(place);
  return found.rank == kNothing ? Found{kUnplaced} : found;
}

std::string_view file_of_object(std::string_view before) {
  const auto section = before.find(":(.");
  if (section == std::string_view::npos) return {};
  std::string_view file = before.substr(0, section);
  if (const auto colon = file.rfind(": "); colon != std::string_view::npos) file = file.substr(colon + 2);
  return trim(file);
}

// What a linker says without «error:».
Found of_linker(std::string_view line) {
  constexpr std::array<std::string_view, 4> symbols{": undefined reference to ", ": multiple definition of ",
                                                    ": relocation ", ": undefined symbol: "};
  constexpr std::array<std::string_view, 5> own{"cannot find ", "cannot open ", "file not recognized",
                                                "unrecognized option", "final link failed"};
  for (const std::string_view symbol : symbols) {
    const auto at = line.find(symbol);
    if (at == std::string_view::npos) continue;
    const std::string_view file = file_of_object(line.substr(0, at + 1));
    const bool is_golds = line.substr(0, at).ends_with(": error");
    if (!file.empty() || is_golds || is_linker(program_before(line))) return {kUnplaced, file};
  }
  const std::string_view rest = after_program(line);
  return is_linker(program_before(line)) && contains_any(rest, own) ? Found{kUnplaced} : Found{};
}

// «make[1]: *** [Makefile:3: all] Error 1»: the place is the rule's.
Found of_failed_rule(std::string_view rest) {
  if (rest.ends_with("(ignored)")) return {};
  const auto end = rest.find(']');
  std::string_view inside = rest.substr(1, end == std::string_view::npos ? end : end - 1);
  Found found{kConsequence};
  const Found place = place_of(inside.substr(0, inside.rfind(": ")));
  if (place.rank != kNothing) found = {kConsequence, place.file, place.line};
  return found;
}

Found of_make(std::string_view line) {
  constexpr std::array<std::string_view, 3> missing{": No such file or directory", ": Permission denied",
                                                    ": Command not found"};
  constexpr std::string_view stars = "*** ";
  if (program_before(line) != "make") return {};
  const std::string_view rest = after_program(line);
  if (!rest.starts_with(stars)) return contains_any(rest, missing) ? Found{kUnplaced} : Found{};
  const std::string_view words = rest.substr(stars.size());
  if (words.starts_with("Waiting for unfinished")) return {};
  return words.starts_with('[') ? of_failed_rule(words) : Found{kUnplaced};
}

// «sh: 1: foo: not found», «./configure: line 3: foo: command not found».
Found of_shell(std::string_view line) {
  const bool is_missing = line.ends_with(": not found") || line.ends_with(": command not found");
  const bool is_broken = line.find(": Syntax error: ") != std::string_view::npos ||
                         line.find(": syntax error ") != std::string_view::npos ||
                         line.ends_with(": Permission denied");
  const auto colon = line.find(": ");
  if (colon == std::string_view::npos || !(is_missing || is_broken)) return {};
  const std::string_view script = line.substr(0, colon);
  std::string_view number = line.substr(colon + 2);
  number = number.substr(0, number.find(':'));
  const bool has_line = number.starts_with("line ");
  const auto at = parse_int(has_line ? number.substr(5) : number);
  if (is_shell(script)) return {kUnplaced};
  if (script.find(' ') != std::string_view::npos || !at || *at < 0) return {};
  return {kUnplaced, script, static_cast<std::size_t>(*at)};
}

Found of_env(std::string_view line) {
  return program_before(line) == "env" && line.ends_with("No such file or directory") ? Found{kUnplaced} : Found{};
}

// «g++: error: …», «opp_makemake: error: …», «ninja: error: …».
Found of_program(std::string_view line) {
  constexpr std::array<std::string_view, 4> words{"error: ", "fatal error: ", "Error: ", "internal compiler error: "};
  constexpr std::array<std::string_view, 3> follows{"ld returned ", "linker command failed",
                                                    "all warnings being treated"};
  if (line.starts_with("FAILED: ") || line.starts_with("ninja: build stopped")) return {kConsequence};
  if (!is_build_program(program_before(line))) return {};
  const std::string_view rest = after_program(line);
  if (!starts_with_any(rest, words)) return {};
  return {contains_any(rest, follows) ? kConsequence : kUnplaced};
}

Found read_line(std::string_view line) {
  constexpr std::array readers{of_compiler, of_cmake, of_make, of_linker, of_program, of_env, of_shell};
  for (const auto& reader : readers) {
    if (const Found found = reader(line); found.rank != kNothing) return found;
  }
  return {};
}

}  // namespace

void ErrorFinder::take(std::string_view piece) {
  while (!piece.empty()) {
    const auto end = piece.find_first_of("\n\r");
    const std::string_view part = piece.substr(0, end);
    line_ += part.substr(0, kLongestRead - std::min(kLongestRead, line_.size()));
    if (end == std::string_view::npos) return;
    this->end();
    piece.remove_prefix(end + 1);
  }
}

void ErrorFinder::end() {
  if (!line_.empty()) look_at(line_);
  line_.clear();
}

void ErrorFinder::look_at(std::string_view line) {
  if (rank_ == kPlaced && !says_more_) return;
  const std::string plain = plain_line(line, kLongestRead);
  if (trim(plain).empty()) return;
  if (says_more_ && plain.starts_with("  ")) found_->text += ' ' + plain_line(trim(plain), kLongestText);
  says_more_ = false;
  const Found found = read_line(plain);
  if (found.rank <= rank_) return;
  rank_ = found.rank;
  found_ = FirstError{std::string(found.file), found.line, plain_line(plain, kLongestText)};
  says_more_ = plain.starts_with("CMake Error") && plain.ends_with(':');
}

}  // namespace simswarm::build
