#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

#include "build/words.h"
#include "build/words_escape.h"

namespace simswarm::build {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::size_t kLongestControl = 64;   // bytes of «ESC [ …»
constexpr std::size_t kLongestString = 4096;  // bytes of «ESC ] …», links and titles
constexpr std::string_view kNoColour = "\x1b[0m";

bool is_in(char c, char first, char last) {
  return c >= first && c <= last;
}

// «ESC [ parameters intermediates final».
Escape read_control(std::string_view text) {
  const std::string_view some = text.substr(0, kLongestControl);
  for (std::size_t at = 2; at < some.size(); ++at) {
    if (is_in(some[at], '@', '~')) {
      const bool is_colour =
          some[at] == 'm' && some.substr(2, at - 2).find_first_not_of("0123456789;:") == std::string_view::npos;
      return {is_colour ? EscapeKind::kColour : EscapeKind::kOther, at + 1};
    }
    if (!is_in(some[at], ' ', '?')) return {};
  }
  return {some.size() < kLongestControl ? EscapeKind::kIncomplete : EscapeKind::kNone, 0};
}

// «ESC ] … BEL», «ESC P … ESC \».
Escape read_string(std::string_view text) {
  const std::string_view some = text.substr(0, kLongestString);
  for (std::size_t at = 2; at < some.size(); ++at) {
    if (some[at] == '\a') return {EscapeKind::kOther, at + 1};
    if (some[at] == '\n') return {};
    if (some[at] != kEscape) continue;
    if (at + 1 == some.size()) break;
    if (some[at + 1] == '\\') return {EscapeKind::kOther, at + 2};
    return {};
  }
  return {some.size() < kLongestString ? EscapeKind::kIncomplete : EscapeKind::kNone, 0};
}

// «ESC ( B», «ESC c».
Escape read_short(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size() && at < 4 && is_in(text[at], ' ', '/')) ++at;
  if (at == text.size()) return {EscapeKind::kIncomplete, 0};
  return is_in(text[at], '0', '~') ? Escape{EscapeKind::kOther, at + 1} : Escape{};
}

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // 0: no UTF-8
};

std::size_t expected_size(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xC0U) == 0x80;
}

// Whether the bytes could be the beginning of a character that is cut off.
bool is_beginning(std::string_view text) {
  const std::size_t size = expected_size(static_cast<unsigned char>(text.front()));
  return size > text.size() && std::all_of(text.begin() + 1, text.end(),
                                           [](char c) { return is_continuation(static_cast<unsigned char>(c)); });
}

Character read_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = expected_size(first);
  if (size <= 1) return {first, size};
  if (text.size() < size) return {};
  std::uint32_t code = first & (0xFFU >> (size + 1));
  for (std::size_t at = 1; at < size; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (!is_continuation(byte)) return {};
    code = (code << 6U) | (byte & 0x3FU);
  }
  const bool is_overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool is_none = is_overlong || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF;
  return is_none ? Character{} : Character{code, size};
}

// A terminal obeys the first kind, and the others make a reader see another text than the compiler.
bool is_hidden(std::uint32_t code) {
  return (code >= 0x80 && code <= 0x9F) || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

std::string shown(std::string_view text, const Character& character) {
  const bool is_control = character.code < 0x20 && character.code != '\t';
  if (character.size == 0 || is_control || character.code == 0x7F)
    return fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
  if (is_hidden(character.code)) return fmt::format("\\u{:04x}", character.code);
  return std::string(text.substr(0, character.size));
}

// How many bytes are plain ASCII: most of what compilers print.
std::size_t plain_run(std::string_view text) {
  const auto* end = std::find_if(text.begin(), text.end(), [](char c) { return !is_in(c, ' ', '~') && c != '\t'; });
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

Escape read_escape(std::string_view text) {
  if (text.size() < 2) return {EscapeKind::kIncomplete, 0};
  if (text[1] == '[') return read_control(text);
  if (text[1] == ']' || text[1] == 'P' || text[1] == 'X' || text[1] == '^' || text[1] == '_') return read_string(text);
  return read_short(text);
}

std::string plain_line(std::string_view line, std::size_t most) {
  std::string plain;
  while (!line.empty()) {
    const Escape escape = line.front() == kEscape ? read_escape(line) : Escape{};
    if (escape.size > 0) {
      line.remove_prefix(escape.size);
      continue;
    }
    const Character character = read_character(line);
    const std::string next = shown(line, character);
    if (plain.size() + next.size() > most) return plain + "…";
    plain += next;
    line.remove_prefix(std::max<std::size_t>(character.size, 1));
  }
  return plain;
}

void Printable::write(std::string_view shown, std::size_t size, std::string& output) {
  if (cut_ > 0 || length_ + shown.size() > most_) {
    cut_ += size;
    return;
  }
  output += shown;
  length_ += shown.size();
}

void Printable::write_plain(std::string_view plain, std::string& output) {
  const std::size_t room = cut_ > 0 ? 0 : most_ - std::min(most_, length_);
  const std::string_view seen = plain.substr(0, room);
  output += seen;
  length_ += seen.size();
  cut_ += plain.size() - seen.size();
}

void Printable::end_line(std::string_view end, std::string& output) {
  if (cut_ > 0 && is_coloured_) output += kNoColour;
  if (cut_ > 0) output += fmt::format("… ({} bytes more)", cut_);
  output += end;
  length_ = 0;
  cut_ = 0;
  is_coloured_ = false;
}

// How much of the text is dealt with; 0: more has to come.
std::size_t Printable::take_one(std::string_view text, bool is_last, std::string& output) {
  if (const std::size_t run = plain_run(text); run > 0) {
    write_plain(text.substr(0, run), output);
    return run;
  }
  const char first = text.front();
  if (first == '\n') {
    end_line("\n", output);
    return 1;
  }
  if (first == '\r') {
    if (text.size() == 1 && !is_last) return 0;
    const bool ends = text.size() > 1 && text[1] != '\n' && text[1] != '\r' && length_ + cut_ > 0;
    if (ends) end_line("\n", output);
    return 1;
  }
  if (first == kEscape) {
    const Escape escape = read_escape(text);
    if (escape.kind == EscapeKind::kIncomplete && !is_last) return 0;
    if (escape.kind == EscapeKind::kColour) {
      is_coloured_ = true;
      write(text.substr(0, escape.size), escape.size, output);
    }
    if (escape.size > 0) return escape.size;
  }
  if (is_beginning(text) && !is_last) return 0;
  const Character character = read_character(text);
  const std::size_t size = std::max<std::size_t>(character.size, 1);
  write(shown(text, character), size, output);
  return size;
}

std::string Printable::take(std::string_view piece) {
  waiting_ += piece;
  std::string output;
  std::string_view rest = waiting_;
  while (!rest.empty()) {
    const std::size_t size = take_one(rest, false, output);
    if (size == 0) break;
    rest.remove_prefix(size);
  }
  waiting_.erase(0, waiting_.size() - rest.size());
  return output;
}

std::string Printable::end() {
  std::string output;
  std::string_view rest = waiting_;
  while (!rest.empty()) rest.remove_prefix(take_one(rest, true, output));
  waiting_.clear();
  end_line("", output);
  return output;
}

}  // namespace simswarm::build
