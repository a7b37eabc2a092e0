#include "worker/service.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/cpu.h"
#include "base/output_end.h"
#include "base/text.h"
#include "queue/queue.h"
#include "worker/ended_run.h"
#include "worker/held.h"
#include "worker/node_room.h"
#include "worker/outcomes.h"
#include "worker/service_ground.h"
#include "worker/shelf.h"
#include "worker/worker.h"

namespace simswarm::worker {
namespace {

using jobs::AfterFailure;
using jobs::Settlement;
using std::chrono::milliseconds;

constexpr double kAhead = 0.5;           // seconds of work that wait here, where runs are short
constexpr std::size_t kMostAhead = 250;  // runs a slot
constexpr double kLong = 20;             // seconds; whether others were faster is asked only then
constexpr milliseconds kTelling{1000};
constexpr milliseconds kSummary{10'000};
constexpr std::size_t kMostForOpenings = 4;    // jobs a slot that wait for their studies and take nobody's place
constexpr std::chrono::seconds kPatience{10};  // with the queue, at the end

class Service final : public Host {
 public:
  // `stored` is null where there is no store.
  Service(const ServiceOptions& options, exec::Network network, QueueLink& link, StoredRuns* stored,
          exec::Keeper& keeper, std::string owner)
      : options_(options),
        link_(link),
        stored_(stored),
        ground_(ground_of(options, network, keeper, std::move(owner))),
        room_(disks_of(options), options.least_free, options.seats),
        outcomes_(options, link, stored) {
    if (stored != nullptr) ground_.source = stored->source();
    ground_.on_other_cpu = [&link](const std::string& campaign, const std::string& cpu) { link.misses(campaign, cpu); };
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
    outcomes_.hand_back_unconfirmed();
    std::vector<Settlement> left;
    for (const auto& [index, held] : held_) {
      if (!held.lost) left.push_back({held.assigned.claim, Settlement::How::kHandBack});
    }
    for (const Assigned& one : shelf_.withdraw([](const Assigned&) { return true; }))
      left.push_back({one.claim, Settlement::How::kHandBack});
    link_.settle(std::move(left));
    shelf_.close();
    return worked;
  }

  // Host

  void started(const Batch& batch) override {
    for (std::size_t i = 0; i < batch.claims.size(); ++i)
      executed_.emplace(std::pair(batch.study, batch.runs[i]), batch.claims[i].job);
    running_ += 1;
    room_.began(batch.id, kind_of(*studies_.at(batch.study), batch.runs.front()));
    for (const std::size_t run : batch.runs) batches_[{batch.study, run}] = batch.id;
    link_.shares().began(studies_.at(batch.study)->queue, batch.id, batch.claims.size());
  }

  void finished(Finished finished, const std::vector<bool>& will_retry) override {
    OpenStudy& study = *studies_.at(finished.batch.study);
    study.used = system_clock().monotonic();
    working_seconds_ += finished.ended.usage.wall_seconds;
    mixes_ = true;
    if (finished.batch.is_trial) {
      link_.shares().charge(study.queue, finished.ended.usage.wall_seconds);
      --study.jobs;
      outcomes_.judge_trial(study, finished);
    } else {
      --running_;
      room_.ended(finished.batch.id, telling_peak(finished));
      for (const std::size_t run : finished.batch.runs) batches_.erase({finished.batch.study, run});
      link_.shares().ended(study.queue, finished.batch.id, ended_of(finished, will_retry));
      std::vector<Settlement> settlements;
      for (std::size_t i = 0; i < finished.batch.claims.size(); ++i) {
        const JobId job = finished.batch.claims[i].job;
        std::erase_if(executed_, [&](const auto& one) { return one.second == job; });
        if (will_retry[i]) continue;
        const auto held = held_.extract(job.index);
        if (held.empty()) continue;
        --study.jobs;
        outcomes_.end(study, finished, i, held.mapped(), settlements);
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
    link_.shares().left(studies_.at(one.study)->queue);
    if (!one.lost) give_up(one.assigned, one.stops);
  }

  void tick(const std::vector<RunningView>& running) override {
    std::uint64_t count = 0;
    if (options_.interrupt_descriptor >= 0) (void)!::read(options_.interrupt_descriptor, &count, sizeof(count));
    obey();
    for (Assigned& one : link_.take()) take_in(std::move(one));
    open_studies();
    if (stored_ != nullptr) end_what_is_done(running);
    outcomes_.settle_confirmed(studies_);
    shelf_.close_unused([this](const OpenStudy& study) { return !outcomes_.has_unconfirmed(study.id); });
    queue_->forget_ended();
    give_back_surplus();
    mix();
    look_at_memory(running);
    if (!ends_) link_.hold(wanted());
    const Monotonic now = system_clock().monotonic();
    if (now - told_ >= kTelling) tell(running, now);
  }

  [[nodiscard]] std::vector<int> wake_on() override {
    std::vector<int> descriptors{link_.descriptor(), shelf_.descriptor()};
    if (options_.interrupt_descriptor >= 0) descriptors.push_back(options_.interrupt_descriptor);
    return descriptors;
  }

  [[nodiscard]] bool is_busy() override { return !room_.obstacle().empty(); }
  [[nodiscard]] bool shares_machine() override { return options_.seats != nullptr; }
  [[nodiscard]] bool has_room_for(std::size_t id, std::size_t run) override {
    return room_.fits(kind_of(*studies_.at(id), run));
  }
  // As long as the service lives more may come.
  [[nodiscard]] bool is_settled() override {
    if (!options_.burst || ends_) return ends_;
    return held_.empty() && shelf_.is_idle() && link_.state().idle &&
           (stored_ == nullptr || stored_->uploader().pending() == 0);
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
  static GroundOptions ground_of(const ServiceOptions& options, exec::Network network, exec::Keeper& keeper,
                                 std::string owner) {
    GroundOptions ground;
    ground.owner = std::move(owner);
    ground.layer = options.layer;
    ground.run_as = options.run_as;
    ground.network = network;
    ground.limits = options.limits;
    ground.stall = options.stall;
    ground.slots = options.link.slots;
    ground.keeper = &keeper;
    ground.cpu = options.link.cpu;
    return ground;
  }

  static std::vector<fs::path> disks_of(const ServiceOptions& options) {
    std::vector<fs::path> folders{options.link.spool};
    if (options.store) folders.push_back(options.store->cache);
    return folders;
  }

  // Runs that are expected to use as much memory as each other. Of jobs that say all themselves no two are alike.
  static std::string kind_of(const OpenStudy& study, std::size_t run) {
    return study.campaign.empty() ? "" : study.campaign + "\n" + study.runs[run].config;
  }

  // Who was ended for another reason may have been about to use more.
  static std::uint64_t telling_peak(const Finished& finished) {
    const bool tells = std::any_of(finished.judgements.begin(), finished.judgements.end(), [](const Judgement& one) {
      return is_complete(one.verdict.outcome) || one.verdict.outcome == Outcome::kOutOfMemory;
    });
    return tells ? finished.ended.usage.peak_memory : 0;
  }

  void look_at_memory(const std::vector<RunningView>& views) {
    const Monotonic now = system_clock().monotonic();
    if (now - looked_at_memory_ < kTelling) return;
    looked_at_memory_ = now;
    std::map<std::uint64_t, std::uint64_t> memory;
    for (const RunningView& view : views) {
      const auto batch = batches_.find({view.study, view.run});
      if (batch != batches_.end()) memory[batch->second] = std::max(memory[batch->second], view.progress.memory);
    }
    room_.look(memory);
  }

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
    const auto is_in = [](const std::vector<jobs::Claim>& claims) {
      return
          [&claims](const Assigned& one) { return std::find(claims.begin(), claims.end(), one.claim) != claims.end(); };
    };
    (void)shelf_.withdraw(is_in(orders.lost));
    for (const Assigned& one : shelf_.withdraw(is_in(orders.stop))) give_up(one, true);
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
    if (ends_) return link_.settle({{assigned.claim, Settlement::How::kHandBack}});
    const Result<OpenStudy*> study = shelf_.find(assigned);
    if (!study || *study != nullptr) return decide(study, std::move(assigned));
    // Nothing more of it comes before it is open; what has come counts as nobody's until then.
    link_.shares().left(assigned.queue);
    if (!assigned.campaign.empty() || shelf_.is_crowded(assigned.queue)) link_.put_off(assigned.queue);
    shelf_.wait_for(std::move(assigned));
  }

  void open_studies() {
    for (Shelf::Arrival& one : shelf_.arrivals()) {
      link_.welcome(one.queue);
      for (Assigned& job : one.jobs) {
        link_.shares().came(job.queue);
        decide(one.study, std::move(job));
      }
    }
    for (const Assigned& one : shelf_.impatient()) give_up(one, false);
  }

  // What becomes of a job whose study is open, or could not be opened.
  void decide(const Result<OpenStudy*>& study, Assigned assigned) {
    if (ends_) return drop(assigned, {assigned.claim, Settlement::How::kHandBack});
    const std::string& id = assigned.claim.job.text;
    if (!study && (study.error().can_retry || study.error().code == ExitCode::kInterrupted)) {
      // Nobody's fault: the store is away, somebody else is at it, we are to end.
      if (std::exchange(told_wait_, study.error().message) != study.error().message)
        options_.say(fmt::format("{}: {}; handed back for now", id, study.error().message));
      drop(assigned, {assigned.claim, Settlement::How::kHandBack});
      if (!assigned.campaign.empty()) link_.avoid(assigned.queue);
      return;
    }
    if (!study) {
      // What the machine lacks others may have: the folder, or the program.
      const bool may_help = study.error().code == ExitCode::kEnvironment;
      refuse(assigned, study.error().message, may_help ? AfterFailure::kMayRetry : AfterFailure::kNoRetry);
      if (may_help && !assigned.campaign.empty()) link_.avoid(assigned.queue);
      return;
    }
    OpenStudy& open = **study;
    if (assigned.position >= open.runs.size()) {
      return refuse(assigned,
                    fmt::format("there is no run {}: the study has {} now", assigned.position, open.runs.size()),
                    AfterFailure::kNoRetry);
    }
    if (open.spec.stored && assigned.claim.attempt > 1 && !stored_->uploader().is_away() &&
        stored_->is_done(open.key_of(assigned.position)))
      return drop(assigned, {assigned.claim, Settlement::How::kComplete, kDoneByAnother});
    accept(open, std::move(assigned));
  }

  void accept(OpenStudy& study, Assigned assigned) {
    ++study.jobs;
    study.queue = assigned.queue;
    Job job;
    job.runs = {assigned.position};
    job.study = study.id;
    const std::size_t id = job.study;
    const JobId local = queue_->enqueue(std::move(job));
    assigned.study.reset();
    held_.emplace(local.index, Held{std::move(assigned), id});
    mixes_ = true;
  }

  // A job that leaves without having been begun.
  void drop(const Assigned& assigned, Settlement settlement) {
    link_.shares().left(assigned.queue);
    link_.settle({std::move(settlement)});
  }

  void refuse(const Assigned& assigned, const std::string& message, AfterFailure after) {
    options_.say(fmt::format("{}: {}", assigned.claim.job.text, message));
    outcomes_.count_failure();
    link_.shares().failed(assigned.queue);
    drop(assigned, {assigned.claim, Settlement::How::kFail, message + "\n", after});
  }

  void give_up(const Assigned& assigned, bool stops) {
    using How = Settlement::How;
    if (stops) {
      link_.settle({{assigned.claim, How::kFail, "stopped before it began", AfterFailure::kWasStopped}});
    } else {
      link_.settle({{assigned.claim, How::kHandBack}});
    }
  }

  static Shares::Ended ended_of(const Finished& finished, const std::vector<bool>& will_retry) {
    Shares::Ended ended;
    ended.seconds = finished.ended.usage.wall_seconds;
    ended.again = static_cast<std::size_t>(std::count(will_retry.begin(), will_retry.end(), true));
    ended.failed = std::all_of(finished.judgements.begin(), finished.judgements.end(), [](const Judgement& one) {
      const Outcome outcome = one.verdict.outcome;
      return !is_complete(outcome) && outcome != Outcome::kCancelled && outcome != Outcome::kNotStarted;
    });
    return ended;
  }

  // Where jobs of several studies wait they take turns, by what each has had.
  void mix() {
    const auto has_jobs = [](const auto& one) { return one.second->jobs > 0; };
    if (!std::exchange(mixes_, false) || std::count_if(studies_.begin(), studies_.end(), has_jobs) < 2) return;
    std::map<std::size_t, std::pair<std::size_t, std::size_t>> passed;  // of each study; and how many share a process
    queue_->sort_waiting([&](const Job& job) {
      const auto [found, is_new] = passed.try_emplace(job.study);
      auto& [before, together] = found->second;
      if (is_new) together = batch_limit(job.study, job.runs.front());
      return -link_.shares().place_of(studies_.at(job.study)->queue, before++, together);
    });
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
      if (study->jobs == 0) continue;
      link_.shares().aim(study->queue, wanted_of(*study));
      most = std::max(most, wanted_of(*study));
    }
    most += std::min(shelf_.overdue(), kMostForOpenings * options_.link.slots);
    std::string obstacle = room_.obstacle();
    if (obstacle.empty() && stored_ != nullptr) obstacle = stored_->obstacle();
    if (obstacle != std::exchange(told_obstacle_, obstacle)) {
      options_.say(obstacle.empty() ? "there is room again: going on" : obstacle);
      link_.tell_obstacle(obstacle);
    }
    if (!obstacle.empty()) return 0;
    return stored_ == nullptr ? most : most + stored_->uploader().pending();
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

  // Runs that last longer than others did are not hoarded: others may have nothing to do. Nor is what finds no room.
  void give_back_surplus() {
    const bool has_room = room_.obstacle().empty();
    if (has_room && held_.size() <= options_.link.slots) return;
    std::map<std::size_t, std::size_t> kept;
    std::set<std::size_t> runs;
    for (const auto& [run, job] : executed_) runs.insert(job.index);
    for (const auto& [index, held] : held_) {
      const std::size_t count = ++kept[held.study];
      const std::size_t most = has_room ? wanted_of(*studies_.at(held.study)) : 0;
      if (count > most && !runs.contains(index)) stops_.push_back({JobId{index}});
    }
  }

  [[nodiscard]] std::size_t waiting_of(const OpenStudy& study) const {
    std::size_t running = 0;
    for (const auto& [run, job] : executed_) running += run.first == study.id ? 1 : 0;
    return study.jobs - std::min(study.jobs, running);
  }

  // Empty where it cannot be read, or not be trusted.
  static std::string end_of_output(const RunningView& view) {
    return read_end_of_output(view.output, jobs::kMostTail, view.output_owner).value_or(std::string());
  }

  void tell(const std::vector<RunningView>& running, Monotonic now) {
    told_ = now;
    std::vector<jobs::Told> told;
    for (const RunningView& view : running) {
      const auto job = executed_.find({view.study, view.run});
      if (job == executed_.end()) continue;
      const auto held = held_.find(job->second.index);
      if (held == held_.end()) continue;
      const jobs::Claim& claim = held->second.assigned.claim;
      told.push_back({claim, progress_json(view), link_.is_watched(claim.job) ? end_of_output(view) : ""});
    }
    link_.tell(std::move(told), running_, working_seconds_);
    if (now - summed_up_ < kSummary || outcomes_.complete() + outcomes_.failed() == said_) return;
    summed_up_ = now;
    said_ = outcomes_.complete() + outcomes_.failed();
    options_.say(
        fmt::format("{} runs complete, {} failed, {} running", outcomes_.complete(), outcomes_.failed(), running_));
  }

  const ServiceOptions& options_;
  QueueLink& link_;
  StoredRuns* stored_;
  GroundOptions ground_;
  std::unique_ptr<Queue> queue_;
  Shelf shelf_{ground_};
  std::map<std::size_t, std::unique_ptr<OpenStudy>>& studies_ = shelf_.studies();
  std::map<std::size_t, Held> held_;                                    // by the index of the job here
  std::multimap<std::pair<std::size_t, std::size_t>, JobId> executed_;  // by study and position
  NodeRoom room_;
  std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> batches_;  // by study and run
  Outcomes outcomes_;
  std::vector<Stop> stops_;
  std::size_t running_ = 0;  // processes
  std::size_t said_ = 0;
  double working_seconds_ = 0;
  bool ends_ = false;
  bool mixes_ = false;  // something has changed since they were mixed
  std::string told_obstacle_;
  std::string told_wait_;  // why a study could not be opened that may be later
  Monotonic told_{};
  Monotonic looked_at_memory_{};
  Monotonic summed_up_{};
};

}  // namespace

Result<ServiceSummary> serve(const ServiceOptions& given) {
  ServiceOptions options = given;
  if (options.link.cpu.empty()) options.link.cpu = cpu_kind();
  const std::string owner = "worker-" + make_ulid(system_clock().stamp());
  SIMSWARM_TRY(const std::unique_ptr<exec::Keeper> keeper, start_keeper(options, owner));
  SIMSWARM_TRY(const exec::ChosenNetwork network, fenced_network(options, keeper->inside().users));
  SIMSWARM_TRY(const std::unique_ptr<QueueLink> link, QueueLink::open(options.link));
  std::unique_ptr<StoredRuns> stored;
  if (options.store) {
    const auto settle = [&link](std::vector<Settlement> settlements) { link->settle(std::move(settlements)); };
    const auto gives_up = [&options] { return options.interrupts != nullptr && *options.interrupts > 0; };
    SIMSWARM_TRY(stored, StoredRuns::open(*options.store, options.link.spool, options.link.name.text, settle,
                                          options.say, gives_up));
  }
  options.on_ready();
  options.say(words_of(network));
  Status worked;
  {
    Service service(options, network.network, *link, stored.get(), *keeper, owner);
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
