// Executing a plan: claims, the worker's loop, commits, the summary.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/host.h"
#include "base/text.h"
#include "campaign/campaign.h"
#include "campaign/claims.h"
#include "campaign/expectation.h"
#include "campaign/ground.h"
#include "campaign/input_watch.h"
#include "campaign/live_observer.h"
#include "campaign/positions.h"
#include "campaign/provenance.h"
#include "campaign/recorder.h"
#include "campaign/time_left.h"
#include "campaign/trial.h"
#include "exec/place.h"
#include "worker/batching.h"
#include "worker/ended_run.h"
#include "worker/room.h"

namespace simswarm::campaign {
namespace {

using std::chrono::milliseconds;

constexpr double kMostUnrolling = 0.1;     // of a run's work, before the user is told
constexpr std::size_t kMostPending = 512;  // runs that may wait to be committed
constexpr std::size_t kMostQueued = 4096;  // jobs that are claimed and in the queue
constexpr std::size_t kManyJobs = 50'000;  // these are put in order anew less often
constexpr milliseconds kFirstElsewherePause{200};
constexpr milliseconds kLongestElsewherePause{3000};

class Engine final : public worker::Host {
 public:
  Engine(const Options& options, Dialect& dialect, Observer& observer)
      : options_(options), dialect_(dialect), observer_(observer) {}

  Result<Summary> run() {
    since_ = system_clock().monotonic();
    SIMSWARM_TRY(ledger_, Ledger::open(options_.state.root));
    SIMSWARM_TRY(plan_, make_plan(options_, dialect_, *ledger_, false));
    summary_.campaign = plan_.campaign;
    summary_.finals.resize(plan_.runs.size());
    starts_.resize(plan_.runs.size());
    recorder_ = std::make_unique<Recorder>(*ledger_, plan_.runs);
    SIMSWARM_TRY(const SignOfLife life, SignOfLife::show(options_.state, plan_.campaign));
    SIMSWARM_CHECK(begin());
    Status worked = execute();
    if (committer_) {
      release(true);
      Status committed = committer_->finish();
      take_committed();
      summary_.commits = committer_->stats();
      if (worked && !committed) worked = std::move(committed);
    }
    if (worked && !trouble_) worked = trouble_;
    ground_.executor.reset();  // ends what an error may have left running, before its scratch goes
    ground_.keeper.reset();    // what had left its run as well
    if (!waits_in_scratch_) (void)remove_tree(options_.state.scratch(plan_.campaign));
    SIMSWARM_CHECK(ledger_->release(plan_.campaign));
    const Status noted = note_runs();
    sum_up();
    const Status ended = note_end(worked ? summary_.state : "incomplete");
    for (const Status* status : std::initializer_list<const Status*>{&worked, &noted, &ended}) SIMSWARM_CHECK(*status);
    observer_.finished(plan_, summary_);
    return std::move(summary_);
  }

  // worker::Host

  void started(const worker::Batch& batch) override {
    leaders_.insert(batch.runs.front());
    time_left_.started();
    for (const std::size_t run : batch.runs) {
      running_.insert(run);
      observer_.started(plan_.runs[run], ++starts_[run]);
    }
  }

  void finished(worker::Finished finished, const std::vector<bool>& will_retry) override {
    const auto scratch = std::make_shared<Scratch>(finished.batch.scratch);
    if (finished.batch.is_trial) return judge_trial(finished);
    leaders_.erase(finished.batch.runs.front());
    if (finished.batch.runs.size() > 1) last_of_batches_.insert(finished.batch.runs.back());
    for (std::size_t i = 0; i < finished.batch.runs.size(); ++i) {
      const std::size_t run = finished.batch.runs[i];
      running_.erase(run);
      const Outcome outcome = finished.judgements[i].verdict.outcome;
      if (outcome == Outcome::kNotStarted) {
        observer_.put_back(plan_.runs[run]);
        continue;
      }
      if (!is_complete(outcome) && !will_retry[i]) ++judged_failed_;  // at once, not when it has been committed
      finished.batch.runs.size() > 1 ? in_company_.insert(run) : in_company_.erase(run);
      held_.push_back(hand_over(finished, i, will_retry[i], scratch));
    }
    if (finished.ended.companion_ended) {
      observer_.note(
          fmt::format("the companion of {} ended before it", short_name(plan_.runs.run(finished.batch.runs.front()))));
    }
    if (finished.ended.strays > 0) {
      observer_.note(fmt::format("{} left {} process{} running: ended",
                                 short_name(plan_.runs.run(finished.batch.runs.front())), finished.ended.strays,
                                 finished.ended.strays == 1 ? "" : "es"));
    }
  }

