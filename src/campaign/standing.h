// How a campaign that workers execute stands in the store.
#pragma once

#include <functional>
#include <string>

#include "campaign/campaign.h"
#include "campaign/foretold.h"
#include "campaign/remote.h"
#include "store/store.h"

namespace simswarm::campaign {

struct Standing {
  store::CampaignRecord campaign;
  std::string memo;  // under which the ledger remembers it, until all of it is here; empty: it does not
  // What its runs see is brought there where it is not there any more.
  std::function<Status()> look_after = [] { return Status(); };
};

// What the plan says, for who has not got the program.
[[nodiscard]] Foretold foretell(const Plan& plan, const Dialect& dialect);
[[nodiscard]] Result<Digest> keep_foretold(const Foretold& foretold, store::Store& store);
// An error: it is missing or damaged, or the store is away.
[[nodiscard]] Result<Foretold> foretold_of(const store::CampaignRecord& campaign, store::Store& store);

// Packs what the runs see here, and makes the campaign known in the store; or finds it there, where the same was asked
// before. `plan` outlives what is given back.
[[nodiscard]] Result<Standing> stand_here(const Options& options, const RemoteOptions& remote, const Plan& plan,
                                          const Dialect& dialect, Ledger& ledger, store::Store& store,
                                          Observer& observer);

// The same as run_remote() for a campaign that stands there already; `options.foretold` is its plan, and `dialect`
// speaks for that.
[[nodiscard]] Result<Summary> follow_campaign(const Options& options, const RemoteOptions& remote,
                                              const Standing& standing, Dialect& dialect, Observer& observer);

// The name under which a ledger remembers a campaign that was asked for in these words.
[[nodiscard]] std::string standing_memo(std::string_view asked, const RemoteOptions& remote, const store::Store& store,
                                        const std::string& name);

}  // namespace simswarm::campaign
