#include "campaign/remote.h"

#include <poll.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/host.h"
#include "base/text.h"
#include "campaign/collector.h"
#include "campaign/ground.h"
#include "campaign/patience.h"
#include "campaign/provenance.h"
#include "campaign/recorder.h"
#include "campaign/standing.h"
#include "campaign/submission.h"
#include "worker/ended_run.h"
#include "worker/outcome_json.h"

namespace simswarm::campaign {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kShortPause{100};    // between questions to the queue while runs end
constexpr milliseconds kLongPause{1000};    // while none do
constexpr seconds kStill{10};               // without news, after which store and queue are held against each other
constexpr seconds kQuotaLook{30};           // while nothing comes
constexpr std::size_t kAtOnce = 1000;       // keys or jobs of a question
constexpr std::size_t kFewAtOnce = 100;     // jobs of the first page
constexpr std::size_t kMostShown = 64;      // running runs
constexpr std::size_t kMostFetched = 4096;  // results that are asked for and not here yet
constexpr std::size_t kThreads = 4;         // that fetch
constexpr int kMostDamaged = 3;             // times that a run runs again because its result was damaged
constexpr std::size_t kForetoldFrom = 8;    // results, from which the space for all is foretold

class Remote {
 public:
  Remote(const Options& options, const RemoteOptions& remote, Dialect& dialect, Observer& observer,
         const Standing* followed)
      : options_(options), remote_(remote), dialect_(dialect), observer_(observer), followed_(followed) {}

  Result<Summary> run() {
    since_ = system_clock().monotonic();
    SIMSWARM_TRY(ledger_, Ledger::open(options_.state.root));
    SIMSWARM_TRY(plan_, make_plan(options_, dialect_, *ledger_, false));
    if (!dialect_.inseparable().empty())
      return usage_error(
          "runs that append to one file count only together, and workers cannot share them: give each a file of its "
          "own "
          "(--distinct-names)");
    summary_.campaign = plan_.campaign;
    summary_.finals.resize(plan_.runs.size());
    damaged_.resize(plan_.runs.size());
    SIMSWARM_TRY(const SignOfLife life, SignOfLife::show(options_.state, plan_.campaign));
    if (!plan_.jobs.empty()) SIMSWARM_CHECK(in_time([this] { return connect(); }));
    recorder_ = std::make_unique<Recorder>(*ledger_, plan_.runs);
    SIMSWARM_CHECK(recorder_->begin(record_of(options_, dialect_, plan_, *ledger_, host_), plan_.inputs));
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) take_decision(i);
    observer_.planned(plan_);
    for (const std::string& note : plan_.notes) observer_.note(note);
    Status worked = waiting_.empty() ? Status() : carry_out();
    collector_.reset();
    if (committer_) {
      Status committed = committer_->finish();
      take_committed();
      summary_.commits = committer_->stats();
      if (worked && !committed) worked = std::move(committed);
    }
    (void)remove_tree(options_.state.scratch(plan_.campaign));
    const Status noted = recorder_->finish([this] { return interrupts() > 1; });
    sum_up();
    const CampaignTotals totals{summary_.total,   summary_.complete,     summary_.known,      summary_.failed,
                                summary_.not_run, summary_.wall_seconds, summary_.cpu_seconds};
    const Status ended =
        ledger_->end_campaign(plan_.campaign, {worked ? summary_.state : "incomplete", system_clock().stamp(), totals});
    for (const Status* status : std::initializer_list<const Status*>{&worked, &noted, &ended}) SIMSWARM_CHECK(*status);
    observer_.finished(plan_, summary_);
    return std::move(summary_);
  }

 private:
  [[nodiscard]] int interrupts() const {
    return options_.interrupts == nullptr ? 0 : static_cast<int>(*options_.interrupts);
  }

  void take_decision(std::size_t position) {
    const Decision decision = plan_.runs.decision(position);
    if (decision == Decision::kRun || decision == Decision::kElsewhere) return waiting_.insert(position);
    const Verdict verdict = plan_.runs[position].known->verdict;
    summary_.finals.set(position, {verdict.outcome, verdict.message, verdict.place, 0, true});
    ++(decision == Decision::kKnown ? known_ : failed_before_);
  }

  // Of a campaign that goes on there a server may be away for a moment; one that begins here needs them now.
  Status in_time(const std::function<Status()>& step) {
    return followed_ == nullptr ? step() : patiently(options_, observer_, step);
  }

