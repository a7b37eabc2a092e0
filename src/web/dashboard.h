// The dashboard: queues, workers, jobs and campaigns, seen and managed. web/openapi.json describes what it answers.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "store/store.h"
#include "view/local_watch.h"
#include "web/events.h"
#include "web/lookups.h"
#include "web/site.h"

namespace simswarm::web {

// Two ways to look at one queue.
struct QueueDesk {
  std::unique_ptr<jobs::JobQueue> jobs;
  std::unique_ptr<jobs::QueueWatch> watch;
};

// What there is behind the pages. Functions are called in the thread of their lookups alone.
struct Desk {
  view::Watch* watch = nullptr;
  Lookups* at_queue = nullptr;  // null: there is no queue
  Lookups* at_store = nullptr;  // null: there is no store
  std::function<Result<QueueDesk*>()> queue;
  std::function<Result<store::Store*>()> store;
  view::PositionOf position_of;
  std::function<jobs::JobId(const std::string& campaign, std::size_t position)> job_of;
  struct Cancelled {
    std::size_t waiting = 0, running = 0;
  };
  std::function<Result<Cancelled>(const std::string& campaign)> cancel;  // in the store's lookups
  view::ValueReader* values = nullptr;
  view::LocalWatch* local = nullptr;            // in place of queue and store
  std::function<void(const std::string&)> say;  // what was changed, by whom
};

struct DashboardOptions {
  const Events* events = nullptr;
  const Server* server = nullptr;
  std::optional<std::string> token;
  std::string version;  // of simswarm
  bool is_local = false;
};
// `desk`, and what the options name, outlive it.
[[nodiscard]] SiteOptions dashboard_site(const Desk& desk, const DashboardOptions& options);

// The parts of it.
[[nodiscard]] std::vector<Route> campaign_routes(const Desk& desk);
[[nodiscard]] std::vector<Route> run_routes(const Desk& desk);
[[nodiscard]] std::vector<Route> value_routes(const Desk& desk);
[[nodiscard]] std::vector<Route> job_routes(const Desk& desk);
[[nodiscard]] std::vector<Route> build_routes(const Desk& desk);

// Of what is watched: how old it is, and what is wrong.
void add_age(nlohmann::json& object, const view::Picture& picture);
[[nodiscard]] double age_of(const view::Picture& picture);
// The campaign, as far as it has been read; else the answer to give: nothing, it is on its way, or an error.
struct Found {
  std::shared_ptr<view::Followed> campaign;
  std::optional<Response> instead;
};
[[nodiscard]] Found find_campaign(const Desk& desk, const Call& call);
// A number of the query; `usual` where it is not there. Nothing: it is none, or beyond `most`.
[[nodiscard]] std::optional<std::size_t> number_in(const Call& call, std::string_view name, std::size_t usual,
                                                   std::size_t most);
[[nodiscard]] Response bad_request(const Call& call, const std::string& word);
// Of an error: 503 where it may pass, 404 for what is not there.
[[nodiscard]] Response response_of(const Error& error);
// What Prometheus reads.
[[nodiscard]] std::string metrics_text(const view::Picture& picture, std::size_t streams);

}  // namespace simswarm::web