  void tick(const std::vector<worker::RunningView>& running) override {
    std::uint64_t count = 0;
    if (options_.interrupt_descriptor >= 0) (void)!::read(options_.interrupt_descriptor, &count, sizeof(count));
    release(false);
    take_committed();
    if (trouble_ && queue_->counts().queued <= most_queued_ / 2) trouble_ = claim_more();
    views_ = running;
    observer_.progress(running, plan_, tally());
  }

  [[nodiscard]] std::vector<int> wake_on() override {
    std::vector<int> descriptors{committer_->descriptor()};
    if (options_.interrupt_descriptor >= 0) descriptors.push_back(options_.interrupt_descriptor);
    return descriptors;
  }

  [[nodiscard]] bool is_busy() override {
    if (committer_->pending() + held_.size() > kMostPending) return true;
    const std::string& full = room_->full_disk();
    if (!full.empty() && !std::exchange(told_full_disk_, true))
      observer_.note(fmt::format("{} (--min-free): nothing new starts until there is more", full));
    if (full.empty() && std::exchange(told_full_disk_, false)) observer_.note("there is space again: going on");
    return !full.empty();
  }

  [[nodiscard]] bool is_settled() override {
    release(true);
    committer_->hurry();
    const bool none = committer_->pending() == 0;  // before taking: what comes in between is for the next time
    take_committed();
    if (trouble_) trouble_ = fill_queue();
    return none;
  }

  [[nodiscard]] std::size_t batch_limit(std::size_t /*study*/, std::size_t first) override {
    if (options_.batch_size) return *options_.batch_size;
    if (options_.companion) return 1;
    const Run run = plan_.runs.run(first);
    return batching_.limit(run.config, expectation_.seconds(run), waiting() + 1);
  }

  [[nodiscard]] worker::Trial next_trial() override {
    const bool wanted = !options_.batch_size && !options_.companion && dialect_.can_batch() && queue_ != nullptr &&
                        dialect_.inseparable().empty();
    return {0, wanted ? batching_.next_trial(waiting()) : std::vector<std::size_t>()};
  }

  [[nodiscard]] bool has_room_for(std::size_t /*study*/, std::size_t run) override {
    const std::uint64_t needed = expectation_.memory(plan_.runs.run(run));
    if (needed == 0) return true;
    std::uint64_t promised = 0;
    for (const std::size_t first : leaders_) promised += expectation_.memory(plan_.runs.run(first));
    for (const worker::RunningView& view : views_) {
      if (leaders_.contains(view.run))
        promised -= std::min(view.progress.memory, expectation_.memory(plan_.runs.run(view.run)));
    }
    return room_->fits(needed, promised);
  }

  [[nodiscard]] int stop_level() override {
    const int interrupts = options_.interrupts == nullptr ? 0 : static_cast<int>(*options_.interrupts);
    if (interrupts > 0 && !std::exchange(interrupted_, true)) {
      observer_.note(fmt::format("interrupted: nothing new starts, running runs get {}; once more to end them now",
                                 human_duration(options_.grace)));
    }
    return interrupts;
  }

  [[nodiscard]] bool is_draining() override {
    if (inputs_.has_changed() || committer_->has_trouble() || !trouble_) return true;
    if (!options_.max_failures || judged_failed_ < *options_.max_failures) return false;
    if (!gave_up_)
      observer_.note(fmt::format("{} runs have failed: nothing new is started (--max-failures)", judged_failed_));
    gave_up_ = true;
    return true;
  }

