// What `history` and `provenance` tell of a campaign.
#pragma once

#include <string>

#include "campaign/state.h"
#include "ledger/ledger.h"

namespace simswarm::cli {

// As the ledger has it; «cut off» for one that runs by the ledger and has no living process.
[[nodiscard]] std::string state_of(const CampaignRecord& campaign, const campaign::StateFolder& state);

// As noted at its end, else counted. The time of one that runs goes on.
[[nodiscard]] Result<CampaignTotals> totals_of(Ledger& ledger, const CampaignRecord& campaign,
                                               const std::string& state);

// As a JSON object; doc/formats.md describes it.
[[nodiscard]] std::string campaign_json(const CampaignRecord& campaign, const std::string& state,
                                        const CampaignTotals& totals);

}  // namespace simswarm::cli
