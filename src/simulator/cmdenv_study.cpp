#include "simulator/cmdenv_study.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/text.h"

namespace simswarm::cmdenv {
namespace {

bool is_number_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Splits «$a=1, $b="x, y", $repetition=0» at commas outside of quotes that are followed by «$».
std::vector<std::string_view> split_variables(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text.substr(i).starts_with(", $")) {
      parts.push_back(text.substr(start, i - start));
      start = i + 2;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::optional<Run> read_run_line(std::string_view line, const std::string& config) {
  if (!line.starts_with("Run ")) return std::nullopt;
  const auto colon = line.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = parse_int(line.substr(4, colon - 4));
  if (!number) return std::nullopt;
  Run run{config, *number, {}, 0, std::to_string(*number)};
  for (const std::string_view part : split_variables(line.substr(colon + 2))) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || part.front() != '$') return std::nullopt;
    const std::string_view name = part.substr(1, equals - 1);
    const std::string_view value = part.substr(equals + 1);
    if (name == "repetition") {
      run.repetition = parse_int(value).value_or(0);
    } else {
      run.variables.push_back({std::string(name), std::string(value)});
    }
  }
  return run;
}

}  // namespace

const std::string* RunConfig::entry(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& pair) { return pair.first == key; });
  return found == entries.end() ? nullptr : &found->second;
}

Result<std::vector<RunConfig>> read_study(std::string_view answer, const std::string& config) {
  std::vector<RunConfig> study;
  for (const std::string_view line : lines(answer)) {
    if (trim(line).empty()) continue;
    if (auto run = read_run_line(line, config)) {
      study.push_back({std::move(*run), {}});
      continue;
    }
    if (study.empty()) {
      return environment_error(
          "cannot read what the program says of its runs: «{}» (expected «Run N: $variable=value, …»)",
          line.substr(0, 120));
    }
    auto& entries = study.back().entries;
    const auto equals = line.find(" = ");
    if (line.front() == '\t' && equals != std::string_view::npos) {
      entries.emplace_back(line.substr(1, equals - 1), line.substr(equals + 3));
    } else if (!entries.empty()) {  // a value that goes over several lines
      entries.back().second += fmt::format("\n{}", line);
    }
  }
  for (RunConfig& run : study) {
    if (const std::string* seed_set = run.entry("seed-set")) run.run.seed_set = *seed_set;
  }
  return study;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string plain;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    plain.push_back(text[i]);
  }
  return plain;
}

std::string encoded_for_name(std::string_view text) {
  constexpr std::string_view kSpecial = "/\\:?*<>|'`\"$%{}^&";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') {
      encoded += '_';
    } else if (c == '_') {
      encoded += "#_";
    } else if (c == '#') {
      encoded += "##";
    } else if (byte < 32 || byte > 126 || kSpecial.find(c) != std::string_view::npos) {
      encoded += fmt::format("#{:02x}", byte);
    } else {
      encoded += c;
    }
  }
  return encoded;
}

std::string variables_for_name(const Run& run, char separator) {
  std::string name;
  for (const Variable& variable : run.variables) {
    if (!name.empty()) name += separator;
    if (!is_number_name(variable.name)) name += variable.name + "=";
    name += encoded_for_name(unquoted(variable.value));
  }
  return name;
}

namespace {

std::string with_extension(const std::string& path, std::string_view extension) {
  const auto dot = path.rfind('.');
  const auto slash = path.rfind('/');
  const bool has = dot != std::string::npos && (slash == std::string::npos || dot > slash);
  return path.substr(0, has ? dot : path.size()) + std::string(extension);
}

}  // namespace

FileNames names_of(const RunConfig& config) {
  const Run& run = config.run;
  const std::string* folder_entry = config.entry("result-dir");
  std::string folder = folder_entry == nullptr ? "results" : unquoted(*folder_entry);
  if (const std::string* subdivided = config.entry("resultdir-subdivision");
      subdivided != nullptr && *subdivided == "true") {
    folder += "/" + run.config + (run.variables.empty() ? "" : "/" + variables_for_name(run, '/'));
  }
  const std::string variables = variables_for_name(run);
  const std::string stem =
      fmt::format("{}/{}-{}{}#{}", folder, run.config, variables, variables.empty() ? "" : "-", run.repetition);
  const auto name = [&](std::string_view key, std::string_view extension) {
    const std::string* given = config.entry(key);
    return given == nullptr ? stem + std::string(extension) : unquoted(*given);
  };
  FileNames names{name("output-scalar-file", ".sca"), name("output-vector-file", ".vec"), "",
                  name("cmdenv-output-file", ".out"), name("eventlog-file", ".elog")};
  names.index = with_extension(names.vectors, ".vci");
  return names;
}

std::string digest_of_entries(const RunConfig& config) {
  constexpr std::array<std::string_view, 5> kNoMatter{"repeat", "description", "constraint", "result-dir", "extends"};
  Hasher hasher;
  for (const auto& [key, value] : config.entries) {
    const bool no_matter =
        key.starts_with("cmdenv-") || std::find(kNoMatter.begin(), kNoMatter.end(), key) != kNoMatter.end();
    if (!no_matter) hasher.field(key).field(value);
  }
  return hasher.finish().hex();
}

}  // namespace simswarm::cmdenv