 private:
  Status begin() {
    CampaignRecord record = record_of(options_, dialect_, plan_, *ledger_, host_);
    if (!plan_.jobs.empty()) SIMSWARM_CHECK(prepare_execution());
    SIMSWARM_CHECK(recorder_->begin(std::move(record), plan_.inputs));
    if (plan_.rolled_forward.placed > 0) {
      plan_.notes.push_back(fmt::format("{} finished run{} of a campaign that was cut off brought into place",
                                        plan_.rolled_forward.placed, plan_.rolled_forward.placed == 1 ? "" : "s"));
    }
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) take_decision(i);
    observer_.planned(plan_);
    for (const std::string& note : plan_.notes) observer_.note(note);
    return {};
  }

  Status note_runs() {
    constexpr std::size_t kMany = 100'000;  // some seconds
    if (stop_level() > 0 && recorder_->missing() > kMany)
      observer_.note("writing down which runs there are; once more to leave that");
    return recorder_->finish([this] { return stop_level() > 1; });
  }

  Status note_end(const std::string& state) {
    const CampaignTotals totals{summary_.total,   summary_.complete,     summary_.known,      summary_.failed,
                                summary_.not_run, summary_.wall_seconds, summary_.cpu_seconds};
    return ledger_->end_campaign(plan_.campaign, {state, system_clock().stamp(), totals});
  }

  void take_decision(std::size_t position) {
    const Decision decision = plan_.runs.decision(position);
    if (decision == Decision::kRun || decision == Decision::kElsewhere) {
      waiting_.insert(position);
      return;
    }
    const Verdict verdict = plan_.runs[position].known->verdict;
    summary_.finals.set(position, {verdict.outcome, verdict.message, verdict.place, 0, true});
    ++(decision == Decision::kKnown ? known_ : failed_before_);
  }

  Status prepare_execution() {
    SIMSWARM_TRY(ground_, make_ground(options_, dialect_, plan_));
    plan_.slots = ground_.jobs;
    plan_.notes.insert(plan_.notes.end(), ground_.notes.begin(), ground_.notes.end());
    CommitPlace place;
    place.state = options_.state;
    place.working_folder = options_.working_folder;
    place.campaign = plan_.campaign;
    place.existing = options_.existing;
    place.is_planned = [this](const RunKey& key) { return plan_.runs.has(key); };
    for (const auto& [path, digest] : plan_.inputs.files) place.inputs.insert(path);
    place.owner = exec::owner_of_results(ground_.layer);
    place.roots = exec::roots_of(ground_.layer);
    std::vector<fs::path> disks{options_.state.root};
    disks.insert(disks.end(), ground_.layer.result_folders.begin(), ground_.layer.result_folders.end());
    batching_ = worker::Batching(ground_.jobs, plan_.campaign);
    constexpr std::size_t kForEach = 512;  // of the slots
    const std::size_t enough = ground_.jobs * std::max(kForEach, 4 * options_.batch_size.value_or(1));
    most_queued_ = options_.most_queued.value_or(std::max(kMostQueued, enough));
    room_ = std::make_unique<worker::Room>(std::move(disks), options_.least_free);
    SIMSWARM_TRY(committer_, make_committer(std::move(place)));
    return learn();
  }

  // From earlier campaigns: how long runs take, the longest first; whether they may share processes.
  Status learn() {
    for (const auto& [config, parts] : plan_.inputs.parts) {
      SIMSWARM_TRY(const auto learned, ledger_->learned(config));
      for (const Learned& known : learned) expectation_.learn(known.run, known.wall_seconds, known.peak_memory);
      SIMSWARM_TRY(const auto memo, ledger_->recall(batch_memo_name(parts)));
      if (!memo || options_.batch_size || options_.companion) continue;
      batching_.recall(config, *memo);
      if (batching_.differs(config)) tell_batching_is_off(config);
    }
    if (expectation_.knows()) tell_unrolling();
    return {};
  }

