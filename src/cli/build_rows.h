// What pages show of a campaign before its runs are known: what the job of its build tells.
#pragma once

#include <optional>

#include "view/build_jobs.h"

namespace simswarm::store {
class Store;
}

namespace simswarm::cli {

// Nothing: it is no build of a campaign, or one that has ended well.
[[nodiscard]] std::optional<view::CampaignRow> row_of_build(const jobs::JobDetails& build);
// From the request that lies in the store. `can_retry`: the store is away.
[[nodiscard]] Result<view::BuildAsked> load_request(const jobs::JobDetails& build, store::Store& store);

}  // namespace simswarm::cli
