#include "builder/service.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/text.h"
#include "builder/task.h"
#include "exec/state.h"
#include "queue/bell.h"

namespace simswarm::builder {
namespace {

using jobs::Settlement;
using std::chrono::milliseconds;

constexpr milliseconds kLongestWait{500};
constexpr milliseconds kReconnect{1000};
constexpr std::chrono::seconds kNotNow{2};  // after something was handed back, before anything is claimed
constexpr std::size_t kMostReaped = 100;

class Service {
 public:
  Service(const ServiceOptions& options, TaskGround& ground, Fd wake)
      : options_(options),
        ground_(ground),
        wake_(std::move(wake)),
        queue_name_{campaign::build_queue(options.workshop.image)} {
    beat_ = std::min(milliseconds(3000), options.queue_options.lease * 3 / 10);
  }

  Status open() {
    SIMSWARM_CHECK(connect());
    return {};
  }

  ServiceSummary run() {
    while (!has_ended()) {
      if (queue_ == nullptr && system_clock().monotonic() >= next_try_) {
        if (connect()) options_.say("the queue answers again");
      }
      if (queue_ != nullptr) {
        if (const Status stepped = step(); !stepped) {
          options_.say(fmt::format("{}; trying again", stepped.error().message));
          queue_.reset();
          bell_.reset();
          next_try_ = system_clock().monotonic() + kReconnect;
        }
      }
      wait();
    }
    for (auto& [id, task] : tasks_) task->cancel();
    tasks_.clear();
    if (queue_ != nullptr) (void)queue_->leave(options_.name);
    return summary_;
  }

 private:
  Status connect() {
    next_try_ = system_clock().monotonic() + kReconnect;
    auto queue = jobs::open_job_queue(options_.queue, options_.queue_options);
    if (!queue) return propagate(queue.error());
    auto bell = jobs::Bell::open(options_.queue, options_.name, {queue_name_}, options_.queue_options);
    if (!bell) return propagate(bell.error());
    queue_ = std::move(*queue);
    bell_ = std::move(*bell);
    may_claim_ = true;
    next_beat_ = {};
    std::vector<jobs::Claim> known;
    for (const auto& [id, task] : tasks_) known.push_back(task->job().claim);
    for (const Settlement& one : unsettled_) known.push_back(one.claim);
    SIMSWARM_TRY([[maybe_unused]] const auto back, queue_->return_unknown(options_.name, known));
    return {};
  }

  [[nodiscard]] bool has_ended() {
    const int interrupts = options_.interrupts == nullptr ? 0 : static_cast<int>(*options_.interrupts);
    if (interrupts > 0 && !ends_) {
      ends_ = true;
      end_at_ =
          system_clock().monotonic() + milliseconds(static_cast<std::int64_t>(std::max(options_.drain, 0.0) * 1000));
      options_.say(tasks_.empty()
                       ? "told to end"
                       : fmt::format("told to end: {} builds may go on for {}", tasks_.size(),
                                     options_.drain < 0 ? "as long as they take" : human_duration(options_.drain)));
    }
    const bool in_a_hurry = interrupts > 1 || (options_.drain >= 0 && system_clock().monotonic() >= end_at_);
    if (ends_ && in_a_hurry) {
      for (auto& [id, task] : tasks_) task->cancel();
    }
    const bool idle = tasks_.empty() && unsettled_.empty();
    const bool gives_up = ends_ && queue_ == nullptr && (tasks_.empty() || in_a_hurry);
    return (ends_ && idle) || gives_up || (options_.burst && idle && !may_claim_);
  }

  Status step() {
    SIMSWARM_TRY(const jobs::Rung rung, bell_->look());
    if (rung.jobs || rung.resumed) may_claim_ = true;
    for (const jobs::QueueName& queue : rung.woken) may_claim_ = may_claim_ || queue == queue_name_;
    if (!rung.commands.empty()) next_beat_ = {};  // somebody may have asked for one to stop
    SIMSWARM_CHECK(tell_outputs());
    SIMSWARM_CHECK(settle());
    if (system_clock().monotonic() >= next_beat_) SIMSWARM_CHECK(beat());
    const bool now = system_clock().monotonic() >= not_before_;
    while (may_claim_ && now && !ends_ && tasks_.size() < options_.slots) SIMSWARM_CHECK(claim());
    return {};
  }

