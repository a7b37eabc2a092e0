// What the ledger tells of campaigns that have been: read from its tables, nothing is changed.
#pragma once

#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace simswarm::ledger {

[[nodiscard]] Result<std::vector<CampaignRecord>> read_campaigns(Database& database);
[[nodiscard]] Result<CampaignTotals> count_runs(Database& database, const CampaignRecord& campaign);
[[nodiscard]] Status read_accepted(Database& database, const std::string& campaign,
                                   const std::function<Status(const AcceptedRun&)>& take);

}  // namespace simswarm::ledger
