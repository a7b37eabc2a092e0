#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "queue/backends.h"
#include "queue/memory_entry.h"

namespace simswarm::jobs {
namespace {

using Registry = std::set<std::pair<double, std::string>>;  // as Redis orders them

struct Presence {
  WorkerRecord record;
  Stamp born;
  Stamp seen;
};

struct Stands {
  std::deque<std::string> queued;
  std::array<Registry, kPlaces> registries;  // that of kQueued stays empty
};

constexpr double kNever = std::numeric_limits<double>::infinity();

double seconds_of(Stamp stamp) {
  return static_cast<double>(std::chrono::floor<std::chrono::seconds>(stamp).time_since_epoch().count());
}

class MemoryJobQueue final : public JobQueue {
 public:
  explicit MemoryJobQueue(JobQueueOptions options) : options_(std::move(options)) {}

  Result<std::vector<bool>> enqueue(const std::vector<NewJob>& jobs) override {
    for (const NewJob& job : jobs) SIMSWARM_CHECK(check_job(job));
    const Stamp now = begin();
    std::vector<bool> is_new;
    is_new.reserve(jobs.size());
    for (const NewJob& job : jobs) is_new.push_back(enqueue_one(job, now));
    return is_new;
  }

  Result<Claims> claim(const ClaimRequest& request) override {
    SIMSWARM_CHECK(check_request(request));
    const Stamp now = begin();
    Claims claims;
    claims.suspended = suspended_;
    if (suspended_) return claims;
    for (std::size_t i = 0; i < request.queues.size(); ++i) {
      const QueueName& name = request.queues[i];
      std::deque<std::string>& queued = queues_[name.text].queued;
      const std::size_t limit = request.limits.empty() ? request.most : request.limits[i];
      const std::size_t share = std::min(limit, share_of(request, name, queued.size()));
      while (claims.jobs.size() < share && !queued.empty()) {
        Entry& entry = entries_.at(queued.front());
        (void)change(entry, Claimed{request.worker, request.node, options_.lease}, now);
        entry.started = now;
        entry.expires.reset();
        entry.progress.clear();
        entry.ahead = request.at_least > 0 && claims.jobs.size() >= request.at_least;
        claims.jobs.push_back({{entry.job.id, entry.life.attempt}, name, entry.job.payload, entry.job.timeout});
      }
      claims.more = claims.more || !queued.empty();
      if (!claims.jobs.empty()) break;
    }
    return claims;
  }

  Result<std::vector<Beat>> heartbeat(const std::vector<Claim>& claims) override {
    const Stamp now = begin();
    std::vector<Beat> beats;
    beats.reserve(claims.size());
    for (const Claim& claim : claims) {
      Entry* entry = entry_of(claim.job);
      if (entry == nullptr || apply(entry->life, Beaten{claim.attempt, options_.lease}, now) != Answer::kDone) {
        beats.push_back(Beat::kLost);
      } else {
        beats.push_back(entry->life.stop_requested ? Beat::kStop : Beat::kHeld);
      }
    }
    return beats;
  }

  Result<std::vector<Answer>> settle(const std::vector<Settlement>& settlements) override {
    for (const Settlement& one : settlements) SIMSWARM_CHECK(check_settlement(one));
    std::vector<Answer> answers;
    answers.reserve(settlements.size());
    for (const Settlement& one : settlements) answers.push_back(settle_one(one));
    return answers;
  }

  Result<std::vector<bool>> tell(const std::vector<Told>& told) override {
    const Stamp now = begin();
    std::vector<bool> watched;
    for (const Told& one : told) {
      Entry* entry = entry_of(one.claim.job);
      const bool holds = entry != nullptr && entry->life.state == State::kStarted &&
                         entry->life.attempt == one.claim.attempt && one.progress.size() <= kLongestProgress;
      watched.push_back(holds && entry->watched_until > now);
      if (!holds) continue;
      entry->progress = one.progress;
      entry->ahead = false;
      if (one.tail.empty()) continue;
      entry->tail = {one.claim.attempt, tail_of(one.tail)};
      entry->tail_until = now + kTailTtl;
    }
    return watched;
  }

