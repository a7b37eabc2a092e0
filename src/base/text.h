// Small operations on text that the standard library lacks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simswarm {

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
// The lines of a text without their ends («\n» or «\r\n»); a last line without an end counts.
[[nodiscard]] std::vector<std::string_view> lines(std::string_view text);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string replace_all(std::string text, std::string_view from, std::string_view to);

// The whole text as a number, or nothing; «nan» and «inf» are none.
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

// «90», «90s», «15m», «2h», «1.5d» in seconds; nothing when it is no duration.
[[nodiscard]] std::optional<double> parse_duration(std::string_view text);
// «512M», «4GiB», «2g», «1000000» in bytes (powers of 1024); nothing when it is no size.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);
// «850 ms», «12.3 s», «4 min 05 s», «3 h 12 min», «2 d 4 h».
[[nodiscard]] std::string human_duration(double seconds);
// «812 B», «1.5 KiB», «2.3 GiB».
// How deep the lists and objects of a JSON text are nested, as far as brackets outside of strings tell: what comes from
// elsewhere may be nested deeper than any stack.
[[nodiscard]] std::size_t json_depth(std::string_view json);

[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

// The candidates nearest to `word` by edit distance, at most `most`, nearest first: for «did you mean».
[[nodiscard]] std::vector<std::string> near_misses(std::string_view word, const std::vector<std::string>& candidates,
                                                   std::size_t most = 3);

// A word as a POSIX shell would have to be given it.
[[nodiscard]] std::string shell_quoted(std::string_view word);
[[nodiscard]] std::string shell_line(const std::vector<std::string>& argv);

// Shell-like pattern: `*` and `?` within a path component, `**` across components, `[...]` sets.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view path);

}  // namespace simswarm
