#include "text.h"

#include <cctype>
#include <cstdio>
#include <filesystem>

namespace cmdsim {
namespace {

bool isSpace(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

/// Position after the string literal that begins at `at`, or the end of the text.
size_t skipLiteral(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

}  // namespace

std::string trim(std::string_view text) {
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
  return std::string(text);
}

bool isBlank(std::string_view text) {
  return trim(text).empty();
}

bool isNameStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool isNameChar(char c) {
  return isNameStart(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string replaceAll(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::vector<std::string> splitList(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  int depth = 0;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = skipLiteral(text, at);
      continue;
    }
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (c == separator && depth <= 0) {
      parts.push_back(trim(text.substr(begin, at - begin)));
      begin = at + 1;
    }
    ++at;
  }
  if (begin < text.size() || !parts.empty()) parts.push_back(trim(text.substr(begin)));
  return parts;
}

std::vector<std::string> words(std::string_view text, std::string_view separators) {
  std::vector<std::string> found;
  size_t at = 0;
  while ((at = text.find_first_not_of(separators, at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(separators, at), text.size());
    found.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

bool isQuoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && skipLiteral(text, 0) == text.size() && text.back() == '"';
}

std::string unquote(const std::string& text) {
  if (!isQuoted(text)) return text;
  std::string plain;
  for (size_t at = 1; at + 1 < text.size(); ++at) {
    if (text[at] == '\\' && at + 2 < text.size()) {
      ++at;
      plain += text[at] == 'n' ? '\n' : text[at] == 't' ? '\t' : text[at];
    } else {
      plain += text[at];
    }
  }
  return plain;
}

std::string quoteIfNeeded(const std::string& text) {
  bool needed = text.empty();
  std::string quoted = "\"";
  for (char c : text) {
    needed = needed || isSpace(c) || c == '\\' || c == '"' || std::iscntrl(static_cast<unsigned char>(c)) != 0;
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else {
      quoted += c;
    }
  }
  return needed ? quoted + "\"" : text;
}

std::string encodeForFileName(const std::string& text) {
  static constexpr std::string_view kForbidden = "/\\:?*<>|'`\"$%{}^&";
  std::string encoded;
  for (char c : text) {
    if (c == ' ') {
      encoded += '_';
    } else if (c == '_' || c == '#') {
      encoded += '#';
      encoded += c;
    } else if (c < ' ' || c == 127 || kForbidden.find(c) != std::string_view::npos) {
      char code[16];
      std::snprintf(code, sizeof code, "#%2x", static_cast<unsigned>(static_cast<int>(c)));
      encoded += code;
    } else {
      encoded += c;
    }
  }
  return encoded;
}

std::string directoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string resolve(const std::string& folder, const std::string& file) {
  const std::filesystem::path joined = std::filesystem::path(folder.empty() ? "." : folder) / file;
  return joined.lexically_normal().string();
}

std::string absolutePath(const std::string& path) {
  return resolve(std::filesystem::current_path().string(), path);
}

void makeFolders(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) throw SimulationError("Cannot create directory '" + path + "': " + failure.message());
}

bool fileExists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string number(double value, int precision) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", precision, value);
  return text;
}

}  // namespace cmdsim