  Status claim() {
    const std::size_t room = options_.slots - tasks_.size();
    SIMSWARM_TRY(const jobs::Claims claims, queue_->claim({options_.name, options_.node, {queue_name_}, room, room}));
    for (const jobs::ClaimedJob& job : claims.jobs) {
      options_.say(fmt::format("{}, attempt {}: begun", job.claim.job.text, job.claim.attempt));
      next_beat_ = {};
      if (tasks_.contains(job.claim.job.text)) {  // an attempt that was lost has not ended yet
        unsettled_.push_back({job.claim, Settlement::How::kHandBack});
        not_before_ = system_clock().monotonic() + kNotNow;
        may_claim_ = false;
        continue;
      }
      tasks_.emplace(job.claim.job.text, std::make_unique<Task>(job, ground_));
    }
    if (claims.jobs.empty() && claims.dropped == 0) {
      may_claim_ = claims.suspended;
      if (claims.suspended) not_before_ = system_clock().monotonic() + beat_;
      return claims.suspended ? Status() : bell_->arm();
    }
    return {};
  }

  // What is printed goes out before its task is said to have ended.
  Status tell_outputs() {
    for (const auto& [id, task] : tasks_) {
      std::uint64_t& told = told_[id];
      while (true) {
        const auto [from, piece] = task->output(told);
        if (piece.empty()) break;
        SIMSWARM_CHECK(queue_->put_output({id}, from, piece));
        told = from + piece.size();
      }
    }
    return {};
  }

  Status settle() {
    std::vector<std::string> ended;
    for (const auto& [id, task] : tasks_) {
      if (task->outcome()) ended.push_back(id);
    }
    if (!ended.empty()) SIMSWARM_CHECK(tell_outputs());  // their last words
    for (const std::string& id : ended) {
      const std::unique_ptr<Task>& task = tasks_.at(id);
      auto outcome = task->outcome();
      if (task->is_lost()) continue;
      say_ended(*outcome);
      if (outcome->how == Settlement::How::kHandBack) not_before_ = system_clock().monotonic() + kNotNow;
      unsettled_.push_back(std::move(*outcome));
    }
    for (const std::string& id : ended) {
      tasks_.erase(id);
      told_.erase(id);
    }
    if (!ended.empty()) may_claim_ = true;
    if (unsettled_.empty()) return {};
    SIMSWARM_CHECK(queue_->settle(unsettled_));
    for (const Settlement& one : unsettled_) {
      if (one.how == Settlement::How::kComplete) ++summary_.finished;
      if (one.how == Settlement::How::kFail) ++summary_.failed;
    }
    unsettled_.clear();
    return {};
  }

  void say_ended(const Settlement& outcome) {
    const auto answer = campaign::parse_build_answer(outcome.text);
    std::string what = "handed back";
    if (outcome.how == Settlement::How::kFail) what = answer ? answer->message : outcome.text;
    if (outcome.how == Settlement::How::kComplete && answer) {
      what =
          fmt::format("{}, {} of {} runs queued", answer->was_known ? "known" : "built", answer->queued, answer->runs);
    }
    options_.say(fmt::format("{}: {}", outcome.claim.job.text, what));
  }

  Status beat() {
    next_beat_ = system_clock().monotonic() + beat_;
    SIMSWARM_CHECK(present());
    std::vector<jobs::Claim> claims;
    std::vector<jobs::Told> told;
    for (const auto& [id, task] : tasks_) {
      claims.push_back(task->job().claim);
      told.push_back({claims.back(), task->view()});
    }
    if (!claims.empty()) {
      SIMSWARM_TRY(const std::vector<jobs::Beat> beats, queue_->heartbeat(claims));
      for (std::size_t i = 0; i < claims.size(); ++i) {
        Task& task = *tasks_.at(claims[i].job.text);
        if (beats[i] == jobs::Beat::kStop) task.stop();
        if (beats[i] == jobs::Beat::kLost) task.lose();
      }
      SIMSWARM_CHECK(queue_->tell(told));
    }
    SIMSWARM_TRY([[maybe_unused]] const jobs::Reaped reaped, queue_->reap(kMostReaped));
    return {};
  }

