// Campaigns in memory for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "view/campaign_model.h"

namespace simswarm::view {

inline RunKey key_at(std::size_t position) {
  return {digest_of("run " + std::to_string(position))};
}

inline Run run_of(const std::string& config, std::int64_t repetition = 0, std::vector<Variable> variables = {}) {
  Run run;
  run.config = config;
  run.repetition = repetition;
  run.variables = std::move(variables);
  return run;
}

// Of one configuration, with the values of «load» in turn, and repetitions of each.
inline RunList runs_over(const std::vector<std::string>& loads, std::int64_t repetitions,
                         const std::string& config = "Study") {
  RunList runs;
  std::int64_t number = 0;
  for (const std::string& load : loads) {
    for (std::int64_t repetition = 0; repetition < repetitions; ++repetition) {
      Run run;
      run.config = config;
      run.number = number++;
      run.repetition = repetition;
      run.variables = {{"load", load}, {"kind", number % 2 == 0 ? "even" : "odd"}};
      runs.push_back(run);
    }
  }
  return runs;
}

inline std::vector<DigestBytes> keys_for(std::size_t runs) {
  std::vector<DigestBytes> keys;
  for (std::size_t i = 0; i < runs; ++i) keys.push_back(key_at(i).digest.bytes());
  return keys;
}

inline CampaignModel model_over(const std::vector<std::string>& loads, std::int64_t repetitions) {
  RunList runs = runs_over(loads, repetitions);
  std::vector<DigestBytes> keys = keys_for(runs.size());
  return {std::move(runs), std::move(keys)};
}

// An attempt of so many seconds that began so long after the epoch.
inline Facts facts(Cell cell, double started = 0, double seconds = 0, std::uint64_t memory = 0,
                   std::uint32_t place = 0) {
  Facts made;
  made.is_exact = true;
  made.cell = cell;
  made.attempt = 1;
  made.place = place;
  made.started = started;
  made.ended = cell == Cell::kRunning ? 0 : started + seconds;
  made.seconds = static_cast<float>(seconds);
  made.memory = memory;
  return made;
}

}  // namespace simswarm::view
