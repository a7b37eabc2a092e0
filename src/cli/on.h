// --on: a swarm by its name, and campaigns that are built there.
#pragma once

#include "campaign/built.h"
#include "cli/arguments.h"
#include "settings/settings.h"

namespace simswarm::cli {

// Where queue and store of a name are; without one what --queue and --store say.
struct Where {
  std::string queue, store;  // URLs with passwords
  std::string image{};       // of the name; may be empty
  std::string words{};       // « --on NAME», for commands that messages name
};
[[nodiscard]] Result<Where> where_is(const std::string& on, const QueueArguments& queue, const StoreArguments& store);

// Sends the project there, to be built and run. `study` is as it is here: its folder and words are made to hold there.
[[nodiscard]] Result<ExitCode> build_there(const CampaignArguments& arguments, const Settings& settings,
                                           campaign::Options options, worker::StudySpec study, bool run_number_unused);

}  // namespace simswarm::cli
