// Waits for services to come, and for tasks to end.
#include <algorithm>
#include <optional>
#include <set>
#include <thread>

#include "base/text.h"
#include "base/time.h"
#include "cluster/swarm_stack.h"

namespace simswarm::cluster {
namespace {

constexpr std::size_t kFailures = 5;  // of tasks, after which nobody waits any longer
constexpr double kForServers = 15;    // seconds that a worker needs to find that the servers have come

// Whether all running tasks of a service are of its newest form: a word of Docker's about an update that fills a swarm
// never ends, as some tasks wait for room for ever.
constexpr const char* kNewest = R"sh(
plain() { sed 's/"DNSConfig":{},//; s/"StopGracePeriod":[0-9]*,//'; }  # a service is shown with defaults, tasks are not
wanted=$(docker service inspect --format '{{json .Spec.TaskTemplate.ContainerSpec}}' "$1" | plain)
shift
docker inspect --type task --format '{{json .Spec.ContainerSpec}}' "$@" | plain | while IFS= read -r one; do
  [ "$one" = "$wanted" ] || echo old
done
)sh";

Result<bool> is_newest(const Machine& manager, const SwarmService& service, const std::vector<SwarmTask>& tasks) {
  std::vector<std::string> words{"sh", "-c", kNewest, "sh", service.id};
  for (const SwarmTask& task : tasks) {
    if (task.service == service.name && task.runs()) words.push_back(task.id);
  }
  SIMSWARM_TRY(const Answer answer, manager.run(words));
  return answer.exit_code == 0 && trim(answer.output).empty();
}

struct Look {
  std::size_t running = 0, waiting = 0, coming = 0;
  std::size_t failed = 0;  // since the deployment
  std::string error;       // of the last that failed
  std::string doubt;       // what one says that has not come yet
};

Look look_at(const SwarmService& service, const std::vector<SwarmTask>& tasks, double since) {
  Look look;
  for (const SwarmTask& task : tasks) {
    if (task.service != service.name) continue;
    if (task.runs()) {
      ++look.running;
    } else if (waits_for_room(task)) {
      ++look.waiting;
    } else if (task.is_wanted()) {
      ++look.coming;
    }
    const bool has_failed = task.state == "failed" || task.state == "rejected";
    if (has_failed && task.age < since) ++look.failed;
    if (has_failed && look.error.empty()) look.error = task.error;
    if (task.is_wanted() && look.doubt.empty()) look.doubt = task.error;
  }
  return look;
}

std::string progress(const Look& look) {
  return look.waiting == 0 ? fmt::format("{} run{}", look.running, look.running == 1 ? "s" : "")
                           : fmt::format("{} run, {} wait for room", look.running, look.waiting);
}

class Waiting {
 public:
  Waiting(const Machine& manager, const std::string& stack, const StackOptions& options)
      : manager_(manager), stack_(stack), options_(options) {}

  Result<StackOutcome> run() {
    while (true) {
      SIMSWARM_TRY(const bool done, look());
      if (done) return std::move(outcome_);
      if (elapsed() > options_.patience) return give_up();
      std::this_thread::sleep_for(Seconds(options_.interval));
    }
  }

 private:
  double elapsed() const { return Seconds(system_clock().monotonic() - start_).count(); }

  Result<bool> look() {
    SIMSWARM_TRY(outcome_.services, services(manager_, stack_));
    SIMSWARM_TRY(const std::vector<SwarmTask> all, tasks(manager_, stack_));
    bool done = true;
    for (const SwarmService& service : outcome_.services) {
      if (settled_.contains(service.name)) continue;
      const Look look = look_at(service, all, counted(service.name));
      if (failed(service, look)) continue;
      SIMSWARM_TRY(const bool come, has_come(service, look, all));
      if (come) {
        settled_.insert(service.name);
        options_.say({Step::Kind::kDone, service.name, progress(look)});
      }
      done = done && come;
      looks_[service.name] = look;
    }
    return done && !outcome_.services.empty();
  }

  // Seconds since when failures count. Workers end as long as queue or store do not answer, and are begun again.
  double counted(const std::string& service) {
    if (is_server(service)) return elapsed() + 1;
    const bool all_there =
        std::all_of(outcome_.services.begin(), outcome_.services.end(),
                    [&](const SwarmService& one) { return !is_server(one.name) || settled_.contains(one.name); });
    if (!all_there) return 0;
    if (!served_) served_ = elapsed();
    return std::max(elapsed() - *served_ - kForServers, 0.0);
  }
  static bool is_server(const std::string& service) { return service == "redis" || service == "mongo"; }

  Result<bool> has_come(const SwarmService& service, const Look& look, const std::vector<SwarmTask>& all) {
    if (look.running == 0 || look.coming > 0) return service.wanted == 0 && !service.is_global;
    return is_newest(manager_, service, all);
  }

  bool failed(const SwarmService& service, const Look& look) {
    const bool is_back = service.update.starts_with("rollback");
    if (is_back || service.update == "paused") {
      add(service.name, fmt::format("its update was {}: {}{}", is_back ? "rolled back" : "paused",
                                    service.update_message, look.error.empty() ? "" : ": " + look.error));
      return true;
    }
    if (look.failed < kFailures || look.running > 0) return false;
    add(service.name, fmt::format("its tasks fail: {}", look.error));
    return true;
  }

  void add(const std::string& service, const std::string& what) {
    settled_.insert(service);
    outcome_.findings.push_back(
        {"service", service, what, fmt::format("simswarm swarm logs {} --name {}", service, stack_)});
    options_.say({Step::Kind::kNote, service, what});
  }

  Result<StackOutcome> give_up() {
    for (const SwarmService& service : outcome_.services) {
      if (settled_.contains(service.name)) continue;
      const Look& look = looks_[service.name];
      const std::string& told = look.error.empty() ? look.doubt : look.error;
      const std::string why = told.empty() ? "" : ": " + told;
      add(service.name, fmt::format("it has not come within {}, {} of {} run{}", human_duration(options_.patience),
                                    look.running, service.wanted, why));
    }
    return std::move(outcome_);
  }

  const Machine& manager_;
  const std::string& stack_;
  const StackOptions& options_;
  const Monotonic start_ = system_clock().monotonic();
  std::optional<double> served_;  // when the servers had come
  std::set<std::string> settled_;
  std::map<std::string, Look> looks_;
  StackOutcome outcome_;
};

}  // namespace

bool waits_for_room(const SwarmTask& task) {
  return task.state == "pending" && task.is_wanted() &&
         (task.error.find("insufficient resources") != std::string::npos ||
          task.error.find("no suitable node") != std::string::npos);
}

Result<StackOutcome> await_services(const Machine& manager, const std::string& stack, const StackOptions& options) {
  return Waiting(manager, stack, options).run();
}

}  // namespace simswarm::cluster
