#include "simulator/cmdenv_sections.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::cmdenv {
namespace {

constexpr int kDeepestInclude = 16;

std::string_view without_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == '#' && !quoted) {
      return trim(line.substr(0, i));
    }
  }
  return trim(line);
}

class Reader {
 public:
  void read(const fs::path& file, int depth, std::size_t section) {
    const auto text = read_file(file);
    if (!text || depth > kDeepestInclude) return;
    bool continues = false;
    for (const std::string_view raw : lines(*text)) {
      const bool is_rest = continues || raw.starts_with(' ') || raw.starts_with('\t');
      continues = raw.ends_with('\\');
      if (is_rest || trim(raw).empty()) continue;
      if (raw.starts_with('#')) {
        if (section != kNone) take_mark(sections_[section], raw);
        continue;
      }
      section = take(without_comment(raw), file, depth, section);
    }
  }

  std::vector<Section> all() { return std::move(sections_); }
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

 private:
  // Gives the section that follows.
  std::size_t take(std::string_view line, const fs::path& file, int depth, std::size_t section) {
    if (line.starts_with('[')) return named(heading(line));
    if (line.starts_with("include ")) {
      read(absolute_from(file.parent_path(), fs::path(trim(line.substr(8)))), depth + 1, section);
      return section;
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return section;
    if (section == kNone) section = named("General");
    take_entry(sections_[section], trim(line.substr(0, equals)), trim(line.substr(equals + 1)));
    return section;
  }

  static std::string heading(std::string_view line) {
    std::string_view name = trim(line.substr(1, line.rfind(']') - 1));
    if (name.starts_with("Config ")) name = trim(name.substr(7));
    return std::string(name);
  }

  std::size_t named(const std::string& name) {
    const auto found =
        std::find_if(sections_.begin(), sections_.end(), [&](const Section& section) { return section.name == name; });
    if (found != sections_.end()) return static_cast<std::size_t>(found - sections_.begin());
    sections_.push_back({name});
    return sections_.size() - 1;
  }

  static void take_entry(Section& section, std::string_view key, std::string_view value) {
    if (key == "abstract" && value == "true") section.is_abstract = true;
    if (key != "network" || section.names_network) return;
    section.names_network = true;
    section.network_is_empty = value.empty() || value == "\"\"";
  }

  // «#abstract-config = true (requires omnet 7)», «# emulation = true»
  static void take_mark(Section& section, std::string_view line) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view key = trim(line.substr(1, equals - 1));
    const std::string_view value = trim(line.substr(equals + 1));
    if (!value.starts_with("true") || (value.size() > 4 && value[4] != ' ')) return;
    if (key == "abstract" || key == "abstract-config") section.is_abstract = true;
    if (key == "emulation") section.is_emulation = true;
  }

  std::vector<Section> sections_;
};

}  // namespace

std::vector<Section> sections_in(const std::vector<fs::path>& ini_files) {
  Reader reader;
  for (const fs::path& file : ini_files) reader.read(file, 0, Reader::kNone);
  return reader.all();
}

}  // namespace simswarm::cmdenv