  // The longest first, so that none lasts when all others are done. Where nothing is known, a few from all over first.
  void put_in_order() {
    resort_at_ = expectation_.knows() ? 0 : sample_size(backlog_.size());
    if (resort_at_ > 0) backlog_.sample_first();
    if (expectation_.knows()) sort_by_length();
  }

  void sort_by_length() {
    const auto seconds_of = [this](const Job& job) {
      double seconds = 0;
      for (const std::size_t run : job.runs) seconds += expectation_.seconds(plan_.runs.run(run));
      return seconds;
    };
    backlog_.sort(seconds_of);
    queue_->sort_waiting(seconds_of);
  }

  // Jobs that have not begun.
  [[nodiscard]] std::size_t waiting() const { return queue_->counts().queued + backlog_.size(); }

  // facts of large studies: every process finds its place by going through all runs before it.
  void tell_unrolling() {
    const double unrolling = dialect_.seconds_to_unroll();
    const double work = expectation_.seconds(plan_.runs.run(0));
    if (unrolling < kMostUnrolling * work) return;
    plan_.notes.push_back(fmt::format(
        "each process spends {} on finding its run in the study, and {} on the run: several smaller configurations "
        "would be faster",
        human_duration(unrolling), human_duration(work)));
  }

  void tell_batching_is_off(const std::string& config) {
    plan_.notes.push_back(
        fmt::format("runs of {} do not share processes: alone and together they gave different files", config));
  }

  // Rounds: what another simswarm of this folder is at is waited for, and taken over should it die.
  Status execute() {
    backlog_ = std::move(plan_.jobs);
    while (!backlog_.empty()) {
      SIMSWARM_CHECK(hide_what_others_wrote());
      queue_ = make_memory_queue();
      put_in_order();
      is_first_claim_ = true;
      SIMSWARM_CHECK(fill_queue());
      if (queue_->counts().queued > 0) {
        const fs::path scratch = options_.state.scratch(plan_.campaign) / std::to_string(++round_);
        const worker::Options options{ground_.jobs,   options_.retries, scratch, mark_of(plan_.campaign),
                                      options_.grace, options_.stall};
        SIMSWARM_CHECK(make_folders(options.scratch));
        const worker::Study study{ground_.executor.get(), &dialect_, &plan_.runs.runs()};
        const auto only = [&](std::size_t) { return study; };
        SIMSWARM_CHECK(worker::work(*queue_, only, options, *this));
      }
      if (stop_level() > 0 || is_draining()) return {};
      backlog_ = std::exchange(elsewhere_, {});
      if (!backlog_.empty()) SIMSWARM_CHECK(wait_elsewhere());
    }
    return {};
  }

  // Jobs are claimed as they are wanted: a large campaign begins at once, and two of a folder share it.
  Status claim_more() {
    if (backlog_.empty() || stop_level() > 0 || is_draining()) return {};
    std::vector<Job> jobs = backlog_.take(most_queued_ - queue_->counts().queued);
    SIMSWARM_TRY(const bool met_others, claim(jobs));
    if (met_others) SIMSWARM_CHECK(hide_what_others_wrote());
    SIMSWARM_CHECK(recorder_->note(jobs));
    SIMSWARM_CHECK(forget_distrusted(jobs));
    for (Job& job : jobs) queue_->enqueue(std::move(job));
    return {};
  }

  Status fill_queue() {
    while (!backlog_.empty() && queue_->counts().queued == 0 && stop_level() == 0 && !is_draining())
      SIMSWARM_CHECK(claim_more());
    return {};
  }

  // Another simswarm of this folder may have put results beside the result folders since this one was planned.
  Status hide_what_others_wrote() {
    SIMSWARM_TRY(const auto written, ledger_->written_paths());
    for (const std::string& path : written) hide_beside_results(path);
    return {};
  }

