#include "simulator/command_study.h"

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "simulator/command_constraints.h"
#include "simulator/command_text.h"

namespace simswarm {
namespace {

constexpr std::uint64_t kMostRuns = 10'000'000;
constexpr std::uint64_t kMostCandidates = 100'000'000;  // before the constraints

std::string normal(const std::string& path) {
  std::string text = fs::path(path).lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

Status check_sweep_name(const std::string& name) {
  const auto fits = [](char c) {
    return is_identifier(std::string("_") + c) || c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
  };
  if (!name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), fits)) return {};
  return usage_error("«{}» cannot name a sweep: letters, digits, «_», «-» and «.» are taken, not beginning with a dot",
                     name);
}

// A path of the spec that has to stay where it is put.
Status check_path(std::string_view key, const std::string& path) {
  if (path.empty()) return usage_error("{} is empty", key);
  if (path.front() == '/') return usage_error("{} «{}» is absolute; it is relative", key, path);
  for (const std::string_view component : split(path, '/')) {
    if (component == "..") return usage_error("{} «{}» leaves its folder by «..»", key, path);
  }
  return {};
}

Status check_codes(const std::vector<int>& codes) {
  if (codes.empty()) return usage_error("no exit code counts as success; usually 0 does");
  for (const int code : codes) {
    if (code < 0 || code > 255) return usage_error("{} is no exit code; they go from 0 to 255", code);
  }
  return {};
}

}  // namespace

Result<Study> Study::of(SweepSpec spec) {
  Study study;
  study.spec_ = std::move(spec);
  SIMSWARM_CHECK(study.check_words());
  SIMSWARM_TRY(study.points_, Points::of(study.spec_));
  SIMSWARM_CHECK(study.parse_words());
  SIMSWARM_CHECK(study.check_repetitions());
  SIMSWARM_CHECK(study.check_used());
  SIMSWARM_CHECK(study.check_success());
  SIMSWARM_CHECK(study.keep_by_constraints());
  SIMSWARM_CHECK(study.check_folders());
  return study;
}

Status Study::check_words() {
  SIMSWARM_CHECK(check_sweep_name(spec_.name));
  if (spec_.command.empty()) return usage_error("there is no command to run");
  SIMSWARM_CHECK(check_path("results", spec_.results));
  if (!spec_.stdout_file.empty()) SIMSWARM_CHECK(check_path("stdout", spec_.stdout_file));
  for (const std::string& name : spec_.environment) {
    if (name.empty() || name.find('=') != std::string::npos) {
      return usage_error("«{}» names no environment variable; names are listed, not values", name);
    }
  }
  return {};
}

Status Study::parse_words() {
  const auto& parameters = points_.parameters();
  for (const std::string& word : spec_.command) {
    SIMSWARM_TRY(Template parsed, Template::parse(word, "the command", parameters));
    command_.push_back(std::move(parsed));
  }
  SIMSWARM_TRY(results_, Template::parse(spec_.results, "results", parameters));
  SIMSWARM_TRY(stdout_file_, Template::parse(spec_.stdout_file, "stdout", parameters));
  if (results_.uses(Slot::kResults)) return usage_error("results «{}» cannot hold {{results}}", spec_.results);
  if (stdout_file_.uses(Slot::kResults)) {
    return usage_error("stdout «{}» lies in the run's folder without {{results}}", spec_.stdout_file);
  }
  for (const std::string& path : spec_.required_files) {
    SIMSWARM_TRY(Template parsed, Template::parse(path, "success.files", parameters));
    SIMSWARM_CHECK(check_path("success.files", path));
    required_.push_back(std::move(parsed));
  }
  return {};
}

Status Study::check_repetitions() {
  const std::vector<std::string>& seeds = spec_.seeds;
  if (spec_.repetitions < 1) return usage_error("repetitions is {}; at least 1 is needed", spec_.repetitions);
  if (!seeds.empty() && spec_.repetitions == 1) spec_.repetitions = static_cast<std::int64_t>(seeds.size());
  const auto repetitions = static_cast<std::uint64_t>(spec_.repetitions);
  if (!seeds.empty() && seeds.size() != repetitions) {
    return usage_error("there are {} repetitions, but {} seeds; each repetition has one", repetitions, seeds.size());
  }
  std::unordered_set<std::string_view> seen;
  for (const std::string& seed : seeds) {
    if (!seen.insert(seed).second) return usage_error("seed «{}» is listed twice", seed);
  }
  if (repetitions > kMostCandidates / std::max<std::uint64_t>(points_.count(), 1)) {
    return usage_error("{} points times {} repetitions are too many runs; at most {} are taken", points_.count(),
                       repetitions, kMostRuns);
  }
  return {};
}

bool Study::command_uses(Slot slot) const {
  return std::any_of(command_.begin(), command_.end(), [&](const Template& word) { return word.uses(slot); });
}

Status Study::check_used() const {
  for (const std::string& name : points_.parameters()) {
    const bool used =
        std::any_of(command_.begin(), command_.end(), [&](const Template& word) { return word.uses_parameter(name); });
    if (!used)
      return usage_error("no placeholder uses the parameter «{0}»; write {{{0}}} in the command, or drop it", name);
  }
  const auto& names = points_.parameters();
  if (!spec_.seeds.empty() && std::find(names.begin(), names.end(), "seed") != names.end()) {
    return usage_error("«seed» is a parameter, and there are seeds too; {{seed}} can be one of them only");
  }
  if (!spec_.seeds.empty() && !command_uses(Slot::kSeed)) {
    return usage_error("there are seeds, but no placeholder uses them; write {{seed}} in the command, or drop them");
  }
  const bool told_apart = command_uses(Slot::kSeed) || command_uses(Slot::kRepetition) || command_uses(Slot::kRun) ||
                          results_.uses(Slot::kRepetition);
  if (spec_.repetitions > 1 && !told_apart) {
    return usage_error(
        "{} repetitions would be one and the same run; write {{seed}} or {{repetition}} in the command (or, where the "
        "program "
        "draws its own seeds, {{repetition}} in results)",
        spec_.repetitions);
  }
  return {};
}