  Result<Tail> watch_output(const JobId& id) override {
    SIMSWARM_CHECK(check_id(id));
    const Stamp now = begin();
    Entry* entry = entry_of(id);
    if (entry == nullptr || entry->life.state != State::kStarted) return Tail{};
    entry->watched_until = now + kWatchedFor;
    return entry->tail.attempt == entry->life.attempt && entry->tail_until > now ? entry->tail : Tail{};
  }

  Result<std::vector<JobId>> return_unknown(const WorkerId& worker, const std::vector<Claim>& known) override {
    SIMSWARM_CHECK(check_worker(worker));
    const Stamp now = begin();
    std::vector<JobId> back;
    for (auto& [id, entry] : entries_) {
      const Claim claim{entry.job.id, entry.life.attempt};
      if (entry.life.state != State::kStarted || entry.life.worker != worker) continue;
      if (std::find(known.begin(), known.end(), claim) != known.end()) continue;
      if (change(entry, HandedBack{claim.attempt}, now) == Answer::kDone) back.push_back(claim.job);
    }
    return back;
  }

  Result<Answer> cancel(const JobId& id) override { return change(id, Cancelled{}); }
  Result<Answer> request_stop(const JobId& id) override { return change(id, StopRequested{}); }

  Result<Answer> requeue(const JobId& id) override {
    const Stamp now = begin();
    Entry* entry = entry_of(id);
    if (entry == nullptr) return Answer::kGone;
    const Answer answer = change(*entry, Requeued{met(entry->job)}, now);
    if (answer != Answer::kDone) return answer;
    entry->started.reset();
    entry->ended.reset();
    forget_expiry(*entry);
    return answer;
  }

  Result<Answer> remove(const JobId& id) override {
    (void)begin();
    Entry* entry = entry_of(id);
    if (entry == nullptr) return Answer::kGone;
    if (entry->life.state == State::kStarted) return Answer::kRefused;
    if (entry->life.state != State::kFinished && is_waited_for(id)) return Answer::kRefused;
    erase(*entry);
    return Answer::kDone;
  }

  Result<Reaped> reap(std::size_t most) override {
    const Stamp now = begin();
    std::vector<std::pair<Stamp, std::string>> out;
    for (const auto& [name, stands] : queues_) {
      for (const auto& [score, id] : stands.registries[index(Place::kStarted)]) {
        const Stamp until = entries_.at(id).life.lease_until;
        if (until <= now) out.emplace_back(until, id);
      }
    }
    std::sort(out.begin(), out.end());
    if (out.size() > most) out.resize(most);
    Reaped reaped;
    for (const auto& [until, id] : out) {
      Entry& entry = entries_.at(id);
      if (entry.ahead && !entry.life.stop_requested) {
        (void)change(entry, HandedBack{entry.life.attempt}, now);
      } else {
        (void)change(entry, LeaseLooked{}, now);
      }
      if (entry.life.state == State::kQueued) {
        reaped.back.push_back(entry.job.id);
        continue;
      }
      reaped.ended.push_back(entry.job.id);
      entry.message = lost_message(entry.life.lost_on);
      end(entry, now);
    }
    return reaped;
  }

  Result<std::size_t> drain_due(const QueueName& queue, std::size_t most) override {
    SIMSWARM_CHECK(check_queue(queue));
    const Stamp now = begin();
    std::size_t drained = 0;
    Registry& scheduled = queues_[queue.text].registries[index(Place::kScheduled)];
    while (drained < most && !scheduled.empty()) {
      if (change(entries_.at(scheduled.begin()->second), DueLooked{}, now) != Answer::kDone) break;
      ++drained;
    }
    return drained;
  }

  Result<std::size_t> cancel_waiting(const QueueName& queue) override {
    SIMSWARM_CHECK(check_queue(queue));
    const Stamp now = begin();
    const std::deque<std::string> queued = queues_[queue.text].queued;
    for (const std::string& id : queued) (void)change(entries_.at(id), Cancelled{}, now);
    return queued.size();
  }

  Status describe(const QueueName& queue, const About& about) override {
    SIMSWARM_CHECK(check_about(queue, about));
    About& kept = abouts_[queue.text];
    if (about.name) kept.name = about.name->substr(0, kLongestAbout);
    if (about.priority) kept.priority = about.priority;
    return {};
  }

