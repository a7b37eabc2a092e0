// The canonical form of result files, and the first difference of two: both parts of an input are files of one kind.
#include "result/canonical.h"

#include <array>

#include "fuzz_support.h"
#include "result/diff.h"

namespace simswarm::fuzz {
namespace {

const Scratch& scratch() {
  static const Scratch folder;
  return folder;
}

std::string canonical(std::string_view text, result::FileKind kind) {
  result::CanonicalFilter filter(kind);
  std::string form;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto kept = filter.keep(text.substr(0, end));
    if (kept) form.append(*kept).append(end == std::string_view::npos ? "" : "\n");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return form;
}

void check_same(const fs::path& one, const fs::path& other) {
  const auto difference = result::file_difference(one, other, "x");
  require(difference && !*difference, "a file does not differ from itself");
}

void check_pair(const fs::path& a, const fs::path& b) {
  const auto first = result::canonical_digest(a);
  const auto second = result::canonical_digest(b);
  const auto there = result::file_difference(a, b, "x");
  const auto back = result::file_difference(b, a, "x");
  require(first && second && there && back, "files that are there are compared");
  require((*first == *second) == !*there, "equal digests: no difference");
  require(there->has_value() == back->has_value(), "a difference goes both ways");
  if (!*there) return;
  const result::Difference& difference = **there;
  require(difference.line_a == (*back)->line_b && difference.line_b == (*back)->line_a, "at the same lines");
  require(difference.line_a != 0 || difference.line_b != 0, "a difference is in a line");
  require(difference.text.starts_with("x: ") && difference.text.find('\n') == std::string::npos,
          "it is told in one line");
}

}  // namespace

void check(std::string_view input) {
  constexpr std::array<const char*, 5> kExtensions{"sca", "vec", "vci", "out", "txt"};
  const std::string extension = kExtensions.at(take_choice(input, 5));
  const std::string_view one = take_part(input);
  const fs::path a = scratch().write("a." + extension, one);
  const fs::path b = scratch().write("b." + extension, input);
  check_same(a, a);
  check_pair(a, b);
  const result::FileKind kind = result::kind_of(a);
  // An index loses the second word of its lines of data: its canonical form is no index.
  if (!result::is_canonical_text(kind) || kind == result::FileKind::kIndex) return;
  const std::string form = canonical(one, kind);
  require(canonical(form, kind) == form, "the canonical form of a canonical form is the same");
}

}  // namespace simswarm::fuzz
