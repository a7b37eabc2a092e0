// simswarm dashboard: a page of queues, workers and campaigns.
#include "web/dashboard.h"

#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/queue_url.h"
#include "queue/redis_url.h"
#include "store/store_url.h"

namespace simswarm::cli {
namespace {

constexpr std::chrono::milliseconds kQueuePace{1'000};
constexpr std::chrono::milliseconds kStorePace{10'000};
constexpr std::chrono::milliseconds kRedisTimeout{2'000};

// Connects when it is first looked at, and again when that has failed: Redis may come after us.
web::Polled<view::Overview>::Look looking_at_queue(const std::string& url, const QueueArguments& arguments) {
  return [url, arguments, queue = std::shared_ptr<jobs::JobQueue>()]() mutable -> Result<view::Overview> {
    if (!queue) {
      jobs::JobQueueOptions options;
      options.connect_timeout = kRedisTimeout;
      options.fresh_url = [arguments] { return queue_url(arguments); };
      SIMSWARM_TRY(queue, jobs::open_job_queue(url, options));
    }
    return view::look_over(*queue);
  };
}

web::CampaignsSeen::Look looking_at_store(const std::string& url, const StoreArguments& arguments) {
  return [url, arguments,
          store = std::shared_ptr<store::Store>()]() mutable -> Result<std::vector<store::CampaignRecord>> {
    if (!store) {
      SIMSWARM_TRY(store, store::open_store(url, [arguments] { return store_url(arguments); }));
    }
    return store->campaigns();
  };
}

}  // namespace

Result<ExitCode> dashboard_command(const DashboardArguments& arguments) {
  SIMSWARM_TRY(const std::string queue_at, queue_url(arguments.queue));
  SIMSWARM_CHECK(jobs::parse_redis_url(queue_at));
  std::string store_at;
  if (names_store(arguments.store)) {
    SIMSWARM_TRY(store_at, store_url(arguments.store));
    SIMSWARM_CHECK(store::parse_store_url(store_at));
  }
  SIMSWARM_TRY(web::Service service, open_pages("dashboard", arguments.pages));
  const auto news = [&server = service.server()] { server.wake(); };
  web::Polled<view::Overview> queue(looking_at_queue(queue_at, arguments.queue), kQueuePace, news);
  std::unique_ptr<web::CampaignsSeen> store;
  if (!store_at.empty())
    store = std::make_unique<web::CampaignsSeen>(looking_at_store(store_at, arguments.store), kStorePace, nullptr);
  return serve_pages(service, web::dashboard_site(queue, store.get(), service.token()));
}

}  // namespace simswarm::cli