  Status connect() {
    SIMSWARM_TRY(store_, store::open_store(remote_.store));
    SIMSWARM_TRY(queue_, jobs::open_job_queue(remote_.queue));
    return {};
  }

  Status carry_out() {
    SIMSWARM_CHECK(prepare());
    SIMSWARM_CHECK(forget_distrusted());
    SIMSWARM_CHECK(open_committer());
    collector_ = std::make_unique<Collector>(
        *store_, CollectorOptions{options_.state.scratch(plan_.campaign), remote_.collect, kThreads, true,
                                  options_.state.root, options_.working_folder});
    if (followed_ == nullptr) SIMSWARM_CHECK(queue_->describe({campaign_.queue}, {options_.name, remote_.priority}));
    SIMSWARM_CHECK(in_time([this] { return reconcile(true); }));
    if (remote_.detach) {
      observer_.note(fmt::format(
          "{} runs are in queue {}; the same call without --detach brings their results, or simswarm attach{} {}",
          waiting_.size(), campaign_.queue, remote_.where, campaign_.id));
      detached_ = true;
      return {};
    }
    return follow();
  }

  // The campaign is known there before any of its runs is queued.
  Status prepare() {
    if (followed_ == nullptr) {
      SIMSWARM_TRY(standing_, stand_here(options_, remote_, plan_, dialect_, *ledger_, *store_, observer_));
    } else {
      standing_ = *followed_;
    }
    campaign_ = standing_.campaign;
    return {};
  }

