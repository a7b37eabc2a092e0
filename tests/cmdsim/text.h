#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cmdsim {

/// What the simulator reports as `<!> Error: ...`; `message` is whole, with module, time and event.
struct SimulationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What ends a run in an orderly way, with a text of its own and no error.
struct Termination : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string trim(std::string_view text);
bool isBlank(std::string_view text);
bool isNameStart(char c);
bool isNameChar(char c);
std::string lower(std::string text);
std::string replaceAll(std::string text, std::string_view from, std::string_view to);

/// Splits at `separator`, but not inside quotes and brackets; the pieces are trimmed.
std::vector<std::string> splitList(std::string_view text, char separator);
/// Words between any of `separators`, without empty ones.
std::vector<std::string> words(std::string_view text, std::string_view separators);

/// Removes the quotes of a string literal, if the text is exactly one.
std::string unquote(const std::string& text);
bool isQuoted(std::string_view text);
/// Quotes a word for a result file, only where it needs quotes.
std::string quoteIfNeeded(const std::string& text);
/// A value as a part of a file name.
std::string encodeForFileName(const std::string& text);

std::string directoryOf(const std::string& path);
/// `file` seen from `folder`, without `.` and `..` that can be resolved by name.
std::string resolve(const std::string& folder, const std::string& file);
std::string absolutePath(const std::string& path);
void makeFolders(const std::string& path);
bool fileExists(const std::string& path);

/// `printf("%.*g")`.
std::string number(double value, int precision = 6);

}  // namespace cmdsim