  Result<Emptied> empty(const QueueName& queue) override {
    SIMSWARM_CHECK(check_queue(queue));
    (void)begin();
    Emptied emptied;
    const std::deque<std::string> queued = queues_[queue.text].queued;
    for (const std::string& id : queued) {
      const bool stays = is_waited_for({id});
      if (!stays) erase(entries_.at(id));
      ++(stays ? emptied.kept : emptied.removed);
    }
    return emptied;
  }

  Status present(const WorkerRecord& record) override {
    SIMSWARM_CHECK(check_record(record));
    const Stamp now = begin();
    Presence& presence = workers_[record.name];
    if (presence.seen + kWorkerTtl <= now) presence.born = now;
    presence.seen = now;
    presence.record = record;
    return {};
  }

  Status leave(const WorkerId& worker) override {
    SIMSWARM_CHECK(check_worker(worker));
    workers_.erase(worker);
    return {};
  }

  Result<std::vector<WorkerView>> workers() override {
    const Stamp now = begin();
    std::erase_if(workers_, [&](const auto& one) { return one.second.seen + kWorkerTtl <= now; });
    std::vector<WorkerView> workers;
    for (const auto& [name, one] : workers_)
      workers.push_back({one.record, simswarm::to_text(one.born), simswarm::to_text(one.seen)});
    return workers;
  }

  Status keep_manifest(const std::string& campaign, const std::string& text) override {
    SIMSWARM_CHECK(check_id({campaign}));
    manifests_[campaign] = text;
    return {};
  }

  Status put_output(const JobId& id, std::uint64_t offset, std::string_view piece) override {
    SIMSWARM_CHECK(check_output(id, piece));
    const std::string_view kept = kept_of(offset, piece);
    std::string& text = outputs_[id.text];
    if (!kept.empty()) text.resize(std::max<std::size_t>(text.size(), offset + kept.size()));
    std::copy(kept.begin(), kept.end(), text.begin() + static_cast<std::ptrdiff_t>(kept.empty() ? 0 : offset));
    return {};
  }

  Result<std::string> output(const JobId& id, std::uint64_t offset) override {
    SIMSWARM_CHECK(check_id(id));
    const auto found = outputs_.find(id.text);
    if (found == outputs_.end() || offset >= found->second.size()) return std::string();
    return found->second.substr(offset, kOutputPiece);
  }

  Result<std::optional<std::string>> manifest(const std::string& campaign) override {
    SIMSWARM_CHECK(check_id({campaign}));
    const auto found = manifests_.find(campaign);
    if (found == manifests_.end()) return std::nullopt;
    return found->second;
  }

  Status suspend() override {
    suspended_ = true;
    return {};
  }
  Status resume() override {
    suspended_ = false;
    return {};
  }
  Result<bool> is_suspended() override { return suspended_; }

  Result<std::vector<QueueView>> queues() override {
    const Stamp now = begin();
    std::vector<QueueView> queues;
    for (const auto& [name, stands] : queues_) {
      const Registry& scheduled = stands.registries[index(Place::kScheduled)];
      const auto due = std::count_if(scheduled.begin(), scheduled.end(),
                                     [&](const auto& one) { return one.first <= seconds_of(now); });
      const auto about = abouts_.find(name);
      const About said = about == abouts_.end() ? About{} : about->second;
      queues.push_back({{name},
                        stands.queued.size(),
                        static_cast<std::size_t>(due),
                        said.name.value_or(""),
                        said.priority.value_or(0)});
    }
    return queues;
  }

  Result<Counts> counts(const QueueName& queue) override {
    SIMSWARM_CHECK(check_queue(queue));
    (void)begin();
    const Stands& stands = queues_[queue.text];
    const auto count = [&](Place place) { return stands.registries[index(place)].size(); };
    return Counts{count(Place::kDeferred), count(Place::kScheduled), stands.queued.size(),    count(Place::kStarted),
                  count(Place::kFinished), count(Place::kFailed),    count(Place::kCancelled)};
  }

  Result<Page> list(const QueueName& queue, Place place, std::size_t offset, std::size_t most) override {
    SIMSWARM_CHECK(check_queue(queue));
    (void)begin();
    const Stands& stands = queues_[queue.text];
    const Registry& registry = stands.registries[index(place)];
    std::vector<std::string> ids;
    if (place == Place::kQueued) ids.assign(stands.queued.rbegin(), stands.queued.rend());
    for (auto one = registry.rbegin(); one != registry.rend(); ++one) ids.push_back(one->second);
    Page page;
    page.total = ids.size();
    for (std::size_t i = offset; i < ids.size() && page.jobs.size() < std::min(most, kMostInPage); ++i) {
      page.jobs.push_back(view_of(entries_.at(ids[i])));
    }
    return page;
  }