Status Study::check_success() {
  SIMSWARM_CHECK(check_codes(spec_.success_codes));
  SIMSWARM_TRY(success_, LinePattern::parse(spec_.success_pattern, "success.pattern"));
  SIMSWARM_TRY(progress_, LinePattern::parse(spec_.progress_pattern, "progress"));
  if (!progress_.empty() && progress_.groups() == 0) {
    return usage_error("progress «{}» has no group; the first (...) is the percentage, as in «([0-9.]+)%»",
                       progress_.text());
  }
  return {};
}

Status Study::keep_by_constraints() {
  if (!spec_.constraints.empty()) {
    SIMSWARM_TRY(kept_, runs_that_meet(spec_.constraints, points_, spec_));
  }
  if (run_count() > kMostRuns)
    return usage_error("the sweep has {} runs; at most {} are taken", run_count(), kMostRuns);
  return {};
}

// Two runs in one folder would take each other's results. Where a whole component tells the runs apart nothing has to
// be compared.
Status Study::check_folders() const {
  const std::string root = results_root();
  if (root.empty() || root == ".") {
    return usage_error("results «{}» needs a folder that holds nothing but results, as in results/{{point}}",
                       spec_.results);
  }
  for (const std::string_view component : split(spec_.results, '/')) {
    if (component == "{point}" || component == "{run}") return {};
  }
  std::unordered_set<std::string> seen;
  for (std::uint64_t i = 0; i < run_count(); ++i) {
    const std::string folder = folder_of(run(i));
    if (!seen.insert(folder).second) {
      return usage_error("two runs would write to the folder «{}»; use {{point}} in results «{}»", folder,
                         spec_.results);
    }
  }
  return {};
}

std::uint64_t Study::candidates() const {
  return points_.count() * static_cast<std::uint64_t>(spec_.repetitions);
}

std::uint64_t Study::run_count() const {
  return spec_.constraints.empty() ? candidates() : kept_.size();
}

Run Study::run(std::uint64_t index) const {
  const auto repetitions = static_cast<std::uint64_t>(spec_.repetitions);
  const std::uint64_t candidate = spec_.constraints.empty() ? index : kept_[index];
  std::vector<std::string_view> values;
  points_.read(candidate / repetitions, values);
  Run run;
  run.config = spec_.name;
  run.number = static_cast<std::int64_t>(index);
  run.repetition = static_cast<std::int64_t>(candidate % repetitions);
  run.variables.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    run.variables.push_back({points_.parameters()[i], std::string(values[i])});
  }
  const std::string_view own = value_in(run, "seed");
  if (!own.empty()) run.seed_set = own;
  if (own.empty() && command_uses(Slot::kSeed)) run.seed_set = seed_of(candidate % repetitions);
  return run;
}

std::string Study::seed_of(std::uint64_t repetition) const {
  return repetition < spec_.seeds.size() ? spec_.seeds[repetition] : std::to_string(repetition + 1);
}

std::string Study::filled(const Template& word, const Run& run, Filling filling) const {
  const auto safe = [&](std::string_view value) {
    return filling == Filling::kFileName ? safe_component(value) : std::string(value);
  };
  return word.render([&](const Piece& piece) -> std::string {
    switch (piece.slot) {
      case Slot::kParameter:
        return safe(value_in(run, piece.name));
      case Slot::kSeed:
        return safe(run.seed_set.empty() ? seed_of(static_cast<std::uint64_t>(run.repetition)) : run.seed_set);
      case Slot::kRepetition:
        return std::to_string(run.repetition);
      case Slot::kRun:
        return std::to_string(run.number);
      case Slot::kName:
        return spec_.name;
      case Slot::kPoint:
        return point_label(run, spec_.repetitions > 1);
      case Slot::kResults:
        return filling == Filling::kKey ? "{results}" : folder_of(run);
    }
    return {};
  });
}

std::string Study::folder_of(const Run& run) const {
  return normal(filled(results_, run, Filling::kFileName));
}

std::string Study::stdout_of(const Run& run) const {
  if (spec_.stdout_file.empty()) return {};
  return normal(folder_of(run) + "/" + filled(stdout_file_, run, Filling::kFileName));
}

std::vector<std::string> Study::required_of(const Run& run) const {
  std::vector<std::string> paths;
  for (const Template& path : required_) {
    const std::string own = path.uses(Slot::kResults) ? "" : folder_of(run) + "/";
    paths.push_back(normal(own + filled(path, run, Filling::kPlain)));
  }
  return paths;
}

std::string Study::results_root() const {
  std::string fixed;
  for (const Piece& piece : results_.pieces()) {
    fixed += piece.literal;
    if (piece.name.empty()) continue;
    if (piece.slot != Slot::kName) return normal(fixed.substr(0, fixed.rfind('/') + 1));
    fixed += spec_.name;
  }
  return normal(fixed);
}

}  // namespace simswarm
