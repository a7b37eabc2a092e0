// From arguments and settings to the options of a campaign.
#pragma once

#include <functional>
#include <memory>

#include "campaign/campaign.h"
#include "campaign/remote.h"
#include "cli/arguments.h"
#include "settings/settings.h"

namespace simswarm::cli {

[[nodiscard]] Result<fs::path> working_folder();
[[nodiscard]] campaign::StateFolder state_folder(const std::string& state, const fs::path& working_folder);
// The settings file of the folder; empty settings where there is none and none was named.
[[nodiscard]] Result<Settings> settings_of(const std::string& file, const fs::path& working_folder);
[[nodiscard]] Result<campaign::Options> campaign_options(const CampaignArguments& arguments,
                                                         const CampaignSettings& settings,
                                                         const fs::path& working_folder);
// Of an option that was given: «90», «15m»; «512M», «4GiB».
[[nodiscard]] Status duration_from(const char* option, const std::string& word, std::optional<double>& seconds);
[[nodiscard]] Status size_from(const char* option, const std::string& word, std::optional<std::uint64_t>& bytes);
// Where none was given, what is there stays.
[[nodiscard]] Status limits_from(const RunArguments& arguments, exec::Limits& limits, std::optional<double>& stall);
[[nodiscard]] Status limits_from(const CampaignArguments& arguments, const CampaignSettings& settings,
                                 exec::Limits& limits, std::optional<double>& stall);
// «auto» where none was given.
[[nodiscard]] Result<std::string> layer_from(const std::string& word);
// The same; nothing for «auto».
[[nodiscard]] Result<std::optional<exec::Containment>> containment_from(const std::string& word);
// Plans, shows or executes, here or (`remote`) by workers; gives the exit code by the outcome.
[[nodiscard]] Result<ExitCode> carry_out(const CampaignArguments& arguments, campaign::Options options,
                                         Dialect& dialect, const campaign::RemoteOptions* remote = nullptr);

// Carries out what gives a summary, with its events on a screen and interrupts caught; the exit code by the outcome.
using Work = std::function<Result<campaign::Summary>(const campaign::Options&, campaign::Observer&)>;
[[nodiscard]] Result<ExitCode> observed(const CampaignArguments& arguments, campaign::Options options,
                                        const Work& work);

// The campaign a question is about: its id or a beginning of it, its name, or the newest.
[[nodiscard]] Result<CampaignRecord> find_campaign(Ledger& ledger, const std::string& wanted);
// The ledger of a folder in which a campaign has been run, else an error.
struct Opened {
  fs::path working_folder;
  campaign::StateFolder state;
  std::unique_ptr<Ledger> ledger;
};
[[nodiscard]] Result<Opened> open_ledger(const LookArguments& arguments);

}  // namespace simswarm::cli