  Result<std::optional<JobDetails>> find(const JobId& id) override {
    (void)begin();
    Entry* entry = entry_of(id);
    if (entry == nullptr) return std::nullopt;
    const bool failed = place_of(entry->life.state) == Place::kFailed;
    const bool finished = entry->life.state == State::kFinished;
    return JobDetails{view_of(*entry), entry->job.payload, entry->job.depends_on, finished ? entry->result : "",
                      failed ? entry->message : ""};
  }

 private:
  static std::size_t index(Place place) { return static_cast<std::size_t>(place); }

  // The time, and what has expired by then is gone.
  Stamp begin() {
    const Stamp now = options_.now ? options_.now() : system_clock().stamp();
    while (!expiring_.empty() && expiring_.begin()->first <= now) erase(entries_.at(expiring_.begin()->second));
    return now;
  }

  // Half of a worker's share of what waits, or what it asks for at least.
  std::size_t share_of(const ClaimRequest& request, const QueueName& queue, std::size_t waiting) const {
    if (request.at_least == 0 || request.at_least >= request.most) return request.most;
    const auto serves = [&](const auto& one) {
      const auto& queues = one.second.record.queues;
      return std::find(queues.begin(), queues.end(), queue) != queues.end();
    };
    const auto workers = std::max<std::ptrdiff_t>(std::count_if(workers_.begin(), workers_.end(), serves), 1);
    return std::min(request.most, std::max(request.at_least, waiting / (2 * static_cast<std::size_t>(workers))));
  }

  Answer settle_one(const Settlement& one) {
    const Stamp now = begin();
    Entry* entry = entry_of(one.claim.job);
    if (entry == nullptr) return Answer::kGone;
    switch (one.how) {
      case Settlement::How::kHandBack:
        return change(*entry, HandedBack{one.claim.attempt}, now);
      case Settlement::How::kComplete:
        return complete_one(*entry, one, now);
      case Settlement::How::kFail:
        break;
    }
    const Answer answer = change(*entry, Failed{one.claim.attempt, one.after}, now);
    if (answer == Answer::kDone && place_of(entry->life.state) == Place::kFailed) {
      entry->message = one.text.substr(0, kLongestMessage);
      end(*entry, now);
    }
    return answer;
  }

  Answer complete_one(Entry& entry, const Settlement& one, Stamp now) {
    const Answer answer = change(entry, Completed{one.claim.attempt}, now);
    if (answer != Answer::kDone) return answer;
    entry.result = one.text;
    end(entry, now);
    return answer;
  }

  Entry* entry_of(const JobId& id) {
    const auto found = entries_.find(id.text);
    return found == entries_.end() ? nullptr : &found->second;
  }

  bool enqueue_one(const NewJob& job, Stamp now) {
    const auto [found, is_new] = entries_.try_emplace(job.id.text);
    if (!is_new) return false;
    Entry& entry = found->second;
    entry.job = job;
    entry.life = begin_life(job, met(job), now);
    entry.created = now;
    stand(entry, job.at_front, now);
    for (const JobId& parent : job.depends_on) dependents_[parent.text].insert(job.id.text);
    return true;
  }

  Answer change(const JobId& id, const Event& event) {
    const Stamp now = begin();
    Entry* entry = entry_of(id);
    return entry == nullptr ? Answer::kGone : change(*entry, event, now);
  }

  // The life, and with it the place where the job stands.
  Answer change(Entry& entry, const Event& event, Stamp now) {
    const State before = entry.life.state;
    const Answer answer = apply(entry.life, event, now);
    if (answer != Answer::kDone || entry.life.state == before) return answer;
    leave(entry, place_of(before));
    const bool had_its_turn = before == State::kStarted;
    const bool waited = before == State::kDeferred || before == State::kScheduled;
    stand(entry, had_its_turn || (waited && entry.job.at_front), now);
    return answer;
  }