  // A result that is not what was accepted goes from the ledger when its run is about to run again, and not before.
  Status forget_distrusted(const std::vector<Job>& jobs) {
    std::vector<RunKey> keys;
    for (const Job& job : jobs) {
      for (const std::size_t run : job.runs) {
        if (plan_.runs[run].distrusted > 0) keys.push_back(plan_.runs.key(run));
      }
    }
    if (!keys.empty()) SIMSWARM_CHECK(ledger_->forget_results(keys));
    return {};
  }

  // Leaves in `jobs` what is ours to execute now; says whether another simswarm is at the others, or was.
  Result<bool> claim(std::vector<Job>& jobs) {
    const bool is_first = std::exchange(is_first_claim_, false);
    SIMSWARM_TRY(Claimed claimed, claim_jobs(*ledger_, options_.state, plan_, std::move(jobs), is_first));
    for (const std::size_t position : claimed.done) {
      waiting_.erase(position);
      take_decision(position);
    }
    const bool met_others = !claimed.elsewhere.empty() || !claimed.done.empty();
    for (Job& job : claimed.elsewhere) elsewhere_.add(std::move(job));
    jobs = std::move(claimed.ours);
    return met_others;
  }

  // What is ours is done, or has failed: that the others may have, who would wait for us for ever.
  Status wait_elsewhere() {
    SIMSWARM_CHECK(ledger_->release(plan_.campaign));
    const std::size_t count = backlog_.size();
    if (!std::exchange(told_elsewhere_, true)) {
      observer_.note(fmt::format("{} run{} executed by another simswarm in this folder: waiting for {}", count,
                                 count == 1 ? " is" : "s are", count == 1 ? "it" : "them"));
    }
    pollfd interrupt{options_.interrupt_descriptor, POLLIN, 0};
    ::poll(&interrupt, options_.interrupt_descriptor >= 0 ? 1 : 0, static_cast<int>(elsewhere_pause_.count()));
    elsewhere_pause_ = std::min(elsewhere_pause_ * 5 / 4, kLongestElsewherePause);
    observer_.progress({}, plan_, tally());
    return {};
  }

  // Files of runs that were executed again, to see whether sharing a process changes them.
  void judge_trial(const worker::Finished& finished) {
    const Run run = plan_.runs.run(finished.batch.runs.front());
    std::string difference;
    for (std::size_t i = 0; i < finished.batch.runs.size() && difference.empty(); ++i) {
      difference = difference_of(finished, i);
    }
    summary_.cpu_seconds += finished.ended.usage.user_seconds + finished.ended.usage.system_seconds;
    if (!difference.empty() && says_nothing(finished)) return batching_.put_off(run.config);
    const bool is_news = batching_.tried(run, finished.ended.usage.wall_seconds, difference);
    if (const auto memo = batching_.memo(run.config))
      (void)ledger_->remember(batch_memo_name(plan_.inputs.parts.at(run.config)), *memo);
    if (!is_news) return;
    const std::vector<std::size_t> again = batching_.take_batched(run.config);
    observer_.note(fmt::format("runs of {} do not share processes any more: {}{}", run.config, difference,
                               again.empty() ? "" : fmt::format("; {} that did run again", again.size())));
    for (const std::size_t position : again) redo(position);
  }

  // Ended from outside, or beside the changed: no word about the model.
  bool says_nothing(const worker::Finished& finished) {
    (void)inputs_.look(plan_.watched, true);
    const auto from_outside = [&](const Judgement& judgement) {
      return finished.ended.evidence.ended_by_us.has_value() || can_help_to_retry(judgement.verdict.outcome);
    };
    return inputs_.has_changed() || std::any_of(finished.judgements.begin(), finished.judgements.end(), from_outside);
  }

  std::string difference_of(const worker::Finished& finished, std::size_t i) {
    const Planned run = plan_.runs[finished.batch.runs[i]];
    const auto record = ledger_->result_of(run.key);
    if (!record || !*record) return fmt::format("the result of {} is not known any more", short_name(run.run));
    return worker::trial_difference(dialect_, run.run, finished.judgements[i], finished.ended.evidence,
                                    (*record)->files, options_.working_folder);
  }

