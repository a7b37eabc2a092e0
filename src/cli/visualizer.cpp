// simswarm visualizer: pages of a swarm's nodes, services and tasks.
#include "web/visualizer.h"

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/queue_url.h"
#include "queue/queue_watch.h"
#include "queue/redis_url.h"
#include "web/json_of.h"

namespace simswarm::cli {
namespace {

constexpr std::chrono::milliseconds kRedisTimeout{1'000};
constexpr std::chrono::seconds kTryAgain{30};  // after Redis did not answer
constexpr std::size_t kMostQueues = 3;         // that are asked in a look

// What workers run, as the queue tells; nothing while Redis is away: the swarm is what is shown here.
class RunsOfWorkers {
 public:
  explicit RunsOfWorkers(QueueArguments queue) : queue_(std::move(queue)) {}

  std::vector<web::RunsOfHost> operator()() {
    const Monotonic now = std::chrono::steady_clock::now();
    if (failed_at_ && now - *failed_at_ < kTryAgain) return {};
    Result<std::vector<web::RunsOfHost>> runs = ask();
    failed_at_ = runs ? std::nullopt : std::optional(now);
    if (!runs) watch_.reset();
    return runs ? std::move(*runs) : std::vector<web::RunsOfHost>();
  }

 private:
  Result<std::vector<web::RunsOfHost>> ask() {
    if (!watch_) {
      SIMSWARM_TRY(const std::string url, queue_url(queue_));
      jobs::JobQueueOptions options;
      options.connect_timeout = kRedisTimeout;
      options.fresh_url = [queue = queue_] { return queue_url(queue); };
      SIMSWARM_TRY(watch_, jobs::open_queue_watch(url, options));
    }
    SIMSWARM_TRY(const jobs::Survey survey, watch_->survey());
    std::map<std::string, web::RunsOfHost> workers;
    std::size_t asked = 0;
    for (const jobs::QueueRow& row : survey.queues) {
      const bool is_of_runs = row.name.text == "run" || row.name.text.starts_with("run-");
      if (row.counts.started == 0 || !is_of_runs || asked++ >= kMostQueues) continue;
      SIMSWARM_TRY(const jobs::Moves moves, watch_->moves(row.name, {}));
      for (const jobs::JobView& job : moves.started) add(job, row.campaign, workers);
    }
    std::vector<web::RunsOfHost> runs;
    for (auto& [name, one] : workers) runs.push_back(std::move(one));
    return runs;
  }

  static void add(const jobs::JobView& job, const std::string& campaign,
                  std::map<std::string, web::RunsOfHost>& workers) {
    web::RunsOfHost& of = workers[job.worker];
    of.host = job.node;
    of.worker = job.worker;
    const web::Json progress = job.progress.empty() ? web::Json() : web::foreign_json(job.progress);
    const web::Json fraction = progress.is_object() ? progress.value("fraction", web::Json()) : web::Json();
    of.runs.push_back(
        {job.description, campaign, fraction.is_number() ? std::optional(fraction.get<double>()) : std::nullopt});
  }

  QueueArguments queue_;
  std::shared_ptr<jobs::QueueWatch> watch_;
  std::optional<Monotonic> failed_at_;
};

}  // namespace

Result<ExitCode> visualizer_command(const VisualizerArguments& arguments) {
  web::VisualizerOptions options;
  options.engine = arguments.engine;
  options.version = SIMSWARM_VERSION;
  if (names_queue(arguments.queue)) {
    SIMSWARM_TRY(const std::string url, queue_url(arguments.queue));
    SIMSWARM_CHECK(jobs::parse_redis_url(url));
    options.runs = RunsOfWorkers(arguments.queue);
  }
  SIMSWARM_TRY(web::Service service, open_pages("visualizer", arguments.pages));
  options.token = service.token();
  web::Visualizer visualizer(std::move(options), service.server());
  return serve_pages(service, visualizer.site());
}

}  // namespace simswarm::cli