  void leave(const Entry& entry, Place place) {
    Stands& stands = queues_[entry.job.queue.text];
    const std::string& id = entry.job.id.text;
    if (place == Place::kQueued) {
      stands.queued.erase(std::find(stands.queued.begin(), stands.queued.end(), id));
    } else {
      stands.registries[index(place)].erase({entry.score, id});
    }
  }

  void stand(Entry& entry, bool at_front, Stamp now) {
    Stands& stands = queues_[entry.job.queue.text];
    const Place place = place_of(entry.life.state);
    if (place == Place::kQueued) {
      entry.enqueued = now;
      stands.queued.insert(at_front ? stands.queued.begin() : stands.queued.end(), entry.job.id.text);
      return;
    }
    entry.score = score_of(entry, place, now);
    stands.registries[index(place)].insert({entry.score, entry.job.id.text});
  }

  static double score_of(const Entry& entry, Place place, Stamp now) {
    const auto after = [&](std::chrono::seconds ttl) { return ttl == kForever ? kNever : seconds_of(now + ttl); };
    switch (place) {
      case Place::kDeferred:
        return kNever;
      case Place::kScheduled:
        return seconds_of(entry.life.due);
      case Place::kStarted:
        return after(kFarAhead);
      case Place::kFinished:
        return after(entry.job.result_ttl);
      case Place::kFailed:
        return after(entry.job.failure_ttl);
      default:
        return seconds_of(now);
    }
  }

  // A job that finished or failed: when it expires, and who waited for it.
  void end(Entry& entry, Stamp now) {
    entry.ended = now;
    const JobId id = entry.job.id;
    release_dependents(id, now);
    const bool finished = entry.life.state == State::kFinished;
    const std::chrono::seconds ttl = finished ? entry.job.result_ttl : entry.job.failure_ttl;
    if (ttl == kForever) return;
    if (ttl.count() == 0) {
      erase(entry);
      return;
    }
    entry.expires = now + ttl;
    expiring_.insert({*entry.expires, id.text});
  }

  void release_dependents(const JobId& id, Stamp now) {
    const auto found = dependents_.find(id.text);
    if (found == dependents_.end()) return;
    for (const std::string& waiting : found->second) {
      const auto child = entries_.find(waiting);
      if (child == entries_.end()) continue;
      (void)change(child->second, DependenciesLooked{met(child->second.job)}, now);
    }
  }

  [[nodiscard]] bool met(const NewJob& job) const {
    return std::all_of(job.depends_on.begin(), job.depends_on.end(), [&](const JobId& id) {
      const auto parent = entries_.find(id.text);
      if (parent == entries_.end() || parent->second.life.state == State::kFinished) return true;
      return job.allow_failed_dependencies && parent->second.life.state == State::kFailed;
    });
  }

  bool is_waited_for(const JobId& id) {
    const auto found = dependents_.find(id.text);
    if (found == dependents_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](const std::string& waiting) {
      const auto child = entries_.find(waiting);
      return child != entries_.end() && child->second.life.state == State::kDeferred;
    });
  }

  void forget_expiry(Entry& entry) {
    if (entry.expires) expiring_.erase({*entry.expires, entry.job.id.text});
    entry.expires.reset();
  }

  void erase(Entry& entry) {
    const std::string id = entry.job.id.text;
    forget_expiry(entry);
    leave(entry, place_of(entry.life.state));
    for (const JobId& parent : entry.job.depends_on) dependents_[parent.text].erase(id);
    entries_.erase(id);  // who waits for it stays in dependents_: a job of this id may come again
  }

  JobQueueOptions options_;
  std::unordered_map<std::string, Entry> entries_;
  std::map<std::string, Stands> queues_;
  std::map<std::string, std::set<std::string>> dependents_;  // by parent; those that do not wait any more stay
  std::set<std::pair<Stamp, std::string>> expiring_;
  std::map<WorkerId, Presence> workers_;
  std::map<std::string, std::string> manifests_;
  std::map<std::string, About> abouts_;  // by queue
  std::map<std::string, std::string> outputs_;
  bool suspended_ = false;
};

}  // namespace

std::unique_ptr<JobQueue> make_memory_job_queue(const JobQueueOptions& options) {
  return std::make_unique<MemoryJobQueue>(options);
}

}  // namespace simswarm::jobs