  // A result that shared its process with others, where that turned out to change results.
  void redo(std::size_t position) {
    const RunKey key = plan_.runs.key(position);
    Status forgotten = ledger_->forget_results({&key, 1});
    if (!forgotten) {  // a result that is not to be believed must not stay unnoticed
      if (trouble_) trouble_ = std::move(forgotten);
      return;
    }
    const auto is_alive = [this](const std::string& owner) { return SignOfLife::is_alive(options_.state, owner); };
    (void)ledger_->claim({&key, 1}, plan_.campaign, is_alive);
    summary_.finals.set(position, {});
    --complete_;
    waiting_.insert(position);
    if (queue_ != nullptr) queue_->enqueue({{position}, false});
  }

  Ready hand_over(const worker::Finished& finished, std::size_t i, bool will_retry,
                  const std::shared_ptr<Scratch>& scratch) {
    Ready ready = make_ready(dialect_, options_.limits, plan_.runs.run(finished.batch.runs[i]), finished, i);
    ready.will_retry = will_retry;
    ready.scratch = scratch;
    ready.attempt.key = plan_.runs.key(ready.run);
    ready.attempt.campaign = plan_.campaign;
    ready.attempt.host = host_;
    return ready;
  }

  // What has ended is believed once the inputs have been looked at since.
  void release(bool must) {
    if (held_.empty() || !inputs_.look(plan_.watched, must)) return;
    if (inputs_.has_changed() && !std::exchange(told_change_, true))
      observer_.note(fmt::format("{} has changed: nothing new is started, and what ran meanwhile is not accepted",
                                 inputs_.changed()));
    for (Ready& ready : held_) {
      Verdict& verdict = ready.attempt.verdict;
      if (inputs_.has_changed() && is_complete(verdict.outcome)) {
        verdict = {Outcome::kIncomplete, fmt::format("{} was changed while it ran: call again", inputs_.changed()),
                   verdict.place};
      }
      hide(ready);
      committer_->hand_in(std::move(ready));
    }
    held_.clear();
  }

  // What is going to be put beside the result folders no other run may see: results would depend on the order.
  void hide(const Ready& ready) {
    if (!is_complete(ready.attempt.verdict.outcome)) return;
    for (const auto& [path, staged] : ready.files) {
      if (!plan_.inputs.files.contains(path)) hide_beside_results(path);  // an input stays what it is
      hide_beside_results(exec::with_label(path, ready.label));
    }
  }

  void hide_beside_results(const std::string& path) {
    const fs::path place = absolute_from(options_.working_folder, path);
    const auto holds = [&](const fs::path& folder) { return lies_in(folder, place); };
    const std::vector<fs::path>& folders = ground_.layer.result_folders;
    if (std::none_of(folders.begin(), folders.end(), holds)) ground_.executor->hide(place);
  }

  void take_committed() {
    if (!committer_) return;
    for (const Committed& committed : committer_->take()) {
      const Attempt& attempt = committed.attempt;
      Final final = summary_.finals[committed.run];
      ++final.attempts;
      summary_.kept += committed.kept;
      waits_in_scratch_ = waits_in_scratch_ || committed.stays_in_scratch;
      for (const std::string& renamed : committed.renamed) {
        observer_.note(fmt::format("kept apart, because it is an input or another run has left it, too: {}", renamed));
      }
      summary_.cpu_seconds += attempt.usage.user_seconds + attempt.usage.system_seconds;
      time_left_.ended(attempt.usage.wall_seconds);
      if (!committed.will_retry) {
        final.outcome = attempt.verdict.outcome;
        final.message = attempt.verdict.message;
        final.place = attempt.verdict.place;
        if (final.outcome != Outcome::kCancelled) {  // that one waits again
          waiting_.erase(committed.run);
          ++(is_complete(final.outcome) ? complete_ : failed_);
        }
      }
      summary_.finals.set(committed.run, final);
      if (!committed.will_retry && is_complete(final.outcome)) learn_from(committed.run, attempt);
      observer_.ended(plan_.runs[committed.run], attempt, committed.will_retry, tally());
    }
  }

