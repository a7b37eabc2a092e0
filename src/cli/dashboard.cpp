// simswarm dashboard: pages of queues, workers, jobs and campaigns.
#include "web/dashboard.h"

#include <nlohmann/json.hpp>

#include <iostream>
#include <mutex>

#include "campaign/built.h"
#include "campaign/remote.h"
#include "campaign/standing.h"
#include "campaign/submission.h"
#include "cli/build_rows.h"
#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/queue_url.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "queue/redis_url.h"
#include "settings/hosts.h"
#include "settings/hosts_private.h"
#include "store/store_url.h"
#include "web/json_of.h"

namespace simswarm::cli {
namespace {

constexpr std::chrono::milliseconds kRedisTimeout{2'000};
constexpr double kQueueRate = 1.5;  // lookups a second, in the long run: who looks at a run asks for its output each
constexpr double kStoreRate = 0.5;  // lookups a second, in the long run: campaigns are looked at and values read beside

// Where queue and store are, and how they are opened; each user of it has connections of its own.
struct Places {
  std::string queue_at, store_at;  // URLs; the store's may be empty
  QueueArguments queue;
  StoreArguments store;

  [[nodiscard]] jobs::JobQueueOptions options() const {
    jobs::JobQueueOptions options;
    options.connect_timeout = kRedisTimeout;
    options.fresh_url = [arguments = queue] { return queue_url(arguments); };
    return options;
  }
  [[nodiscard]] Result<std::unique_ptr<store::Store>> open_store() const {
    return store::open_store(store_at, [arguments = store] { return store_url(arguments); });
  }
};

Result<view::RunPlan> load_plan(const store::CampaignRecord& record, store::Store& store) {
  if (record.foretold.empty())
    return usage_error("campaign {} was begun by an older simswarm: its runs are not known here", record.id);
  SIMSWARM_TRY(campaign::Foretold foretold, campaign::foretold_of(record, store));
  return view::RunPlan{std::move(foretold.runs), std::move(foretold.keys), std::move(foretold.command),
                       std::move(foretold.simulator)};
}

view::WatchOptions watch_options(const Places& places, std::function<void()> news) {
  view::WatchOptions options;
  options.open_queue = [places] { return jobs::open_queue_watch(places.queue_at, places.options()); };
  if (!places.store_at.empty()) options.open_store = [places] { return places.open_store(); };
  options.load_plan = load_plan;
  options.position_of = campaign::position_of;
  options.row_of_build = row_of_build;
  options.load_request = load_request;
  options.news = std::move(news);
  return options;
}

// Connects when it is first asked for.
std::function<Result<web::QueueDesk*>()> queue_desk(const Places& places) {
  return [places, desk = std::make_shared<web::QueueDesk>()]() -> Result<web::QueueDesk*> {
    if (!desk->jobs) {
      SIMSWARM_TRY(desk->jobs, jobs::open_job_queue(places.queue_at, places.options()));
    }
    if (!desk->watch) {
      SIMSWARM_TRY(desk->watch, jobs::open_queue_watch(places.queue_at, places.options()));
    }
    return desk.get();
  };
}

std::function<Result<store::Store*>()> store_desk(const Places& places) {
  return [places, store = std::make_shared<std::unique_ptr<store::Store>>()]() -> Result<store::Store*> {
    if (!*store) {
      SIMSWARM_TRY(*store, places.open_store());
    }
    return store->get();
  };
}

Result<web::Desk::Cancelled> cancel(const Places& places, const std::string& campaign) {
  // Passwords may have been changed since we began.
  campaign::RemoteOptions remote;
  SIMSWARM_TRY(remote.queue, queue_url(places.queue));
  SIMSWARM_TRY(remote.store, store_url(places.store));
  SIMSWARM_TRY(const campaign::Cancelled done, campaign::cancel_campaign(remote, campaign));
  return web::Desk::Cancelled{done.waiting, done.running};
}

view::ValueReader::Read value_reading(const Places& places) {
  return [store = store_desk(places)](const view::Followed& campaign, const std::vector<std::size_t>& positions,
                                      const view::ValueReader::Take& take) -> Status {
    SIMSWARM_TRY(store::Store* const there, store());
    return view::read_stored_values(*there, campaign, positions, take);
  };
}

Result<Places> places_of(const DashboardArguments& arguments) {
  Places places{.queue_at = {}, .store_at = {}, .queue = arguments.queue, .store = arguments.store};
  if (places.store.on.empty()) places.store.on = places.queue.on;
  SIMSWARM_TRY(places.queue_at, queue_url(arguments.queue));
  SIMSWARM_CHECK(jobs::parse_redis_url(places.queue_at));
  if (!places.store.on.empty() || names_store(places.store)) {
    SIMSWARM_TRY(places.store_at, store_url(places.store));
    SIMSWARM_CHECK(store::parse_store_url(places.store_at));
  }
  return places;
}

// Changes are told whether requests are or not: by whom, and when.
std::function<void(const std::string&)> teller() {
  return [](const std::string& what) {
    std::cerr << fmt::format("dashboard: {} {}\n", to_text(system_clock().stamp()), what) << std::flush;
  };
}

// Passes on what a watch has seen. It is made before the watch that calls it from threads of its own.
class News {
 public:
  News(web::Server& server, web::Events& events) : server_(server), events_(events) {}

  void from(view::Watch* watch, view::ValueReader* values) {
    const std::lock_guard lock(mutex_);
    watch_ = watch;
    values_ = values;
  }
  void operator()() {
    const std::lock_guard lock(mutex_);
    if (watch_ == nullptr) return;
    const auto picture = watch_->last(server_.streams() > 0);
    nlohmann::json object;
    web::add_age(object, *picture);
    // What has been read of its results is news of a campaign, too.
    web::Events::Topics topics = picture->topics;
    if (values_ != nullptr) {
      for (const auto& [id, read] : values_->read()) {
        if (const auto topic = topics.find("campaign:" + id); topic != topics.end()) topic->second += read;
      }
    }
    events_.note(topics, object["age"].get<double>(),
                 object["trouble"].dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    server_.wake();
  }

 private:
  web::Server& server_;
  web::Events& events_;
  std::mutex mutex_;
  view::Watch* watch_ = nullptr;
  view::ValueReader* values_ = nullptr;
};

// A link that opens the page once: for who sits here.
std::function<void(const std::string&)> linker(const web::Service& service, const std::string& token_file) {
  if (service.addresses().empty()) return {};
  return [address = service.addresses().front(), token_file](const std::string& code) {
    print(fmt::format("open within a minute: {}/#code={}\n(later: log in with the token in {})\n", address, code,
                      token_file));
    std::cout << std::flush;
  };
}

ExitCode serve(web::Service& service, web::Desk& desk, const web::Events& events, News& news,
               const std::string& local_token = {}) {
  web::DashboardOptions options;
  options.events = &events;
  options.server = &service.server();
  options.token = service.token();
  options.version = SIMSWARM_VERSION;
  options.is_local = desk.local != nullptr;
  desk.say = teller();
  desk.position_of = campaign::position_of;
  desk.job_of = campaign::job_of;
  news.from(desk.watch, desk.values);
  web::SiteOptions site = web::dashboard_site(desk, options);
  if (!local_token.empty()) site.on_code = linker(service, local_token);
  const ExitCode code = serve_pages(service, std::move(site));
  news.from(nullptr, nullptr);
  return code;
}

// Readable by the user alone; one that is there stays, if it is as private.
Status make_token(const fs::path& path) {
  constexpr std::size_t kBytes = 32;
  if (!fs::exists(path)) return write_private(path, web::random_hex(kBytes) + "\n");
  SIMSWARM_CHECK(read_private(path));
  return {};
}

// Where nothing else was said: on the usual port, or on one that is free, with a token of its own in a folder.
Result<web::Service> open_here(PagesArguments pages, const fs::path& token) {
  SIMSWARM_CHECK(make_token(token));
  pages.token_file = token.string();
  pages.listen = {"127.0.0.1:9181"};
  Result<web::Service> usual = open_pages("dashboard", pages);
  if (usual) return usual;
  pages.listen = {"127.0.0.1:0"};
  return open_pages("dashboard", pages);
}

bool says_where(const PagesArguments& pages) {
  return !pages.listen.empty() || !pages.sockets.empty() || !pages.token_file.empty();
}

Result<ExitCode> serve_swarm(const DashboardArguments& arguments) {
  SIMSWARM_TRY(const Places places, places_of(arguments));
  // On a swarm of this user's, by its name.
  const bool is_here = !arguments.queue.on.empty() && !says_where(arguments.pages);
  const fs::path token = is_here ? hosts_file().parent_path() / "dashboard-token" : fs::path();
  SIMSWARM_TRY(web::Service service,
               is_here ? open_here(arguments.pages, token) : open_pages("dashboard", arguments.pages));
  web::Server& server = service.server();
  web::Events events(server);
  News news(server, events);
  const auto wake = [&server] { server.wake(); };
  const std::unique_ptr<view::Watch> watch = view::make_watch(watch_options(places, std::ref(news)));
  web::Lookups at_queue(wake, kQueueRate);
  std::optional<web::Lookups> at_store;
  std::optional<view::ValueReader> values;
  web::Desk desk;
  desk.watch = watch.get();
  desk.at_queue = &at_queue;
  desk.queue = queue_desk(places);
  if (!places.store_at.empty()) {
    at_store.emplace(wake, kStoreRate);
    values.emplace(value_reading(places), std::ref(news));
    desk.at_store = &*at_store;
    desk.store = store_desk(places);
    desk.cancel = [places](const std::string& id) { return cancel(places, id); };
    desk.values = &*values;
  }
  return serve(service, desk, events, news, token.string());
}

Result<ExitCode> serve_here(const DashboardArguments& arguments) {
  if (!arguments.queue.queue.empty() || !arguments.queue.on.empty() || !arguments.store.store.empty())
    return usage_error("--local shows the campaigns of this folder: without --on, --queue and --store");
  SIMSWARM_TRY(const fs::path here, working_folder());
  const fs::path state = state_folder(arguments.state, here).root;
  if (!fs::exists(state / "ledger.sqlite"))
    return usage_error("no campaign has been run here (there is no {}); -C DIR names another folder", state.string());
  const bool is_here = !says_where(arguments.pages);
  const fs::path token = is_here ? state / "dashboard-token" : fs::path();
  SIMSWARM_TRY(web::Service service,
               is_here ? open_here(arguments.pages, token) : open_pages("dashboard", arguments.pages));
  web::Events events(service.server());
  News news(service.server(), events);
  const IsAlive is_alive = [folder = campaign::StateFolder{state}](const std::string& id) {
    return campaign::SignOfLife::is_alive(folder, id);
  };
  SIMSWARM_TRY(const std::unique_ptr<view::LocalWatch> watch, view::make_local_watch(state, is_alive, std::ref(news)));
  view::ValueReader values(
      [&watch](const view::Followed& campaign, const std::vector<std::size_t>& positions,
               const view::ValueReader::Take& take) { return watch->read_values(campaign, positions, take); },
      std::ref(news));
  web::Desk desk;
  desk.watch = watch.get();
  desk.local = watch.get();
  desk.values = &values;
  return serve(service, desk, events, news, token.string());
}

}  // namespace

Result<ExitCode> dashboard_command(const DashboardArguments& arguments) {
  if (arguments.local) return serve_here(arguments);
  if (!arguments.state.empty()) return usage_error("--state={}: only with --local", arguments.state);
  return serve_swarm(arguments);
}

}  // namespace simswarm::cli
