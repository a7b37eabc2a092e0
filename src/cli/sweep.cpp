// simswarm sweep: any program with parameters.
#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/enqueue.h"
#include "cli/on.h"
#include "cli/setup.h"

namespace simswarm::cli {
namespace {

tl::unexpected<Error> misplaced(const std::string& word, std::string_view behind) {
  return usage_error("{} stands behind {}: options of simswarm stand before, those of the program behind its name",
                     word, behind);
}

// «nodes=10,20 seed=1..30 ./scenario --nodes={nodes}»: parameters stand before the first word that is none.
Result<SweepSpec> from_words(const SweepArguments& arguments) {
  SweepSpec spec;
  const std::vector<std::string>& words = arguments.campaign.words;
  auto word = words.begin();
  for (; word != words.end(); ++word) {
    const auto equals = word->find('=');
    if (*word == "--" || equals == std::string::npos || equals == 0 || word->find('/') < equals || word->front() == '-')
      break;
    SIMSWARM_TRY(Parameter parameter, parse_parameter(*word));
    if (parameter.name == "seed") {
      spec.seeds = std::move(parameter.values);
      spec.repetitions = static_cast<std::int64_t>(spec.seeds.size());
    } else {
      spec.grid.push_back(std::move(parameter));
    }
  }
  if (word != words.end() && *word == "--") {
    ++word;
  } else if (word != words.end() && word->front() == '-') {
    return misplaced(*word, "the parameters");
  }
  spec.command.assign(word, words.end());
  if (spec.command.empty()) {
    return usage_error(
        "no command to sweep; for example: simswarm sweep --name wifi nodes=10,20 seed=1..30 -- ./scenario "
        "--nodes={{nodes}} "
        "--seed={{seed}} --out={{results}}/run.csv");
  }
  return spec;
}

// One bare word: a sweep of the settings file.
Result<SweepSpec> from_settings(const std::string& name, const Settings& settings, const fs::path& folder) {
  if (const auto found = settings.sweeps.find(name); found != settings.sweeps.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, spec] : settings.sweeps) names.push_back(known);
  if (names.empty()) {
    return usage_error("there is no sweep «{}»: {} has no [sweep.…] (a command to sweep stands behind --)", name,
                       (folder / "simswarm.toml").string());
  }
  const auto near = near_misses(name, names);
  return usage_error("there is no sweep «{}» in simswarm.toml; {} {}", name,
                     near.empty() ? "there are" : "did you mean", join(near.empty() ? names : near, ", "));
}

void override_spec(const SweepArguments& arguments, SweepSpec& spec) {
  if (!arguments.campaign.name.empty()) spec.name = arguments.campaign.name;
  if (arguments.repetitions) spec.repetitions = *arguments.repetitions;
  if (!arguments.results.empty()) spec.results = arguments.results;
  if (!arguments.stdout_file.empty()) spec.stdout_file = arguments.stdout_file;
  if (!arguments.success_pattern.empty()) spec.success_pattern = arguments.success_pattern;
  if (!arguments.progress.empty()) spec.progress_pattern = arguments.progress;
  if (!arguments.success_codes.empty()) spec.success_codes = arguments.success_codes;
  spec.constraints.insert(spec.constraints.end(), arguments.constraints.begin(), arguments.constraints.end());
  spec.required_files.insert(spec.required_files.end(), arguments.required_files.begin(),
                             arguments.required_files.end());
  const auto& environment = arguments.campaign.environment;
  spec.environment.insert(spec.environment.end(), environment.begin(), environment.end());
}

}  // namespace

Result<ExitCode> sweep(const SweepArguments& arguments) {
  SIMSWARM_TRY(const fs::path folder, working_folder());
  SIMSWARM_TRY(const Settings settings, settings_of(arguments.settings, folder));
  const std::vector<std::string>& words = arguments.campaign.words;
  if (words.size() > 1 && words[1].starts_with('-') && words[1] != "--" && settings.sweeps.contains(words.front())) {
    return misplaced(words[1], "the sweep's name");
  }
  const bool named = words.size() == 1 && words.front() != "--" && words.front().find('=') == std::string::npos &&
                     words.front().find('/') == std::string::npos;
  auto read = named ? from_settings(words.front(), settings, folder) : from_words(arguments);
  SIMSWARM_TRY(SweepSpec spec, std::move(read));
  override_spec(arguments, spec);
  if (!arguments.seeds.empty()) {
    SIMSWARM_TRY(spec.seeds, parse_values(arguments.seeds));
    spec.repetitions = static_cast<std::int64_t>(spec.seeds.size());
  }
  CampaignArguments campaign_arguments = arguments.campaign;
  if (campaign_arguments.name.empty()) campaign_arguments.name = spec.name;
  SIMSWARM_TRY(campaign::Options options, campaign_options(campaign_arguments, settings.campaign, folder));
  worker::StudySpec study{folder, spec};
  spec.environment.insert(spec.environment.end(), settings.campaign.environment.begin(),
                          settings.campaign.environment.end());
  if (!arguments.campaign.swarm.on.empty() && !arguments.campaign.swarm.prebuilt) {
    // What is wrong with the study itself is said before anything is built; its program need not be here.
    const auto checked = make_command_dialect(spec, folder);
    if (!checked && checked.error().code == ExitCode::kUsage) return propagate(checked.error());
    return build_there(campaign_arguments, settings, std::move(options), std::move(study), false);
  }
  SIMSWARM_TRY(const auto dialect, make_command_dialect(std::move(spec), folder));
  if (!arguments.campaign.queue.queue.empty() || !arguments.campaign.swarm.on.empty())
    return enqueue(campaign_arguments, settings.campaign, std::move(options), std::move(study), *dialect);
  return carry_out(campaign_arguments, std::move(options), *dialect);
}

}  // namespace simswarm::cli