  void learn_from(std::size_t position, const Attempt& attempt) {
    const Run run = plan_.runs.run(position);
    const bool alone = !in_company_.contains(position);
    expectation_.learn(run, attempt.usage.wall_seconds - (alone ? batching_.start(run.config) : 0),
                       attempt.usage.peak_memory);
    if (resort_at_ > 0 && complete_ >= resort_at_ && queue_ != nullptr) {
      sort_by_length();
      resort_at_ *= plan_.runs.size() < kManyJobs ? 2 : 16;  // more is known then
    }
    if (alone) return batching_.completed_alone(position, run, attempt.usage.wall_seconds);
    const bool ours = !options_.batch_size && dialect_.inseparable().empty();  // else it was asked for
    if (ours && batching_.differs(run.config)) return redo(position);
    batching_.completed_in_batch(position, run, last_of_batches_.contains(position));
  }

  Tally tally() {
    Tally tally{plan_.runs.size(), complete_ + known_, known_, failed_ + failed_before_, running_.size(), 0,
                std::nullopt};
    tally.waiting = waiting_.size() - std::min(waiting_.size(), running_.size());
    tally.seconds_left = time_left_.seconds(expectation_, plan_.runs.runs(), waiting_, running_, views_, ground_.jobs);
    return tally;
  }

  void sum_up() {
    summary_.total = plan_.runs.size();
    summary_.known = known_;
    for (std::size_t i = 0; i < summary_.total; ++i) {
      const Outcome outcome = summary_.finals.outcome(i);
      const bool has_run = outcome != Outcome::kNotStarted && outcome != Outcome::kCancelled;
      ++(is_complete(outcome) ? summary_.complete : has_run ? summary_.failed : summary_.not_run);
      ++summary_.outcomes[outcome];
    }
    const bool is_whole = summary_.complete == summary_.total && dialect_.broken().empty();
    summary_.state = is_whole ? "completed" : interrupted_ ? "cancelled" : "incomplete";
    summary_.wall_seconds = Seconds(system_clock().monotonic() - since_).count();
  }

  const Options& options_;
  Dialect& dialect_;
  Observer& observer_;
  const std::string host_ = host_name();
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Recorder> recorder_;
  Ground ground_;
  std::unique_ptr<Committer> committer_;
  Plan plan_;
  Summary summary_;
  Expectation expectation_;
  worker::Batching batching_{1, {}};
  std::unique_ptr<worker::Room> room_;
  std::unique_ptr<Queue> queue_;  // of the round
  Backlog backlog_;               // what is not in the queue yet
  Backlog elsewhere_;             // what another simswarm is at
  bool is_first_claim_ = false;   // of the round
  std::size_t most_queued_ = 0, round_ = 0;
  Positions in_company_;  // runs whose last attempt shared its process
  Positions last_of_batches_;
  std::size_t resort_at_ = 0;  // complete runs; 0: not again
  Positions waiting_;          // not done, the running among them
  std::set<std::size_t> running_;
  std::set<std::size_t> leaders_;  // the first run of each process
  std::vector<Ready> held_;        // ended, until inputs have been looked at
  std::vector<worker::RunningView> views_;
  std::size_t complete_ = 0, known_ = 0, failed_ = 0, failed_before_ = 0, judged_failed_ = 0;
  std::vector<std::uint16_t> starts_;  // of each run in this campaign
  milliseconds elsewhere_pause_ = kFirstElsewherePause;
  bool told_change_ = false, told_full_disk_ = false, told_elsewhere_ = false;
  bool interrupted_ = false, gave_up_ = false, waits_in_scratch_ = false;
  InputWatch inputs_;
  Status trouble_;  // the first with the ledger
  Monotonic since_{};
  TimeLeft time_left_;
};

}  // namespace

Result<Summary> run_campaign(const Options& options, Dialect& dialect, Observer& observer) {
  LiveObserver live(observer, options.state);
  return Engine(options, dialect, live).run();
}

}  // namespace simswarm::campaign
