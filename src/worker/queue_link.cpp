#include "worker/queue_link.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/text.h"
#include "queue/bell.h"
#include "queue/redis_url.h"
#include "worker/outbox.h"
#include "worker/queue_words.h"
#include "worker/telling.h"

namespace simswarm::worker {
namespace {

using jobs::AfterFailure;
using jobs::Claim;
using jobs::Settlement;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{3000};
constexpr std::size_t kMostSettledAtOnce = 500;
constexpr std::chrono::seconds kAvoided{30};
constexpr std::size_t kMostStudies = 1000;  // manifests that are remembered

bool is_due(Monotonic when) {
  return system_clock().monotonic() >= when;
}

std::string id_of(const Claim& claim) {
  return fmt::format("{}:{}", claim.job.text, claim.attempt);
}

class Link final : public QueueLink {
 public:
  Link(LinkOptions options, std::unique_ptr<jobs::JobQueue> queue, std::unique_ptr<Spool> spool, std::string shown)
      : options_(std::move(options)),
        queue_(std::move(queue)),
        shown_(std::move(shown)),
        outbox_(std::move(spool), options_.say),
        shares_(options_.slots),
        missing_(options_.cpu_patience) {
    for (const std::string& pattern : options_.patterns) {
      if (pattern.find('*') == std::string::npos) named_.push_back({pattern});
    }
    outbox_.adopt(true);
    thread_ = std::thread([this] { work(); });
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() override {
    {
      const std::lock_guard guard(mutex_);
      ends_ = true;
    }
    ring(wake_);
    if (thread_.joinable()) thread_.join();
  }

  void hold(std::size_t most) override {
    const std::lock_guard guard(mutex_);
    if (std::exchange(most_held_, most) < most) {
      may_claim_ = true;
      ring(wake_);
    }
  }

  std::vector<Assigned> take() override {
    const std::lock_guard guard(mutex_);
    hush(event_);
    return std::exchange(claimed_, {});
  }

  Orders take_orders() override {
    const std::lock_guard guard(mutex_);
    return std::exchange(orders_, {});
  }

  [[nodiscard]] int descriptor() const override { return event_.get(); }

  void settle(std::vector<Settlement> settlements) override {
    if (settlements.empty()) return;
    const std::lock_guard guard(mutex_);
    outbox_.put(std::move(settlements));
    ring(wake_);
  }

  void avoid(const jobs::QueueName& queue) override {
    const std::lock_guard guard(mutex_);
    avoided_[queue] = system_clock().monotonic() + kAvoided;
    shares_.rest(queue);
  }

  void put_off(const jobs::QueueName& queue) override {
    const std::lock_guard guard(mutex_);
    avoided_[queue] = Monotonic::max();
    shares_.rest(queue);
  }

  void welcome(const jobs::QueueName& queue) override {
    const std::lock_guard guard(mutex_);
    if (avoided_.erase(queue) == 0) return;
    active_.insert(queue);
    may_claim_ = true;
    ring(wake_);
  }

  Shares& shares() override { return shares_; }

  void misses(const std::string& campaign, const std::string& cpu) override {
    const std::lock_guard guard(mutex_);
    missing_.miss(campaign, cpu, system_clock().monotonic());
  }

  void tell(std::vector<jobs::Told> told, std::size_t running, double working_seconds) override {
    const std::lock_guard guard(mutex_);
    telling_.say(std::move(told), running, working_seconds);
    if (telling_.is_urgent()) ring(wake_);
  }

  [[nodiscard]] bool is_watched(const jobs::JobId& job) const override {
    const std::lock_guard guard(mutex_);
    return telling_.is_watched(job);
  }

  void tell_obstacle(const std::string& text) override {
    const std::lock_guard guard(mutex_);
    obstacle_ = text;
    next_beat_ = {};
    ring(wake_);
  }

  [[nodiscard]] LinkState state() const override {
    const std::lock_guard guard(mutex_);
    LinkState state = state_;
    state.unsettled = outbox_.size();
    const bool none = held_.empty() && claimed_.empty() && outbox_.empty() && !claims_now_;
    state.idle = state.connected && none && !stale_ && (state.suspended || (!may_claim_ && state.waiting == 0));
    return state;
  }

  bool finish(milliseconds patience) override {
    std::unique_lock lock(mutex_);
    most_held_ = 0;
    leaves_ = true;
    ring(wake_);
    return settled_.wait_for(lock, patience, [this] { return left_; });
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (!ends_) {
      const Monotonic now = system_clock().monotonic();
      if (!state_.connected && now >= try_again_) connect(lock);
      if (state_.connected && !left_) {
        if (Status stepped = step(lock); !stepped) {
          part(stepped.error());
        } else {
          come_back();
        }
      }
      if (leaves_) hand_back_claimed();
      if (leaves_ && outbox_.empty()) leave(lock);
      wait(lock);
    }
  }

  // Everything that is due. Calls to the queue are made unlocked.
  Status step(std::unique_lock<std::mutex>& lock) {
    SIMSWARM_CHECK(listen(lock));
    // In this order: who was stopped for a while shall not take back what he holds himself.
    if (is_due(next_beat_)) SIMSWARM_CHECK(beat(lock));
    SIMSWARM_CHECK(hand_in(lock));
    if (telling_.is_urgent()) SIMSWARM_CHECK(tell_urgent(lock));
    if (is_due(next_look_)) SIMSWARM_CHECK(look_after(lock));
    while (may_claim_ && is_due(stuck_until_) && held_.size() < most_held_ && !ends_) {
      if (is_due(next_beat_) || is_due(next_look_) || telling_.is_urgent()) break;
      SIMSWARM_TRY(const bool again, claim(lock));
      SIMSWARM_CHECK(hand_in(lock));
      if (!again) break;
    }
    return {};
  }

  Status listen(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    Result<jobs::Rung> rung = bell_->look();
    lock.lock();
    if (!rung) return propagate(rung.error());
    for (const std::string& command : rung->commands) obey(command);
    for (const jobs::QueueName& queue : rung->woken) {
      if (!serves(options_.patterns, queue.text)) continue;
      active_.insert(queue);
      may_claim_ = true;
    }
    if (rung->jobs || rung->resumed) may_claim_ = true;
    if (rung->resumed) {
      state_.suspended = false;
      stuck_until_ = {};
    }
    return {};
  }

  void obey(const std::string& text) {
    const QueueCommand command = parse_command(text);
    orders_.shutdown = orders_.shutdown || command.shutdown;
    orders_.kill_all = orders_.kill_all || command.kill;
    if (command.stop) {
      next_beat_ = {};  // says what is ours to stop, or no longer ours
      to_stop_.insert(*command.stop);
    }
    if (command.watch) telling_.watch(*command.watch);
    ring(event_);
  }

  Status hand_in(std::unique_lock<std::mutex>& lock) {
    while (!outbox_.empty()) {
      const std::vector<Settlement> some = outbox_.first(kMostSettledAtOnce);
      lock.unlock();
      const Result<std::vector<jobs::Answer>> answers = queue_->settle(some);
      lock.lock();
      if (!answers) return propagate(answers.error());
      for (std::size_t i = 0; i < some.size(); ++i) {
        held_.erase(id_of(some[i].claim));
        telling_.forget(some[i].claim.job);
        if (answers->at(i) != jobs::Answer::kDone && answers->at(i) != jobs::Answer::kAlready) continue;
        if (some[i].how == Settlement::How::kComplete) ++state_.finished;
        if (some[i].how == Settlement::How::kFail) ++state_.failed;
      }
      outbox_.drop_first(some.size());
      may_claim_ = stale_ = true;
    }
    outbox_.clear_disk();
    return {};
  }

  // Whether another claim may be worth its while at once.
  Result<bool> claim(std::unique_lock<std::mutex>& lock) {
    const std::vector<jobs::QueueName> known = known_queues();
    if (known.empty()) {
      SIMSWARM_CHECK(stop_asking());
      return false;
    }
    const std::vector<Shares::Want> wants = shares_.wants(known);
    if (wants.empty()) {  // of all of them enough is here
      may_claim_ = false;
      return false;
    }
    const std::size_t room = most_held_ - held_.size();
    const jobs::ClaimRequest request = request_of(options_, wants, room, ahead_);
    claims_now_ = true;
    lock.unlock();
    Result<jobs::Claims> claims = queue_->claim(request);
    lock.lock();
    claims_now_ = false;
    if (!claims) return propagate(claims.error());
    state_.suspended = claims->suspended;
    std::vector<Settlement> at_once;
    std::size_t kept = 0;
    const std::size_t fits = std::min(room, note_empty(wants, request, *claims));
    for (const jobs::ClaimedJob& job : claims->jobs) {
      SIMSWARM_TRY(std::optional<Settlement> settled, take_in(job, lock, kept < fits));
      if (!settled) ++kept;
      if (settled) at_once.push_back(std::move(*settled));
    }
    // A queue of jobs in which there is nothing to do may come in large pieces; what is to be run comes as wanted.
    ahead_ = kept == 0 && !at_once.empty() ? std::min(kMostAtOnce, std::max<std::size_t>(2 * at_once.size(), 8)) : 0;
    put_handed_back_last(at_once);
    outbox_.put(std::move(at_once));
    if (kept > 0) ring(event_);
    if (!claims->jobs.empty()) {
      // What goes beyond the slots comes a share at a time: others come to theirs meanwhile.
      may_claim_ = kept == 0 || held_.size() < options_.slots;
      return may_claim_;
    }
    if (claims->dropped > 0) return true;
    if (claims->more || claims->suspended) {
      stuck_until_ = system_clock().monotonic() + options_.beat;
    } else if (request.queues.size() < wants.size()) {
      return true;
    } else if (wants.size() < known.size()) {  // the others have not been asked
      may_claim_ = false;
    } else {
      SIMSWARM_CHECK(stop_asking());
    }
    return false;
  }

  // Queues that were asked and had nothing are not asked again before somebody says that they have. How many jobs were
  // wanted of the one that gave.
  std::size_t note_empty(const std::vector<Shares::Want>& wants, const jobs::ClaimRequest& request,
                         const jobs::Claims& claims) {
    if (claims.suspended) return 0;
    for (std::size_t i = 0; i < request.queues.size(); ++i) {
      if (!claims.jobs.empty() && request.queues[i] == claims.jobs.front().queue) return wants[i].most;
      if (claims.dropped > 0 || (claims.jobs.empty() && claims.more)) continue;
      active_.erase(request.queues[i]);
      shares_.rest(request.queues[i]);
    }
    return 0;
  }

  // There is nothing for us: the bell says when there is. Named queues may have been filled since they were asked.
  Status stop_asking() {
    may_claim_ = false;
    if (stale_) next_look_ = {};  // what was settled may have queued others, in queues that had nothing
    state_.waiting = 0;
    active_.clear();
    ring(event_);
    return bell_->arm();
  }

  // What is claimed is held, to be executed, or settled at once.
  Result<std::optional<Settlement>> take_in(const jobs::ClaimedJob& job, std::unique_lock<std::mutex>& lock,
                                            bool has_room) {
    const auto fail = [&](const std::string& message) {
      options_.say(fmt::format("{}: {}", job.claim.job.text, message));
      return Settlement{job.claim, Settlement::How::kFail, message, AfterFailure::kNoRetry};
    };
    Result<Assignment> assignment = parse_payload(job.payload);
    if (!assignment) return fail(assignment.error().message);
    if (assignment->is_nothing) return Settlement{job.claim, Settlement::How::kComplete, "null"};
    if (!has_room) return Settlement{job.claim, Settlement::How::kHandBack};
    auto study = std::make_shared<const std::string>(std::move(assignment->study));
    if (!assignment->campaign.empty()) {
      SIMSWARM_TRY(study, manifest_of(assignment->campaign, lock));
      if (study == nullptr) {
        return fail(fmt::format("what campaign {} is about is not in the queue any more: enqueue it anew",
                                assignment->campaign));
      }
    }
    held_.emplace(id_of(job.claim), HeldJob{job.claim, job.queue});
    shares_.came(job.queue);
    if (!registered_.contains(job.queue)) next_beat_ = {};  // registers us for it
    claimed_.push_back(
        {job.claim, std::move(assignment->campaign), std::move(study), assignment->position, job.queue, job.timeout});
    return std::nullopt;
  }

  // Null: the queue does not know it.
  Result<std::shared_ptr<const std::string>> manifest_of(const std::string& campaign,
                                                         std::unique_lock<std::mutex>& lock) {
    if (const auto known = manifests_.find(campaign); known != manifests_.end()) return known->second;
    lock.unlock();
    Result<std::optional<std::string>> text = queue_->manifest(campaign);
    lock.lock();
    if (!text) return propagate(text.error());
    if (!*text) return nullptr;
    if (manifests_.size() >= kMostStudies) manifests_.clear();
    return manifests_.emplace(campaign, std::make_shared<const std::string>(std::move(**text))).first->second;
  }

  // Queues that may have something, and can be served now.
  std::vector<jobs::QueueName> known_queues() {
    std::erase_if(avoided_, [](const auto& one) { return is_due(one.second); });
    std::vector<jobs::QueueName> queues(active_.begin(), active_.end());
    for (const jobs::QueueName& queue : named_) {
      if (!active_.contains(queue)) queues.push_back(queue);
    }
    std::erase_if(queues, [this](const jobs::QueueName& one) { return avoided_.contains(one); });
    return queues;
  }

  // Leases of the dead, jobs that are due, queues that somebody else has filled.
  Status look_after(std::unique_lock<std::mutex>& lock) {
    outbox_.adopt(false);  // before their leases run out
    SIMSWARM_CHECK(hand_in(lock));
    lock.unlock();
    const auto looked = [this]() -> Result<std::vector<jobs::QueueView>> {
      // Who was stopped himself for a while has seen nobody renew a lease meanwhile.
      if (is_due(reaps_from_)) SIMSWARM_CHECK(reap_all(*queue_, options_.say));
      return look_at(*queue_, [this](const std::string& name) { return serves(options_.patterns, name); });
    }();
    lock.lock();
    if (looked) SIMSWARM_CHECK(look_for_cpus(lock));
    if (!looked) return propagate(looked.error());
    next_look_ = system_clock().monotonic() + options_.beat;
    stale_ = false;
    state_.waiting = 0;
    served_.clear();
    for (const jobs::QueueView& one : *looked) {
      state_.waiting += one.queued;
      shares_.weigh(one.name, jobs::weight_of(one.priority));
      if (one.queued == 0) continue;
      active_.insert(one.name);
      if (served_.size() < kMostQueues && std::find(named_.begin(), named_.end(), one.name) == named_.end())
        served_.insert(one.name);
    }
    if (state_.waiting > 0) may_claim_ = true;
    return {};
  }

  Status look_for_cpus(std::unique_lock<std::mutex>& lock) {
    if (missing_.is_empty()) return {};
    lock.unlock();
    const Result<std::vector<jobs::WorkerView>> workers = queue_->workers();
    lock.lock();
    if (!workers) return propagate(workers.error());
    for (const std::string& word : missing_.look(*workers, system_clock().monotonic())) options_.say(word);
    return {};
  }

  Status beat(std::unique_lock<std::mutex>& lock) {
    const Monotonic now = system_clock().monotonic();
    if (now - last_beat_ > options_.queue.lease / 2 && last_beat_ != Monotonic{})
      reaps_from_ = now + options_.queue.lease;
    last_beat_ = now;

    std::vector<Claim> held;
    for (const auto& [id, job] : held_) held.push_back(job.claim);
    const std::vector<jobs::Told> told = telling_.take();
    registered_ = served_;
    registered_.insert(named_.begin(), named_.end());
    for (const auto& [id, job] : held_) {
      if (registered_.size() < named_.size() + kMostQueues) registered_.insert(job.queue);
    }
    const jobs::WorkerRecord record =
        record_of(options_, {named_, registered_, state_, telling_.running(), telling_.working_seconds(), obstacle_});
    lock.unlock();
    const Result<Beaten> beaten = worker::beat(*queue_, record, told, held);
    lock.lock();
    if (!beaten) return propagate(beaten.error());
    telling_.heard(told, beaten->watched);
    next_beat_ = system_clock().monotonic() + options_.beat;
    for (std::size_t i = 0; i < held.size(); ++i) {
      const bool named = to_stop_.contains(held[i].job.text);  // by RQ, which leaves no other word
      if ((beaten->beats[i] == jobs::Beat::kHeld && !named) || !held_.contains(id_of(held[i]))) continue;
      const bool lost = beaten->beats[i] == jobs::Beat::kLost;
      if (outbox_.has(held[i])) continue;
      (lost ? orders_.lost : orders_.stop).push_back(held[i]);
      if (lost) held_.erase(id_of(held[i]));
      if (lost) telling_.forget(held[i].job);
      ring(event_);
    }
    to_stop_.clear();
    return {};
  }

  Status tell_urgent(std::unique_lock<std::mutex>& lock) {
    const std::vector<jobs::Told> told = telling_.take_urgent();
    lock.unlock();
    const Result<std::vector<bool>> watched = queue_->tell(told);
    lock.lock();
    if (!watched) return propagate(watched.error());
    telling_.heard(told, *watched);
    return {};
  }

  // The queue is away: once for the user, and then again and again for us.
  void part(const Error& error) {
    state_.connected = false;
    ring(event_);
    if (!told_away_) away_since_ = system_clock().monotonic();
    // That the server refuses us is another matter: somebody has to do something.
    if (!std::exchange(error.can_retry ? told_away_ : told_refused_, true)) {
      told_away_ = true;
      options_.say(fmt::format("{}; what runs goes on, outcomes wait in {}", error.message, outbox_.folder().string()));
    }
    try_again_ = system_clock().monotonic() + pause_;
    // Not longer than a beat: one that is back a whole lease after another has lost its leases to that.
    pause_ = std::min(2 * pause_, std::min(kLongestPause, options_.beat));
  }

  // What stands under our name and we do not know of goes back: the reply to its claim was lost, or it was claimed by
  // one of this name that has gone.
  void connect(std::unique_lock<std::mutex>& lock) {
    std::vector<Claim> known;
    for (const auto& [id, job] : held_) known.push_back(job.claim);
    for (const Settlement& one : outbox_.all()) known.push_back(one.claim);
    lock.unlock();
    Result<std::unique_ptr<jobs::Bell>> bell = jobs::Bell::open(options_.url, options_.name, named_, options_.queue);
    Status returned;
    if (auto back = queue_->return_unknown(options_.name, known); !back) returned = propagate(back.error());
    lock.lock();
    if (!bell) return part(bell.error());
    if (!returned) return part(returned.error());
    bell_ = std::move(*bell);
    state_.connected = may_claim_ = true;
    next_beat_ = next_look_ = {};
    waited_ = outbox_.size();
  }

  // Not before all that was due has been done: a server may let us in that takes no word of ours.
  void come_back() {
    pause_ = kFirstPause;
    told_refused_ = false;
    if (!std::exchange(told_away_, false)) return;
    const double away = Seconds(system_clock().monotonic() - away_since_).count();
    options_.say(
        fmt::format("queue {} is back after {}; {} outcomes are handed in", shown_, human_duration(away), waited_));
  }

  // What was on its way when the worker came to its end.
  void hand_back_claimed() {
    for (const Assigned& one : std::exchange(claimed_, {}))
      outbox_.put_in_memory({one.claim, Settlement::How::kHandBack});
  }

  void leave(std::unique_lock<std::mutex>& lock) {
    if (left_) return;
    if (state_.connected) {
      lock.unlock();
      (void)queue_->leave(options_.name);
      lock.lock();
    }
    left_ = true;
    settled_.notify_all();
  }

  void wait(std::unique_lock<std::mutex>& lock) {
    if (ends_) return;
    const Monotonic now = system_clock().monotonic();
    Monotonic until = now + options_.beat;
    std::vector<int> descriptors{wake_.get()};
    if (state_.connected) {
      bell_->add_descriptors(descriptors);
      until = std::min({until, next_beat_, next_look_});
      const bool wants = may_claim_ && held_.size() < most_held_;
      if (wants) until = std::min(until, stuck_until_);
      if (!outbox_.empty() || telling_.is_urgent()) until = now;
    } else {
      until = std::min(until, try_again_);
    }
    lock.unlock();
    wait_until(descriptors, until);
    hush(wake_);
    lock.lock();
  }

  LinkOptions options_;
  std::unique_ptr<jobs::JobQueue> queue_;
  std::unique_ptr<jobs::Bell> bell_;
  std::string shown_;
  std::vector<jobs::QueueName> named_;  // of the patterns, those that are names
  const Fd event_ = make_event();
  const Fd wake_ = make_event();

  mutable std::mutex mutex_;  // all below
  std::condition_variable settled_;
  std::vector<Assigned> claimed_;
  Orders orders_;
  Outbox outbox_;
  struct HeldJob {
    Claim claim;
    jobs::QueueName queue;
  };
  std::map<std::string, HeldJob> held_;
  std::set<std::string> to_stop_;  // jobs, as RQ's command names them
  Telling telling_;
  std::map<std::string, std::shared_ptr<const std::string>> manifests_;
  std::map<jobs::QueueName, Monotonic> avoided_;  // until when
  std::set<jobs::QueueName> active_;              // may have jobs
  std::set<jobs::QueueName> registered_;
  std::set<jobs::QueueName> served_;  // of those that patterns match: ours are registered for them
  LinkState state_;
  std::size_t most_held_ = 0;
  std::size_t ahead_ = 0;   // jobs to be claimed beyond what is wanted, where the last had nothing to do
  std::size_t waited_ = 0;  // outcomes, when the queue was away
  std::string obstacle_;
  bool may_claim_ = true;
  bool claims_now_ = false;
  bool stale_ = false;  // something was settled since it was last looked which queues have jobs
  bool leaves_ = false;
  bool left_ = false;
  bool ends_ = false;
  bool told_away_ = false;
  bool told_refused_ = false;
  Monotonic away_since_{};
  Monotonic next_beat_{};
  Monotonic next_look_{};
  Monotonic last_beat_{};
  Monotonic reaps_from_{};
  Monotonic stuck_until_{};
  Monotonic try_again_{};
  milliseconds pause_ = kFirstPause;
  Shares shares_;
  MissingCpus missing_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<QueueLink>> QueueLink::open(LinkOptions options) {
  SIMSWARM_TRY(const jobs::RedisAddress address, jobs::parse_redis_url(options.url));
  SIMSWARM_TRY(auto queue, jobs::open_job_queue(options.url, options.queue));
  SIMSWARM_TRY(auto spool, Spool::open(options.spool, options.name.text, address.shown()));
  SIMSWARM_CHECK(check_name(*queue, options));
  return std::make_unique<Link>(std::move(options), std::move(queue), std::move(spool), address.shown());
}

}  // namespace simswarm::worker
