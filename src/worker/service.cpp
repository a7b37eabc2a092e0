#include "worker/service.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "queue/queue.h"
#include "worker/ended_run.h"
#include "worker/held.h"
#include "worker/outcome_json.h"
#include "worker/worker.h"

namespace simswarm::worker {
namespace {

using jobs::AfterFailure;
using jobs::Settlement;
using std::chrono::milliseconds;

constexpr double kAhead = 0.5;           // seconds of work that wait here, where runs are short
constexpr std::size_t kMostAhead = 250;  // runs a slot
constexpr std::chrono::seconds kNotNow{5};
constexpr double kLong = 20;                  // seconds; whether others were faster is asked only then
constexpr std::size_t kMostStudies = 16;      // that are open
constexpr std::uint64_t kMostLog = 8 * 1024;  // bytes of each output that the queue is told
constexpr milliseconds kTelling{1000};
constexpr milliseconds kSummary{10'000};
constexpr std::chrono::seconds kPatience{10};  // with the queue, at the end
constexpr const char* kDoneByAnother = R"({"outcome":"completed","message":"another attempt completed it"})";

class Service final : public Host {
 public:
  // `stored` is null where there is no store.
  Service(const ServiceOptions& options, QueueLink& link, StoredRuns* stored, exec::Keeper& keeper, std::string owner)
      : options_(options), link_(link), stored_(stored) {
    ground_.owner = std::move(owner);
    ground_.layer = options.layer;
    ground_.run_as = options.run_as;
    ground_.limits = options.limits;
    ground_.stall = options.stall;
    ground_.slots = options.link.slots;
    ground_.keeper = &keeper;
    if (stored != nullptr) ground_.source = stored->source();
  }

  Status run() {
    worker::Options loop;
    loop.jobs = options_.link.slots;
    loop.retries = 0;
    loop.mark = exec::mark_of(ground_.owner);
    loop.grace = std::max(options_.drain, 0.0);
    loop.stall = options_.stall;
    loop.gives_up = false;
    queue_ = make_memory_queue();
    link_.hold(options_.link.slots);
    const Studies studies = [this](std::size_t id) {
      OpenStudy& study = *studies_.at(id);
      return Study{study.executor.get(), study.dialect.get(), &study.runs, study.scratch, study.spec.stall};
    };
    Status worked = worker::work(*queue_, studies, loop, *this);
    for (auto& [key, waiting] : unconfirmed_) hand_back(waiting);
    std::vector<Settlement> left;
    for (const auto& [index, held] : held_) {
      if (!held.lost) left.push_back({held.assigned.claim, Settlement::How::kHandBack});
    }
    link_.settle(std::move(left));
    for (auto& [id, study] : studies_) close_study(*study, ground_);
    return worked;
  }

  // Host

  void started(const Batch& batch) override {
    for (std::size_t i = 0; i < batch.claims.size(); ++i)
      executed_.emplace(std::pair(batch.study, batch.runs[i]), batch.claims[i].job);
    running_ += 1;
  }

  void finished(Finished finished, const std::vector<bool>& will_retry) override {
    OpenStudy& study = *studies_.at(finished.batch.study);
    study.used = system_clock().monotonic();
    working_seconds_ += finished.ended.usage.wall_seconds;
    if (finished.batch.is_trial) {
      judge_trial(study, finished);
    } else {
      --running_;
      std::vector<Settlement> settlements;
      for (std::size_t i = 0; i < finished.batch.claims.size(); ++i) {
        const JobId job = finished.batch.claims[i].job;
        std::erase_if(executed_, [&](const auto& one) { return one.second == job; });
        if (!will_retry[i]) end(study, finished, i, settlements);
      }
      link_.settle(std::move(settlements));
    }
    (void)remove_tree(finished.batch.scratch);
  }

  void withdrawn(JobId job) override {
    const auto held = held_.extract(job.index);
    if (held.empty()) return;
    const Held& one = held.mapped();
    --studies_.at(one.study)->jobs;
    if (one.lost) return;
    using How = Settlement::How;
    if (one.stops) {
      link_.settle({{one.assigned.claim, How::kFail, "stopped before it began", AfterFailure::kWasStopped}});
    } else {
      link_.settle({{one.assigned.claim, How::kHandBack}});
    }
  }

  void tick(const std::vector<RunningView>& running) override {
    std::uint64_t count = 0;
    if (options_.interrupt_descriptor >= 0) (void)!::read(options_.interrupt_descriptor, &count, sizeof(count));
    obey();
    for (Assigned& one : link_.take()) take_in(std::move(one));
    if (stored_ != nullptr) end_what_is_done(running);
    settle_confirmed();
    close_unused();
    queue_->forget_ended();
    give_back_surplus();
    if (!ends_) link_.hold(wanted());
    const Monotonic now = system_clock().monotonic();
    if (now - told_ >= kTelling) tell(running, now);
  }

  [[nodiscard]] std::vector<int> wake_on() override {
    std::vector<int> descriptors{link_.descriptor()};
    if (options_.interrupt_descriptor >= 0) descriptors.push_back(options_.interrupt_descriptor);
    return descriptors;
  }

  [[nodiscard]] bool is_busy() override { return false; }
  // As long as the service lives more may come.
  [[nodiscard]] bool is_settled() override {
    if (!options_.burst || ends_) return ends_;
    return held_.empty() && link_.state().idle && (stored_ == nullptr || stored_->uploader().pending() == 0);
  }

  [[nodiscard]] std::size_t batch_limit(std::size_t id, std::size_t first) override {
    OpenStudy& study = *studies_.at(id);
    if (study.spec.batch_size) return *study.spec.batch_size;
    return study.batching.limit(study.runs[first].config, study.run_seconds, waiting_of(study) + 1);
  }

  [[nodiscard]] Trial next_trial() override {
    if (ends_) return {};
    for (auto& [id, study] : studies_) {
      if (study->spec.batch_size || !study->dialect->can_batch()) continue;
      std::vector<std::size_t> runs = study->batching.next_trial(waiting_of(*study));
      if (runs.empty()) continue;
      ++study->jobs;  // until it is judged the study stays open
      return {id, std::move(runs)};
    }
    return {};
  }

  [[nodiscard]] std::vector<Stop> to_stop() override { return std::exchange(stops_, {}); }

  [[nodiscard]] bool is_draining() override { return ends_; }

  [[nodiscard]] int stop_level() override {
    const int interrupts = options_.interrupts == nullptr ? 0 : static_cast<int>(*options_.interrupts);
    if (interrupts > 0 && !ends_) end_soon("told to end");
    if (interrupts > 1) return 2;
    return ends_ && options_.drain >= 0 ? 1 : 0;
  }

 private:
  void end_soon(const std::string& why) {
    link_.hold(0);
    ends_ = true;
    if (running_ == 0) return options_.say(why);
    const std::string then = options_.drain < 0
                                 ? "may finish"
                                 : fmt::format("may go on for {}, and {} handed back then",
                                               human_duration(options_.drain), running_ == 1 ? "is" : "are");
    options_.say(
        fmt::format("{}: nothing new starts, {} running run{} {}", why, running_, running_ == 1 ? "" : "s", then));
  }

  // What the queue, or somebody through it, wants of us.
  void obey() {
    const Orders orders = link_.take_orders();
    if (orders.shutdown && !ends_) end_soon("shutdown was asked for");
    if (orders.kill_all) {
      options_.say(fmt::format("kill-horse was asked for: {} runs are ended", running_));
      for (const auto& [run, job] : executed_) stops_.push_back({job, Outcome::kKilled});
    }
    for (auto& [index, held_job] : held_) {
      Held& held = held_job;
      const auto is_it = [&](const jobs::Claim& claim) { return claim == held.assigned.claim; };
      const bool stops = std::any_of(orders.stop.begin(), orders.stop.end(), is_it);
      const bool lost = std::any_of(orders.lost.begin(), orders.lost.end(), is_it);
      if (!stops && !lost) continue;
      held.stops = held.stops || stops;
      held.lost = held.lost || lost;
      // The store accepts a result from whoever has it first, whatever became of his lease: what runs goes on.
      const auto is_run = [number = index](const auto& one) { return one.second.index == number; };
      if (stops || !studies_.at(held.study)->spec.stored || std::none_of(executed_.begin(), executed_.end(), is_run))
        stops_.push_back({JobId{index}, Outcome::kCancelled});
    }
  }

  void take_in(Assigned assigned) {
    const jobs::Claim claim = assigned.claim;
    if (ends_) return link_.settle({{claim, Settlement::How::kHandBack}});
    const auto refuse = [&](const std::string& message) {
      options_.say(fmt::format("{}: {}", claim.job.text, message));
      ++failed_;
      link_.settle({{claim, Settlement::How::kFail, message + "\n", AfterFailure::kNoRetry}});
    };
    Result<OpenStudy*> study = study_of(assigned);
    if (!study && (study.error().can_retry || study.error().code == ExitCode::kInterrupted)) {
      // Nobody's fault: the store is away, somebody else is at it, we are to end.
      if (!assigned.campaign.empty()) link_.avoid(assigned.queue);
      if (std::exchange(told_wait_, study.error().message) != study.error().message)
        options_.say(fmt::format("{}: {}; handed back for now", claim.job.text, study.error().message));
      return link_.settle({{claim, Settlement::How::kHandBack}});
    }
    if (!study && study.error().code == ExitCode::kEnvironment) {
      // Perhaps of this machine alone: others may have the folder, or the program.
      if (!assigned.campaign.empty()) link_.avoid(assigned.queue);
      options_.say(fmt::format("{}: {}", claim.job.text, study.error().message));
      ++failed_;
      return link_.settle({{claim, Settlement::How::kFail, study.error().message + "\n", AfterFailure::kMayRetry}});
    }
    if (!study) return refuse(study.error().message);
    if (assigned.position >= (*study)->runs.size()) {
      return refuse(fmt::format("there is no run {}: the study has {} now", assigned.position, (*study)->runs.size()));
    }
    if ((*study)->spec.stored && claim.attempt > 1 && !stored_->uploader().is_away() &&
        stored_->is_done((*study)->key_of(assigned.position)))
      return link_.settle({{claim, Settlement::How::kComplete, kDoneByAnother}});
    ++(*study)->jobs;
    Job job;
    job.runs = {assigned.position};
    job.study = (*study)->id;
    const std::size_t id = job.study;
    const JobId local = queue_->enqueue(std::move(job));
    assigned.study.reset();
    held_.emplace(local.index, Held{std::move(assigned), id});
  }

  Result<OpenStudy*> study_of(const Assigned& assigned) {
    const std::string key =
        fmt::format("{} {}", assigned.timeout.count(), assigned.campaign.empty() ? *assigned.study : assigned.campaign);
    const auto [found, is_new] = by_key_.try_emplace(key, last_study_ + 1);
    if (is_new) {
      // One that could not be had a moment ago is not asked for by each of its jobs.
      if (key == not_now_ && system_clock().monotonic() < not_before_) {
        by_key_.erase(found);
        return propagate({ExitCode::kEnvironment, told_wait_, true});
      }
      Result<std::unique_ptr<OpenStudy>> opened = open_study(++last_study_, *assigned.study, assigned.timeout, ground_);
      if (!opened) {
        by_key_.erase(found);
        if (opened.error().can_retry) {
          not_now_ = key;
          not_before_ = system_clock().monotonic() + kNotNow;
        }
        return propagate(opened.error());
      }
      studies_.emplace(last_study_, std::move(*opened));
    }
    OpenStudy* study = studies_.at(found->second).get();
    study->used = system_clock().monotonic();
    return study;
  }

  void close_unused() {
    if (studies_.size() <= kMostStudies) return;
    OpenStudy* oldest = nullptr;
    for (const auto& [id, study] : studies_) {
      const auto waits = [&, this_id = id](const auto& one) {
        return one.first.first == this_id && !one.second.empty();
      };
      const bool unused = study->jobs == 0 && std::none_of(unconfirmed_.begin(), unconfirmed_.end(), waits);
      if (unused && (oldest == nullptr || study->used < oldest->used)) oldest = study.get();
    }
    if (oldest == nullptr) return;
    const std::size_t id = oldest->id;
    close_study(*oldest, ground_);
    std::erase_if(unconfirmed_, [&](const auto& one) { return one.first.first == id; });
    studies_.erase(id);
    std::erase_if(by_key_, [&](const auto& entry) { return entry.second == id; });
  }

  // Of a study: those that run, and of short ones some more, so that no slot waits for the queue.
  [[nodiscard]] std::size_t wanted_of(const OpenStudy& study) const {
    if (study.run_seconds == 0) return options_.link.slots;
    const double ahead = std::clamp(kAhead / study.run_seconds, 1.0, static_cast<double>(kMostAhead));
    return options_.link.slots * static_cast<std::size_t>(ahead);
  }

  // Results on their way to the store are held, too.
  [[nodiscard]] std::size_t wanted() {
    std::size_t most = options_.link.slots;
    for (const auto& [id, study] : studies_) {
      if (study->jobs > 0) most = std::max(most, wanted_of(*study));
    }
    if (stored_ == nullptr) return most;
    const std::string obstacle = stored_->obstacle();
    if (obstacle != std::exchange(told_obstacle_, obstacle))
      options_.say(obstacle.empty() ? "there is room again: going on" : obstacle);
    return obstacle.empty() ? most + stored_->uploader().pending() : 0;
  }

  // Others may have completed what has run here for a while.
  void end_what_is_done(const std::vector<RunningView>& views) {
    std::set<RunKey> running;
    const std::set<RunKey> done = stored_->uploader().take_done();
    for (const RunningView& view : views) {
      const auto job = executed_.find({view.study, view.run});
      const auto study = studies_.find(view.study);
      if (job == executed_.end() || study == studies_.end() || !study->second->spec.stored) continue;
      if (view.wall_seconds < kLong) continue;
      const RunKey key = study->second->key_of(view.run);
      running.insert(key);
      const auto held = held_.find(job->second.index);
      if (held == held_.end() || !done.contains(key)) continue;
      held->second.done = true;
      stops_.push_back({job->second, Outcome::kCancelled});
    }
    stored_->uploader().watch(std::move(running));
  }

  // Runs that last longer than others did are not hoarded: others may have nothing to do.
  void give_back_surplus() {
    if (held_.size() <= options_.link.slots) return;
    std::map<std::size_t, std::size_t> kept;
    std::set<std::size_t> runs;
    for (const auto& [run, job] : executed_) runs.insert(job.index);
    for (const auto& [index, held] : held_) {
      const std::size_t count = ++kept[held.study];
      if (count > wanted_of(*studies_.at(held.study)) && !runs.contains(index)) stops_.push_back({JobId{index}});
    }
  }

  [[nodiscard]] std::size_t waiting_of(const OpenStudy& study) const {
    std::size_t running = 0;
    for (const auto& [run, job] : executed_) running += run.first == study.id ? 1 : 0;
    return study.jobs - std::min(study.jobs, running);
  }

  // A run has ended, for good as far as we are concerned.
  void end(OpenStudy& study, const Finished& finished, std::size_t i, std::vector<Settlement>& settlements) {
    const auto node = held_.extract(finished.batch.claims[i].job.index);
    if (node.empty()) return;
    const Held& held = node.mapped();
    --study.jobs;
    Told told = told_of(study, finished, i, held);
    const Outcome outcome = told.attempt.verdict.outcome;
    if (held.lost && !(study.spec.stored && is_complete(outcome))) return;
    if (held.done && !is_complete(outcome))
      return settlements.push_back({held.assigned.claim, Settlement::How::kComplete, kDoneByAnother});
    const bool is_ours = outcome == Outcome::kNotStarted || outcome == Outcome::kCancelled;
    if (is_complete(outcome)) {
      complete(study, finished, i, held, std::move(told), settlements);
    } else if (is_ours && !held.stops) {
      settlements.push_back({held.assigned.claim, Settlement::How::kHandBack});
    } else {
      // Who enqueues single jobs says himself how often they are worth another try.
      const bool may_retry = can_help_to_retry(outcome) || held.assigned.campaign.empty();
      const AfterFailure after = held.stops  ? AfterFailure::kWasStopped
                                 : may_retry ? AfterFailure::kMayRetry
                                             : AfterFailure::kNoRetry;
      if (held.stops) told.attempt.verdict.message = "it was asked to stop";
      ++failed_;
      say_ended(study, finished.batch.runs[i], held, told.attempt);
      Known known{{held.assigned.claim, Settlement::How::kFail, failure_text(told), after}};
      if (study.spec.stored) (void)take_files(study, finished, i, held, told, known);
      tell_of(std::move(known), settlements);
    }
  }

  // To the store first, where it goes there.
  void tell_of(Known known, std::vector<Settlement>& settlements) {
    if (known.upload) {
      known.upload->settlement = known.settlement;
      const Status kept = stored_->hand_in(std::move(*known.upload));
      if (kept) return;
      options_.say(fmt::format("{}: {}", known.settlement.claim.job.text, kept.error().message));
      known.settlement.how = Settlement::How::kFail;
      known.settlement.text = kept.error().message + "\n";
    }
    settlements.push_back(std::move(known.settlement));
  }

  // The files of a run of a stored study, for the store.
  Status take_files(OpenStudy& study, const Finished& finished, std::size_t i, const Held& held, const Told& told,
                    Known& known) {
    SIMSWARM_TRY(known.upload, stored_->take(study, finished, i, told, held.assigned));
    return {};
  }
  void complete(OpenStudy& study, const Finished& finished, std::size_t i, const Held& held, Told told,
                std::vector<Settlement>& settlements) {
    Known known;
    const Status put = study.spec.stored ? take_files(study, finished, i, held, told, known)
                                         : put_into_place(study, finished, i, told);
    if (!put) {
      Verdict& verdict = told.attempt.verdict;
      verdict = {Outcome::kIncomplete, "its results could not be put into place: " + put.error().message, {}};
      ++failed_;
      say_ended(study, finished.batch.runs[i], held, told.attempt);
      // What a run leaves it leaves again.
      const bool may_help = put.error().code != ExitCode::kUsage || !study.spec.stored;
      settlements.push_back({held.assigned.claim, Settlement::How::kFail, failure_text(told),
                             may_help ? AfterFailure::kMayRetry : AfterFailure::kNoRetry});
      return;
    }
    ++complete_;
    known.settlement = {held.assigned.claim, Settlement::How::kComplete, result_json(told)};
    const bool in_company = finished.batch.runs.size() > 1;
    learn(study, finished, i, told.files, known.upload);
    const std::string& config = study.runs[finished.batch.runs[i]].config;
    if (in_company && !study.spec.batch_size && !study.batching.is_confirmed(config)) {
      unconfirmed_[{study.id, config}].push_back(std::move(known));
    } else {
      tell_of(std::move(known), settlements);
    }
  }

  static Status put_into_place(const OpenStudy& study, const Finished& finished, std::size_t i, Told& told) {
    SIMSWARM_TRY(Delivered delivered, deliver(study.place, files_of(finished.judgements[i], finished.ended.evidence)));
    told.files = std::move(delivered.files);
    told.kept = delivered.kept;
    return {};
  }

  // How long runs take, and whether they may share processes.
  void learn(OpenStudy& study, const Finished& finished, std::size_t i, const std::vector<ResultFile>& files,
             const std::optional<Upload>& upload) {
    const std::size_t position = finished.batch.runs[i];
    const Run run = study.runs[position];
    const auto runs = static_cast<double>(finished.batch.runs.size());
    const double wall = finished.ended.usage.wall_seconds;
    const double work = std::max(0.0005, (wall - study.batching.start(run.config)) / runs);
    constexpr double kWeight = 0.2;  // of the last
    study.run_seconds = study.run_seconds == 0 ? work : (1 - kWeight) * study.run_seconds + kWeight * work;
    if (study.spec.batch_size || !study.dialect->can_batch()) return;
    const auto keep_sample = [&] {
      if (upload) {
        stored_->keep_sample(study, position, *upload);
      } else {
        study.samples[position] = files;
      }
    };
    if (runs == 1) {
      if (study.samples.size() < kMostSamples) keep_sample();
      if (study.samples.contains(position)) study.batching.completed_alone(position, run, wall);
      return;
    }
    const bool last = i + 1 == finished.batch.runs.size();
    if (last && !study.batching.is_confirmed(run.config)) keep_sample();
    study.batching.completed_in_batch(position, run, last);
  }

  void judge_trial(OpenStudy& study, const Finished& finished) {
    --study.jobs;
    const Run first = study.runs[finished.batch.runs.front()];
    const std::string difference = study.difference_to(finished);
    const bool was_ended = finished.ended.evidence.ended_by_us.has_value() || finished.ended.trouble.has_value() ||
                           !finished.ended.not_started.empty() || finished.ended.disk_was_full;
    if (!difference.empty() && was_ended) return study.batching.put_off(first.config);
    if (!study.batching.tried(first, finished.ended.usage.wall_seconds, difference)) return;
    options_.say(fmt::format("runs of {} do not share processes any more: {}", first.config, difference));
  }

  void settle_confirmed() {
    for (auto& [key, waiting] : unconfirmed_) {
      if (waiting.empty()) continue;
      const Batching& batching = studies_.at(key.first)->batching;
      if (batching.is_undecided(key.second)) continue;
      if (!batching.is_confirmed(key.second)) {
        hand_back(waiting);
        continue;
      }
      std::vector<Settlement> settlements;
      for (Known& known : std::exchange(waiting, {})) tell_of(std::move(known), settlements);
      link_.settle(std::move(settlements));
    }
  }

  void hand_back(std::vector<Known>& waiting) {
    std::vector<Settlement> settlements;
    for (Known& known : waiting) {
      settlements.push_back({known.settlement.claim, Settlement::How::kHandBack});
      if (known.upload) (void)remove_tree(known.upload->folder.parent_path());
    }
    complete_ -= waiting.size();
    waiting.clear();
    link_.settle(std::move(settlements));
  }

  [[nodiscard]] Told told_of(const OpenStudy& study, const Finished& finished, std::size_t i, const Held& held) const {
    Told told;
    told.attempt = attempt_of(study.limits, finished, i);
    told.attempt.number = held.assigned.claim.attempt;
    told.attempt.host = options_.link.node;
    told.worker = options_.link.name.text;
    told.output = read_tail(finished.ended.evidence.output, kMostLog).value_or("");
    told.errors = read_tail(finished.ended.evidence.errors, kMostLog).value_or("");
    return told;
  }

  void say_ended(const OpenStudy& study, std::size_t position, const Held& held, const Attempt& attempt) {
    const Verdict& verdict = attempt.verdict;
    options_.say(fmt::format("{} ({}), attempt {}: {}{}{}", held.assigned.claim.job.text,
                             short_name(study.runs[position]), attempt.number, to_text(verdict.outcome),
                             verdict.message.empty() ? "" : ": ", verdict.message));
  }

  void tell(const std::vector<RunningView>& running, Monotonic now) {
    told_ = now;
    std::vector<jobs::Told> told;
    for (const RunningView& view : running) {
      const auto job = executed_.find({view.study, view.run});
      if (job == executed_.end()) continue;
      const auto held = held_.find(job->second.index);
      if (held != held_.end()) told.push_back({held->second.assigned.claim, progress_json(view)});
    }
    link_.tell(std::move(told), running_, working_seconds_);
    if (now - summed_up_ < kSummary || complete_ + failed_ == said_) return;
    summed_up_ = now;
    said_ = complete_ + failed_;
    options_.say(fmt::format("{} runs complete, {} failed, {} running", complete_, failed_, running_));
  }

  static constexpr std::size_t kMostSamples = 64;

  const ServiceOptions& options_;
  QueueLink& link_;
  StoredRuns* stored_;
  GroundOptions ground_;
  std::unique_ptr<Queue> queue_;
  std::map<std::size_t, std::unique_ptr<OpenStudy>> studies_;
  std::map<std::string, std::size_t> by_key_;
  std::map<std::size_t, Held> held_;                                    // by the index of the job here
  std::multimap<std::pair<std::size_t, std::size_t>, JobId> executed_;  // by study and position
  // By study and configuration: of runs that shared a process.
  std::map<std::pair<std::size_t, std::string>, std::vector<Known>> unconfirmed_;
  std::vector<Stop> stops_;
  std::size_t last_study_ = 0;
  std::size_t running_ = 0;  // processes
  std::size_t complete_ = 0;
  std::size_t failed_ = 0;
  std::size_t said_ = 0;
  double working_seconds_ = 0;
  bool ends_ = false;
  std::string told_obstacle_;
  std::string told_wait_;  // why a study could not be opened that may be later
  std::string not_now_;    // which
  Monotonic not_before_{};
  Monotonic told_{};
  Monotonic summed_up_{};
};

}  // namespace

Result<ServiceSummary> serve(const ServiceOptions& options) {
  const std::string owner = "worker-" + make_ulid(system_clock().stamp());
  const bool users = ::geteuid() != 0 && options.layer != "links";
  SIMSWARM_TRY(const std::unique_ptr<exec::Keeper> keeper,
               exec::Keeper::start({owner, exec::mark_of(owner) + ".", options.containment, users}));
  SIMSWARM_TRY(const std::unique_ptr<QueueLink> link, QueueLink::open(options.link));
  std::unique_ptr<StoredRuns> stored;
  if (options.store) {
    const auto settle = [&link](std::vector<Settlement> settlements) { link->settle(std::move(settlements)); };
    const auto gives_up = [&options] { return options.interrupts != nullptr && *options.interrupts > 0; };
    SIMSWARM_TRY(stored, StoredRuns::open(*options.store, options.link.spool, options.link.name.text, settle,
                                          options.say, gives_up));
  }
  options.on_ready();
  Status worked;
  {
    Service service(options, *link, stored.get(), *keeper, owner);
    worked = service.run();
  }
  std::size_t unstored = 0;
  if (stored) {
    if (!stored->uploader().finish(kPatience)) unstored = stored->uploader().pending();
    if (unstored > 0)
      options.say(fmt::format("the store is away: {} results stay in {}, for the next worker here", unstored,
                              options.link.spool.string()));
    stored.reset();
  }
  const bool all = link->finish(kPatience);
  const LinkState state = link->state();
  if (!all)
    options.say(fmt::format("the queue is away: {} outcomes stay in {}, for the next worker here", state.unsettled,
                            options.link.spool.string()));
  SIMSWARM_CHECK(worked);
  return ServiceSummary{state.finished, state.failed, state.unsettled, unstored};
}

}  // namespace simswarm::worker
