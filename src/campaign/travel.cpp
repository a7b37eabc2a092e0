#include "campaign/travel.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "exec/process.h"

namespace simswarm::campaign {
namespace {

constexpr std::array<std::string_view, 4> kPaths{"NEDPATH", "OMNETPP_NED_PATH", "OMNETPP_IMAGE_PATH",
                                                 "LD_LIBRARY_PATH"};

bool may_stand_before(char c) {
  return std::string_view(":;=,'\"").find(c) != std::string_view::npos;
}

bool may_follow(char c) {
  return c == '/' || std::string_view(":;,'\" ").find(c) != std::string_view::npos;
}

// Every place where the path stands as one, or begins one, becomes `with`.
std::string replace_path(const std::string& text, const std::string& path, std::string_view with) {
  std::string result;
  std::size_t at = 0;
  while (true) {
    const std::size_t found = text.find(path, at);
    if (found == std::string::npos) return result + text.substr(at);
    const std::size_t end = found + path.size();
    // «-n/p/src», «-I/p»: a letter behind a dash may stand before it, too.
    const bool behind_option = found == 2 && text[0] == '-';
    const bool begins = found == 0 || may_stand_before(text[found - 1]) || behind_option;
    const bool ends = end == text.size() || may_follow(text[end]);
    result += text.substr(at, found - at);
    result += begins && ends ? std::string(with) : path;
    at = end;
  }
}

std::string kept_parts(const std::string& value, const fs::path& top) {
  const char separator = value.find(';') == std::string::npos ? ':' : ';';
  std::vector<std::string> parts;
  for (const std::string_view part : split(value, separator)) {
    if (!part.empty() && lies_in(top, fs::path(part).lexically_normal())) parts.emplace_back(part);
  }
  return join(parts, std::string(1, separator));
}

bool names_a_root(std::string_view name) {
  return name.ends_with("_ROOT") || name.ends_with("_PROJ");
}

}  // namespace

std::vector<std::string> portable_words(const Travel& travel, std::vector<std::string> words) {
  if (words.empty()) return words;
  const auto relative = [&](const fs::path& path) {
    const std::string inside = path.lexically_relative(travel.working_folder).string();
    return inside.find('/') == std::string::npos ? "./" + inside : inside;
  };
  if (words.front().find('/') == std::string::npos) {
    const auto program = exec::find_program(words.front(), travel.working_folder);
    if (program && lies_in(travel.top, program->lexically_normal()))
      words.front() = relative(program->lexically_normal());
  }
  const std::string up = travel.top.lexically_relative(travel.working_folder).string();
  for (std::string& word : words) {
    const bool is_list = word.find_first_of(":;") != std::string::npos;
    const fs::path path = is_list ? fs::path() : fs::path(word).lexically_normal();
    word =
        path.is_absolute() && lies_in(travel.top, path) ? relative(path) : replace_path(word, travel.top.string(), up);
  }
  return words;
}

std::vector<Brought> portable_environment(const Travel& travel, const std::vector<std::string>& all_names,
                                          const std::vector<std::string>& named,
                                          const std::function<std::optional<std::string>(const std::string&)>& get) {
  std::vector<Brought> brought;
  std::set<std::string> names(all_names.begin(), all_names.end());
  names.insert(named.begin(), named.end());
  for (const std::string& name : names) {
    const auto value = get(name);
    if (!value) continue;
    const bool is_named = std::find(named.begin(), named.end(), name) != named.end();
    const bool is_path = std::find(kPaths.begin(), kPaths.end(), name) != kPaths.end();
    const bool is_root = names_a_root(name) && lies_in(travel.top, fs::path(*value).lexically_normal());
    if (!is_named && !is_path && !is_root) continue;
    const std::string kept = is_path && !is_named ? kept_parts(*value, travel.top) : *value;
    if (kept.empty() && !is_named) continue;
    brought.push_back({name, replace_path(kept, travel.top.string(), kTopWord)});
  }
  return brought;
}

}  // namespace simswarm::campaign