  // Progress goes out sooner than leases have to be renewed.
  Status tell_views() {
    std::vector<jobs::Told> told;
    for (const auto& [id, task] : tasks_) told.push_back({task->job().claim, task->view()});
    if (!told.empty()) SIMSWARM_CHECK(queue_->tell(told));
    return {};
  }

  Status present() {
    jobs::WorkerRecord record;
    record.name = options_.name;
    record.queues = {queue_name_};
    record.host = options_.node;
    record.pid = ::getpid();
    record.version = options_.version;
    record.state = tasks_.empty() ? "idle" : "busy";
    record.finished = summary_.finished;
    record.failed = summary_.failed;
    record.slots = options_.slots;
    record.running = tasks_.size();
    return queue_->present(record);
  }

  void wait() {
    std::vector<int> descriptors{wake_.get()};
    if (options_.interrupt_descriptor >= 0) descriptors.push_back(options_.interrupt_descriptor);
    if (bell_ != nullptr) bell_->add_descriptors(descriptors);
    std::vector<pollfd> polled;
    for (const int descriptor : descriptors) polled.push_back({descriptor, POLLIN, 0});
    (void)::poll(polled.data(), polled.size(), static_cast<int>(kLongestWait.count()));
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof(count));
    if (options_.interrupt_descriptor >= 0) (void)!::read(options_.interrupt_descriptor, &count, sizeof(count));
    if (queue_ != nullptr && !tasks_.empty() && system_clock().monotonic() >= next_view_) {
      next_view_ = system_clock().monotonic() + kLongestWait;
      (void)tell_views();
    }
  }

  const ServiceOptions& options_;
  TaskGround& ground_;
  Fd wake_;  // an eventfd
  const jobs::QueueName queue_name_;
  std::unique_ptr<jobs::JobQueue> queue_;
  std::unique_ptr<jobs::Bell> bell_;
  std::map<std::string, std::unique_ptr<Task>> tasks_;  // by the job's id
  std::map<std::string, std::uint64_t> told_;           // bytes of their output
  std::vector<Settlement> unsettled_;
  ServiceSummary summary_;
  milliseconds beat_{3000};
  Monotonic next_try_{}, next_beat_{}, next_view_{}, not_before_{}, end_at_{};
  bool may_claim_ = true, ends_ = false;
};

}  // namespace

Result<ServiceSummary> serve(const ServiceOptions& options) {
  const std::string owner = "builder-" + make_ulid(system_clock().stamp());
  SIMSWARM_TRY(const std::unique_ptr<exec::Keeper> keeper,
               exec::Keeper::start({owner, exec::mark_of(owner) + ".", std::nullopt, ::geteuid() != 0}));
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return system_error(errno, "cannot make an event");
  WorkshopOptions workshop_options = options.workshop;
  workshop_options.inside = keeper->inside();
  workshop_options.mark = exec::mark_of(owner) + ".";
  SIMSWARM_TRY(const std::unique_ptr<Workshop> workshop, Workshop::open(std::move(workshop_options)));
  SIMSWARM_TRY(const std::unique_ptr<store::Store> store, store::open_store(options.store, options.fresh_store));
  SIMSWARM_TRY(const std::unique_ptr<store::NodeCache> cache,
               store::NodeCache::open({options.cache / "artifacts", options.cache_limit,
                                       [&options] { return options.interrupts != nullptr && *options.interrupts > 0; },
                                       options.say}));
  TaskGround ground;
  ground.workshop = workshop.get();
  ground.store = store.get();
  ground.planner = {options.workshop.folder / "plans", options.run_as, cache.get(), workshop->toolchain().omnetpp,
                    options.version};
  ground.open_queue = [&options] { return jobs::open_job_queue(options.queue, options.queue_options); };
  ground.wake = [descriptor = wake.get()] {
    const std::uint64_t one = 1;
    (void)!::write(descriptor, &one, sizeof(one));
  };
  Service service(options, ground, std::move(wake));
  SIMSWARM_CHECK(service.open());
  options.on_ready();
  return service.run();
}

}  // namespace simswarm::builder
