#include "ini_file.h"

#include <algorithm>
#include <fstream>

#include "text.h"

namespace cmdsim {
namespace {

std::string at(const std::string& file, int line) {
  return "'" + file + "' line " + std::to_string(line);
}

/// The line without its comment.
std::string content(const std::string& line, const std::string& file, int lineNumber) {
  bool inLiteral = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (inLiteral && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      inLiteral = !inLiteral;
    } else if (line[i] == '#' && !inLiteral) {
      return trim(line.substr(0, i));
    }
  }
  if (inLiteral) throw SimulationError("Unterminated string constant, " + at(file, lineNumber));
  return trim(line);
}

bool isIndented(const std::string& line) {
  return !line.empty() && (line[0] == ' ' || line[0] == '\t');
}

/// Lines joined: a backslash at the end, or an indented line after one with content, continues.
struct Line {
  std::string text;
  int number;
};

std::vector<Line> joinedLines(std::istream& in, const std::string& file) {
  std::vector<Line> lines;
  std::string raw;
  bool afterBackslash = false;
  for (int number = 1; std::getline(in, raw); ++number) {
    if (!raw.empty() && raw.back() == '\r') raw.pop_back();
    const bool continues = afterBackslash;
    afterBackslash = !raw.empty() && raw.back() == '\\';
    if (afterBackslash) raw.pop_back();
    const bool previousHasContent = !lines.empty() && !isBlank(lines.back().text) && trim(lines.back().text)[0] != '#';
    if (continues && !lines.empty()) {
      lines.back().text += raw;
    } else if (isIndented(raw) && !isBlank(raw) && previousHasContent) {
      lines.back().text = content(lines.back().text, file, number) + "\n" + content(raw, file, number);
    } else {
      lines.push_back({raw, number});
    }
  }
  return lines;
}

}  // namespace

int IniFile::find(const std::string& name) const {
  const auto found = std::find_if(sections_.begin(), sections_.end(), [&](const Section& s) { return s.name == name; });
  return found == sections_.end() ? -1 : static_cast<int>(found - sections_.begin());
}

int IniFile::section(const std::string& name) {
  const int known = find(name);
  if (known != -1) return known;
  sections_.push_back({name, {}});
  return static_cast<int>(sections_.size()) - 1;
}

void IniFile::read(const std::string& file) {
  fileName_ = file;
  if (defaultFolder_.empty()) defaultFolder_ = directoryOf(file);
  std::vector<std::string> open;
  readInto(file, absolutePath(file), -1, open);
}

void IniFile::readInto(const std::string& name, const std::string& path, int section, std::vector<std::string>& open) {
  if (std::find(open.begin(), open.end(), path) != open.end()) {
    throw SimulationError("Ini file '" + name + "' includes itself, directly or indirectly");
  }
  std::ifstream in(path);
  if (!in.is_open()) throw SimulationError("Cannot open ini file '" + name + "'");
  open.push_back(path);
  Place place{name, path, section, {}};
  for (const Line& line : joinedLines(in, name)) takeLine(line.text, line.number, place, open);
  open.pop_back();
}

void IniFile::takeLine(const std::string& line, int lineNumber, Place& place, std::vector<std::string>& open) {
  if (isBlank(line) || line[0] == '#') return;
  if (isIndented(line)) {
    throw SimulationError("Content must begin on column 1 because indentation is used for line continuation, " +
                          at(place.name, lineNumber));
  }
  const std::string text = content(line, place.name, lineNumber);
  if (text.rfind("include ", 0) == 0) {
    const std::string file = trim(text.substr(8));
    readInto(file, resolve(directoryOf(place.path), file), place.section, open);
    return;
  }
  if (text[0] == '[') {
    takeHeading(text, lineNumber, place);
    return;
  }
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw SimulationError("Line must be in the form key=value, " + at(place.name, lineNumber));
  }
  if (place.section == -1) place.section = section("General");
  auto& entries = sections_[static_cast<size_t>(place.section)].entries;
  entries.push_back({trim(text.substr(0, equals)), trim(text.substr(equals + 1)), directoryOf(place.path)});
}

void IniFile::takeHeading(const std::string& content, int lineNumber, Place& place) {
  if (content.back() != ']') throw SimulationError("Syntax error in section heading, " + at(place.name, lineNumber));
  std::string name = trim(content.substr(1, content.size() - 2));
  if (name.rfind("Config ", 0) == 0) name = trim(name.substr(7));
  if (name.empty()) throw SimulationError("Section name cannot be empty, " + at(place.name, lineNumber));
  auto& seen = place.seenSections;
  if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
    throw SimulationError("Duplicate section '" + name + "' within file, " + at(place.name, lineNumber));
  }
  seen.push_back(name);
  place.section = section(name);
}

}  // namespace cmdsim
