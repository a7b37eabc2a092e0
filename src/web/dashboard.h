// The dashboard: queues, workers and campaigns as a page and as JSON (doc/formats.md).
#pragma once

#include <string>
#include <vector>

#include "view/overview.h"
#include "web/polled.h"
#include "web/site.h"

namespace simswarm::web {

// What is known of queue and store at a moment.
struct DashboardView {
  Seen<view::Overview> queue;
  bool has_store = false;
  Seen<std::vector<store::CampaignRecord>> store;
};

// What is wrong and what to do, the worst first; empty: nothing.
[[nodiscard]] std::vector<std::string> troubles_of(const DashboardView& view);
[[nodiscard]] std::string overview_json(const DashboardView& view);
[[nodiscard]] Response overview_page(const DashboardView& view, bool may_log_out);
// 200, or 503 with the reason.
[[nodiscard]] Response dashboard_readiness(const DashboardView& view);

using CampaignsSeen = Polled<std::vector<store::CampaignRecord>>;
// What is polled outlives the site. `store` may be null.
[[nodiscard]] SiteOptions dashboard_site(Polled<view::Overview>& queue, CampaignsSeen* store,
                                         const std::optional<std::string>& token);

}  // namespace simswarm::web