  Status forget_distrusted() {
    std::vector<RunKey> keys;
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
      if (plan_.runs.decision(i) == Decision::kRun && plan_.runs[i].distrusted > 0) keys.push_back(plan_.runs.key(i));
    }
    return keys.empty() ? Status() : ledger_->forget_results(keys);
  }

  Status open_committer() {
    CommitPlace place;
    place.state = options_.state;
    place.working_folder = options_.working_folder;
    place.campaign = plan_.campaign;
    place.existing = options_.existing;
    place.is_planned = [this](const RunKey& key) { return plan_.runs.has(key); };
    for (const auto& [path, digest] : plan_.inputs.files) place.inputs.insert(path);
    exec::LayerSpec layer;
    layer.project = plan_.project;
    layer.working_folder = options_.working_folder;
    for (const std::string& folder : dialect_.result_folders())
      layer.result_folders.push_back(absolute_from(options_.working_folder, folder));
    place.roots = exec::roots_of(layer);
    SIMSWARM_CHECK(make_folders(options_.state.scratch(plan_.campaign)));
    SIMSWARM_TRY(committer_, make_committer(std::move(place)));
    return {};
  }

  // What the store has is fetched; what it has not is queued, unless it stands there already.
  Status reconcile(bool is_first, bool is_forgotten = false) {
    Positions missing;
    std::size_t stored = 0;
    const std::vector<std::size_t> open = waiting_.first(waiting_.size());
    for (std::size_t begin = 0; begin < open.size(); begin += kAtOnce) {
      std::vector<RunKey> keys;
      const std::size_t end = std::min(begin + kAtOnce, open.size());
      for (std::size_t i = begin; i < end; ++i) keys.push_back(plan_.runs.key(open[i]));
      SIMSWARM_TRY(const auto records, store_->results(keys, store::Part::kBody));
      for (std::size_t i = begin; i < end; ++i) {
        if (records[i - begin]) {
          if (collector_->pending() < kMostFetched) want(open[i], records[i - begin]->group);
          ++stored;
        } else if (!fetching_.contains(open[i])) {
          missing.insert(open[i]);
        }
      }
    }
    if (is_first && stored > 0)
      observer_.note(fmt::format("{} result{} {} in the store by now", stored, stored == 1 ? "" : "s",
                                 stored == 1 ? "is" : "are"));
    has_more_ = stored > 0 && collector_->pending() >= kMostFetched;
    if (missing.empty()) return {};
    // A job that has ended without a result that counts is made anew.
    if (!is_first && !is_forgotten) SIMSWARM_CHECK(remove_ended(missing));
    const auto name_of = [this](std::size_t position) { return short_name(plan_.runs.run(position)); };
    return submit(campaign_, missing, name_of, *queue_);
  }

  Status remove_ended(const Positions& missing) {
    for (const std::size_t position : missing.first(missing.size())) {
      SIMSWARM_TRY(const auto job, queue_->find(job_of(campaign_.id, position)));
      if (interrupts() > 0) return {};
      if (!job || job->job.state != jobs::State::kFinished) continue;
      SIMSWARM_TRY([[maybe_unused]] const auto answer, queue_->remove(job->job.id));
    }
    return {};
  }

  void want(std::size_t position, const std::string& group) {
    if (fetching_.contains(position) || !waiting_.contains(position)) return;
    fetching_.insert(position);
    collector_->want(position, plan_.runs.key(position), group);
  }

  // Until every run has ended, or somebody wants us to leave.
  Status follow() {
    Monotonic next_question{};
    Monotonic news = system_clock().monotonic();
    milliseconds pause = kShortPause;
    while (!waiting_.empty()) {
      if (interrupts() > 0) return leave();
      const bool got = take_collected();
      take_committed();
      const Monotonic now = system_clock().monotonic();
      bool asked = false;
      if (now >= next_question && collector_->pending() < kMostFetched) {
        const Result<bool> heard = ask();
        asked = heard && *heard;
        tell_trouble(told_queue_, heard ? "" : heard.error().message);
        if (!heard && !heard.error().can_retry) return propagate(heard.error());
        pause = asked ? kShortPause : std::min(pause * 3 / 2, kLongPause);
      }
      if (now >= next_question) next_question = system_clock().monotonic() + pause;
      for (const std::string& note : store_->back_end().take_notes()) observer_.note(note);
      if (got) tell_trouble(told_store_, "");
      if (got || asked) news = now;
      if (has_more_ && collector_->pending() < kMostFetched / 2) tell_store(reconcile(false));
      if (now - news > kStill) {
        news = now;
        look_closer();
      }
      observer_.progress(views_, plan_, tally());
      wait(next_question);
    }
    if (!standing_.memo.empty()) SIMSWARM_CHECK(ledger_->remember(standing_.memo, ""));
    finish_there();
    return {};
  }

  // All is here, or has failed: what can be said of the campaign where it was.
  void finish_there() {
    const bool all_is_here = remote_.collect.empty() && not_placed_ == 0 && !committer_->has_trouble();
    if (all_is_here) tell_store(store_->note_collected(campaign_.id, system_clock().stamp()));
    const auto conflicts = store_->conflicts(campaign_.id);
    if (!conflicts || conflicts->empty()) return;
    std::string lines;
    for (const store::RunRecord& one : *conflicts) {
      lines += fmt::format("{}: {} on {} gave other results than the ones that were accepted first\n", one.made_by.run,
                           one.made_by.worker, one.made_by.attempt.host);
    }
    (void)ledger_->remember(conflicts_memo(plan_.campaign), lines);
    observer_.note(fmt::format("{} results differ from those that were accepted for the same runs: simswarm status",
                               conflicts->size()));
  }

  Status leave() {
    interrupted_ = true;
    observer_.note(fmt::format(
        "interrupted: {} runs go on in queue {}; the same call brings their results, simswarm cancel{} {} ends them",
        waiting_.size(), campaign_.queue, remote_.where, campaign_.id));
    return {};
  }

  void wait(Monotonic until) {
    std::array<pollfd, 3> wake{pollfd{collector_->descriptor(), POLLIN, 0}, pollfd{committer_->descriptor(), POLLIN, 0},
                               pollfd{options_.interrupt_descriptor, POLLIN, 0}};
    const auto left = std::chrono::duration_cast<milliseconds>(until - system_clock().monotonic());
    const nfds_t count = options_.interrupt_descriptor >= 0 ? 3 : 2;
    (void)::poll(wake.data(), count, static_cast<int>(std::clamp<std::int64_t>(left.count(), 1, 1000)));
  }

  // Once when it begins and once when it is over; the words may change while it lasts.
  void tell_trouble(std::string& told, const std::string& trouble) {
    if (trouble.empty() == told.empty()) return;
    const char* const over = &told == &told_queue_ ? "the queue answers again" : "results come again";
    observer_.note(trouble.empty() ? over : trouble + "; asking again");
    told = trouble;
  }
  void tell_store(const Status& status) { tell_trouble(told_store_, status ? "" : status.error().message); }

  // What has ended since the last time. True: something had.
  Result<bool> ask() {
    SIMSWARM_TRY(const bool finished, ask_for(jobs::Place::kFinished));
    SIMSWARM_TRY(const bool failed, ask_for(jobs::Place::kFailed));
    SIMSWARM_TRY(const bool cancelled, ask_for(jobs::Place::kCancelled));
    SIMSWARM_TRY(const jobs::Page page, queue_->list({campaign_.queue}, jobs::Place::kStarted, 0, kMostShown));
    views_.clear();
    running_ = page.total;
    for (const jobs::JobView& job : page.jobs) {
      const auto position = position_of(campaign_.id, job.id);
      if (!position || *position >= plan_.runs.size()) continue;
      worker::RunningView& view = views_.emplace_back(worker::running_from(job.progress));
      view.run = *position;
      if (started_.contains(*position)) continue;
      started_.insert(*position);
      observer_.started(plan_.runs[*position], job.attempt);
    }
    return finished || failed || cancelled;
  }

  // Newest first, until one that has been heard of.
  Result<bool> ask_for(jobs::Place place) {
    bool is_news = false;
    const bool knew_all = std::exchange(knows_all_[place], false);
    std::size_t size = kFewAtOnce;  // most looks find little that is new, and a page costs the server by its jobs
    for (std::size_t offset = 0;; offset += std::exchange(size, kAtOnce)) {
      SIMSWARM_TRY(const jobs::Page page, queue_->list({campaign_.queue}, place, offset, size));
      bool all_are_known = true;
      for (const jobs::JobView& job : page.jobs) {
        const auto position = position_of(campaign_.id, job.id);
        if (!position || !waiting_.contains(*position) || fetching_.contains(*position)) continue;
        all_are_known = false;
        is_news = true;
        if (place == jobs::Place::kFinished) {
          SIMSWARM_TRY(const std::string group, group_of(job.id));
          want(*position, group);
        } else {
          SIMSWARM_CHECK(take_failure(*position, job));
        }
      }
      if (page.jobs.size() == size && !(all_are_known && knew_all) && interrupts() == 0) continue;
      knows_all_[place] = true;
      return is_news;
    }
  }

  // With what its result was accepted, where that helps to find it.
  Result<std::string> group_of(const jobs::JobId& id) {
    if (store_->back_end().searches_by_reading()) return std::string();
    SIMSWARM_TRY(const auto details, queue_->find(id));
    return details ? worker::group_of(details->result) : std::string();
  }

  // A run that has no result: what the store, or else the queue, knows of its last attempt.
  Status take_failure(std::size_t position, const jobs::JobView& job) {
    // A worker that was cut off may have brought it all the same.
    const RunKey key = plan_.runs.key(position);
    SIMSWARM_TRY(const auto results, store_->results({&key, 1}, store::Part::kBody));
    if (results.front()) {
      want(position, results.front()->group);
      return {};
    }
    Ready ready;
    ready.run = position;
    SIMSWARM_TRY(const auto known, store_->attempt(plan_.runs.key(position), campaign_.id, job.attempt));
    if (known && !is_complete(known->attempt.verdict.outcome) && !job.lost) {
      ready.attempt = known->attempt;
      ready.log.output = known->output;
      ready.log.errors = known->errors;
    } else {
      SIMSWARM_TRY(const auto details, queue_->find(job.id));
      Verdict& verdict = ready.attempt.verdict;
      if (details) verdict = worker::verdict_from(details->message);
      if (job.lost) verdict = {Outcome::kLost, fmt::format("lost on {}", join(job.lost_on, ", ")), {}};
      if (job.state == jobs::State::kCancelled || job.state == jobs::State::kStopped)
        verdict = {Outcome::kCancelled, "cancelled in the queue", {}};
      ready.attempt.started = ready.attempt.ended = system_clock().stamp();
      ready.attempt.host = job.node;
    }
    ready.attempt.key = plan_.runs.key(position);
    ready.attempt.campaign = plan_.campaign;
    fetching_.insert(position);
    committer_->hand_in(std::move(ready));
    return {};
  }

  // Nothing has come for a while: perhaps the queue has forgotten the campaign, or the store is full.
  void look_closer() {
    const std::string obstacle = collector_->obstacle();
    tell_trouble(told_store_, obstacle);
    if (!obstacle.empty()) return;
    const auto manifest = queue_->manifest(campaign_.id);
    if (!manifest) return;
    const auto counts = queue_->counts({campaign_.queue});
    if (!counts) return;
    const bool is_forgotten = !*manifest;
    const bool is_idle = counts->queued + counts->started + counts->scheduled + counts->deferred == 0;
    if (is_forgotten)
      observer_.note("the queue has forgotten the campaign: what the store has not got is queued again");
    if (is_forgotten || (is_idle && collector_->pending() == 0 && committer_->pending() == 0))
      tell_store(reconcile(false, is_forgotten));
    tell_store(standing_.look_after());  // workers may have found it damaged
    if (counts->queued > 0 && counts->started == 0) look_for_workers();
    look_at_quota();
  }

  // Once.
  void look_for_workers() {
    const auto workers = queue_->workers();
    if (!workers || told_workers_) return;
    for (const jobs::WorkerView& one : *workers) {
      for (const jobs::QueueName& queue : one.record.queues) {
        if (campaign_.queue == queue.text || campaign_.queue.starts_with(queue.text + "-")) return;
      }
    }
    told_workers_ = true;
    observer_.note(fmt::format("no worker serves the queue {} at the moment (simswarm worker run): waiting for one",
                               campaign_.queue));
  }

  void look_at_quota() {
    const Monotonic now = system_clock().monotonic();
    if (now < next_quota_) return;
    next_quota_ = now + kQuotaLook;
    const auto quota = store_->quota();
    if (!quota || !*quota) return;
    const auto usage = store_->usage();
    if (!usage || usage->bytes() < **quota || std::exchange(told_quota_, true)) return;
    observer_.note(
        fmt::format("{} holds {}, its quota is {}: workers begin no new runs; simswarm store gc, rm or quota "
                    "makes room",
                    store_->shown(), human_bytes(usage->bytes()), human_bytes(**quota)));
  }

  bool take_collected() {
    const std::vector<Collected> all = collector_->take();
    for (const Collected& collected : all) {
      const std::size_t position = collected.run;
      switch (collected.state) {
        case Collected::State::kWhole:
          hand_in(collected);
          break;
        case Collected::State::kNone:
          fetching_.erase(position);
          take_damage(position, "the store has none");
          break;
        case Collected::State::kDamaged:
          fetching_.erase(position);
          take_damage(position, collected.trouble);
          break;
      }
    }
    return !all.empty();
  }

  void hand_in(const Collected& collected) {
    const store::AttemptRecord& made_by = collected.record.made_by;
    const Run run = plan_.runs.run(collected.run);
    Ready ready;
    ready.run = collected.run;
    ready.label = worker::label_of(run);
    ready.attempt = made_by.attempt;
    ready.attempt.campaign = plan_.campaign;
    ready.log.output = made_by.output;
    ready.log.errors = made_by.errors;
    ready.files = collected.files;
    ready.expected = dialect_.expected_files(run);
    ready.scratch = collected.scratch;
    placing_.insert(collected.run);
    for (const ResultFile& file : collected.record.files) bytes_seen_ += file.size;
    ++results_seen_;
    foretell();
    committer_->hand_in(std::move(ready));
  }

  // Once, when some results have told how large they are.
  void foretell() {
    if (results_seen_ != std::min(kForetoldFrom, plan_.runs.size())) return;
    const std::uint64_t each = bytes_seen_ / results_seen_;
    const std::uint64_t all = each * waiting_.size();
    struct statvfs disk {};
    if (::statvfs(options_.working_folder.c_str(), &disk) != 0) return;
    const std::uint64_t free = disk.f_bavail * disk.f_frsize;
    if (all >= free / 2) {
      observer_.note(fmt::format("a result has about {}: all that come need {} here, and {} are free{}",
                                 human_bytes(each), human_bytes(all), human_bytes(free),
                                 all > free ? "; --collect PATTERN leaves some in the store" : ""));
    }
  }

  void take_damage(std::size_t position, const std::string& trouble) {
    const std::string name = short_name(plan_.runs.run(position));
    if (++damaged_[position] <= kMostDamaged) {
      observer_.note(fmt::format("the result of {} in the store is damaged: {}; it runs again", name, trouble));
      return run_again(position);
    }
    Ready ready;
    ready.run = position;
    ready.attempt.key = plan_.runs.key(position);
    ready.attempt.campaign = plan_.campaign;
    ready.attempt.verdict = {
        Outcome::kIncomplete, "its result came damaged out of the store time and again: " + trouble, {}};
    ready.attempt.started = ready.attempt.ended = system_clock().stamp();
    fetching_.insert(position);
    committer_->hand_in(std::move(ready));
  }

  void run_again(std::size_t position) {
    Positions one;
    one.insert(position);
    Status again = remove_ended(one);
    const auto name_of = [this](std::size_t index) { return short_name(plan_.runs.run(index)); };
    if (again) again = submit(campaign_, one, name_of, *queue_);
    tell_trouble(told_queue_, again ? "" : again.error().message);  // reconcile() tries again
  }

  void take_committed() {
    if (!committer_) return;
    for (const Committed& committed : committer_->take()) {
      const Attempt& attempt = committed.attempt;
      Final final = summary_.finals[committed.run];
      ++final.attempts;
      final.outcome = attempt.verdict.outcome;
      final.message = attempt.verdict.message;
      final.place = attempt.verdict.place;
      summary_.kept += committed.kept;
      for (const std::string& renamed : committed.renamed) {
        observer_.note(fmt::format("kept apart, because it is an input or another run has left it, too: {}", renamed));
      }
      summary_.cpu_seconds += attempt.usage.user_seconds + attempt.usage.system_seconds;
      waiting_.erase(committed.run);
      fetching_.erase(committed.run);
      ++(is_complete(final.outcome) ? complete_ : failed_);
      if (!is_complete(final.outcome) && placing_.contains(committed.run)) ++not_placed_;
      summary_.finals.set(committed.run, final);
      observer_.ended(plan_.runs[committed.run], attempt, false, tally());
    }
  }

  Tally tally() const {
    Tally tally{plan_.runs.size(), complete_ + known_, known_, failed_ + failed_before_, running_, 0, std::nullopt};
    tally.waiting = waiting_.size() - std::min(waiting_.size(), running_);
    const double passed = Seconds(system_clock().monotonic() - since_).count();
    if (complete_ > 0)
      tally.seconds_left = passed / static_cast<double>(complete_) * static_cast<double>(waiting_.size());
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
    summary_.state = is_whole ? "completed" : interrupted_ ? "cancelled" : detached_ ? "detached" : "incomplete";
    summary_.wall_seconds = Seconds(system_clock().monotonic() - since_).count();
  }

  const Options& options_;
  const RemoteOptions& remote_;
  Dialect& dialect_;
  Observer& observer_;
  const Standing* followed_;  // null: the campaign comes from here
  const std::string host_ = host_name();
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<jobs::JobQueue> queue_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Collector> collector_;
  store::CampaignRecord campaign_;  // as it is known there
  Standing standing_;
  Plan plan_;
  Summary summary_;
  Positions waiting_;   // not done
  Positions fetching_;  // of these: their result is on its way here
  Positions started_;
  Positions placing_;                      // whose results have come
  std::size_t not_placed_ = 0;             // that could not be put into place
  std::map<jobs::Place, bool> knows_all_;  // the last look at what has ended came to its end
  bool has_more_ = false;                  // results in the store that were not asked for yet
  std::vector<std::uint8_t> damaged_;      // times, by position
  std::vector<worker::RunningView> views_;
  std::size_t running_ = 0, complete_ = 0, known_ = 0, failed_ = 0, failed_before_ = 0;
  std::uint64_t bytes_seen_ = 0;
  std::size_t results_seen_ = 0;
  std::string told_queue_, told_store_;
  bool told_workers_ = false, told_quota_ = false, interrupted_ = false, detached_ = false;
  Monotonic next_quota_{};
  Monotonic since_{};
};

}  // namespace

Result<Summary> run_remote(const Options& options, const RemoteOptions& remote, Dialect& dialect, Observer& observer) {
  return Remote(options, remote, dialect, observer, nullptr).run();
}

Result<Summary> follow_campaign(const Options& options, const RemoteOptions& remote, const Standing& standing,
                                Dialect& dialect, Observer& observer) {
  return Remote(options, remote, dialect, observer, &standing).run();
}

std::string conflicts_memo(const std::string& campaign) {
  return "conflicts " + campaign;
}

}  // namespace simswarm::campaign
