// simswarm.toml, and the studies that its sweeps make.
#include "settings/settings.h"

#include <cmath>
#include <set>

#include "base/text.h"
#include "fuzz_support.h"
#include "simulator/command_study.h"

namespace simswarm::fuzz {
namespace {

constexpr std::uint64_t kMostPoints = 500;  // that are looked at

void check_campaign(const CampaignSettings& campaign) {
  require(campaign.jobs.value_or(1) >= 1, "jobs is 1 or more");
  require(campaign.retries.value_or(0) >= 0, "retries is 0 or more");
  require(campaign.max_failures.value_or(1) >= 1, "max_failures is 1 or more");
  require(campaign.memory_bytes.value_or(1) > 0, "memory is a size");
  const double timeout = campaign.timeout_seconds.value_or(1);
  require(std::isfinite(timeout) && timeout > 0, "timeout is a duration");
}

bool is_small(const SweepSpec& spec) {
  std::uint64_t points = static_cast<std::uint64_t>(spec.repetitions);
  const auto grow = [&](const std::vector<Parameter>& group) {
    for (const Parameter& parameter : group) points *= parameter.values.empty() ? 1 : parameter.values.size();
    return points <= kMostPoints;
  };
  for (const Parameter& parameter : spec.grid) {
    if (!grow({parameter})) return false;
  }
  for (const auto& group : spec.zipped) {
    if (!grow(group)) return false;
  }
  return points <= kMostPoints;
}

void check_study(const SweepSpec& spec) {
  if (!is_small(spec)) return;
  const auto study = Study::of(spec);
  if (!study) return require(!study.error().message.empty(), "an error says what is wrong");
  require(study->run_count() > 0, "a study has runs");
  const std::string root = study->results_root();
  std::set<std::string> folders;
  for (std::uint64_t i = 0; i < study->run_count(); ++i) {
    const Run run = study->run(i);
    const std::string folder = study->folder_of(run);
    require(folders.insert(folder).second, "each run has a folder of its own");
    require(folder == root || folder.starts_with(root + "/"), "it lies among the results");
    for (const std::string_view component : split(folder, '/')) require(component != "..", "it leaves no folder");
    const std::string kept = study->stdout_of(run);
    require(kept.empty() || kept.starts_with(folder + "/"), "standard output is kept in it");
    static_cast<void>(study->required_of(run));
    for (const Template& word : study->command()) static_cast<void>(study->filled(word, run, Filling::kPlain));
    require(point_label(run, true).size() <= 220, "a label fits into a file name");
  }
}

}  // namespace

void check(std::string_view input) {
  if (spells_out_much(input)) return;
  const auto settings = parse_settings(input, "simswarm.toml");
  if (!settings) {
    require(settings.error().code == ExitCode::kUsage, "an error in the settings is one of usage");
    return require(settings.error().message.starts_with("simswarm.toml:"), "it names the file");
  }
  check_campaign(settings->campaign);
  for (const auto& [name, spec] : settings->sweeps) {
    require(spec.name == name, "a sweep has its name");
    check_study(spec);
  }
}

}  // namespace simswarm::fuzz
