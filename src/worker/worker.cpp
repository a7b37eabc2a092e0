#include "worker/worker.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/time.h"

namespace simswarm::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{500};
constexpr int kMostFailedStarts = 5;         // in a row, before the campaign gives up
constexpr std::uint64_t kStatusTail = 4096;  // bytes at the end of a status file that are looked at

class Loop {
 public:
  Loop(Queue& queue, const Studies& studies, const Options& options, Host& host)
      : queue_(queue), studies_(studies), options_(options), host_(host) {}

  Status work() {
    while (true) {
      obey();
      stop_wanted();
      if (stop_level_ == kGoOn) fill();
      const bool nothing_waits = stop_level_ != kGoOn || queue_.counts().queued == 0;
      if (running_.empty() && nothing_waits && (stop_level_ != kGoOn || host_.is_settled())) {
        if (stop_level_ == kGoOn) fill();  // what has just been settled may want a trial, or another turn
        if (running_.empty() && (stop_level_ != kGoOn || queue_.counts().queued == 0)) return trouble_;
      }
      for (exec::Ended& ended : exec::wait_for(executors(), kTick, host_.wake_on())) finish(std::move(ended));
      tell();
    }
  }

 private:
  // A batch, and what was seen of its progress.
  struct Running {
    Batch batch;
    Study study;
    Monotonic since{};  // its last sign
    double cpu_seconds = 0;
    std::uint64_t bytes = 0;
    bool sets_up = true;                // until it has been seen at work
    std::string reason{};               // why it is being ended
    std::map<JobId, Outcome> wanted{};  // of its jobs, the ones that the host wants to be ended
  };

  static std::vector<Run> runs_of(const Batch& batch, const Study& study) {
    std::vector<Run> runs;
    for (const std::size_t run : batch.runs) runs.push_back((*study.runs)[run]);
    return runs;
  }

  // Those at which something runs, each once.
  [[nodiscard]] std::vector<exec::Executor*> executors() const {
    std::vector<exec::Executor*> executors;
    for (const auto& [id, running] : running_) {
      if (std::find(executors.begin(), executors.end(), running.study.executor) == executors.end())
        executors.push_back(running.study.executor);
    }
    return executors;
  }

  // First interrupt: the waiting are cancelled, the running get their grace. Second, or grace over: all end now.
  // Draining cancels the waiting and leaves the running in peace.
  void obey() {
    const int level = host_.stop_level();
    const Monotonic now = system_clock().monotonic();
    if ((level > 0 || host_.is_draining() || !trouble_) && stop_level_ == kGoOn) {
      for (const JobId job : queue_.cancel_waiting()) host_.withdrawn(job);
      stop_level_ = kDraining;
    }
    if (level > 0 && stop_level_ == kDraining) {
      grace_ends_ = now + milliseconds(static_cast<std::int64_t>(options_.grace * 1000));
      stop_level_ = kGrace;
    }
    if (stop_level_ == kGrace && now >= grace_ends_) {
      for (const auto& [id, running] : running_) running.study.executor->stop(id, Outcome::kCancelled);
      stop_level_ = kEnding;
    }
    if (level > 1 && !killed_) {
      for (exec::Executor* executor : executors()) executor->kill_all(Outcome::kCancelled);
      killed_ = true;
      stop_level_ = kEnding;
    }
  }

  // A run cannot be ended without the others of its process.
  void stop_wanted() {
    for (const Stop& stop : host_.to_stop()) {
      if (queue_.withdraw(stop.job)) {
        host_.withdrawn(stop.job);
        continue;
      }
      const auto is_the_job = [&](const Claim& claim) { return claim.job == stop.job; };
      for (auto& [id, running] : running_) {
        const std::vector<Claim>& claims = running.batch.claims;
        if (std::none_of(claims.begin(), claims.end(), is_the_job)) continue;
        if (running.wanted.emplace(stop.job, stop.why).second) running.study.executor->stop(id, stop.why);
      }
    }
  }

  void fill() {
    while (running_.size() < options_.jobs && !host_.is_busy()) {
      if (!running_.empty() && alone_) return;
      if (Trial trial = host_.next_trial(); !trial.runs.empty()) {
        try_out(std::move(trial));
        continue;
      }
      if (queue_.counts().queued == 0 || (!running_.empty() && queue_.next_is_alone())) return;
      const Job& next = queue_.job(queue_.next());
      if ((!running_.empty() || host_.shares_machine()) && !host_.has_room_for(next.study, next.runs.front())) return;
      Batch batch;
      batch.claims = claim();
      for (const Claim& claim : batch.claims) {
        const Job& job = queue_.job(claim.job);
        alone_ = job.alone;
        batch.study = job.study;
        batch.runs.insert(batch.runs.end(), job.runs.begin(), job.runs.end());
      }
      if (!start(std::move(batch))) return;
    }
  }

  // Inseparable runs and what must be alone make a batch of their own.
  std::vector<Claim> claim() {
    std::vector<Claim> claims = queue_.claim(1);
    if (claims.empty() || !may_share(claims.front().job, 1)) return claims;
    const Job& first = queue_.job(claims.front().job);
    const Study study = studies_(first.study);
    if (!study.dialect->can_batch()) return claims;
    const std::size_t limit = host_.batch_limit(first.study, first.runs.front());
    const auto fits = [&](JobId id) {
      const Job& job = queue_.job(id);
      return may_share(id, 0) && job.study == first.study &&
             study.dialect->may_share_process((*study.runs)[first.runs.front()], (*study.runs)[job.runs.front()]);
    };
    while (claims.size() < limit && queue_.counts().queued > 0 && fits(queue_.next()))
      claims.push_back(queue_.claim(1).front());
    return claims;
  }

  // A job of one run that has not been tried before; `attempts` counts the one that it has begun.
  [[nodiscard]] bool may_share(JobId id, int attempts) const {
    return queue_.job(id).runs.size() == 1 && !queue_.job(id).alone && queue_.attempts(id) == attempts;
  }

  void try_out(Trial trial) {
    Batch batch;
    batch.study = trial.study;
    batch.runs = std::move(trial.runs);
    batch.is_trial = true;
    (void)start(std::move(batch));
  }

  // False: it could not be started; that counts as an attempt, and the loop waits a moment.
  bool start(Batch batch) {
    const Study study = studies_(batch.study);
    batch.id = ++last_id_;
    const fs::path& beside = study.scratch.empty() ? options_.scratch : study.scratch;
    batch.scratch = beside / std::to_string(batch.id);
    batch.argv = study.dialect->command_line(runs_of(batch, study));
    std::vector<std::string> folders;
    for (const std::size_t run : batch.runs) {
      if (std::string folder = study.dialect->run_folder((*study.runs)[run]); !folder.empty())
        folders.push_back(std::move(folder));
    }
    const Status started = study.executor->start({batch.id, batch.argv, batch.runs.size(), batch.scratch,
                                                  std::move(folders), fmt::format("{}.{}", options_.mark, batch.id)});
    if (!started) return lose(std::move(batch), started.error()), false;
    failed_starts_ = 0;
    if (!batch.is_trial) host_.started(batch);
    const std::uint64_t id = batch.id;
    running_.emplace(id, Running{std::move(batch), study, system_clock().monotonic()});
    return true;
  }

  void lose(Batch batch, const Error& error) {
    if (++failed_starts_ >= kMostFailedStarts && options_.gives_up && trouble_) trouble_ = propagate(error);
    Finished finished{std::move(batch), {}, {}, {}};
    finished.ended.started = finished.ended.ended = system_clock().stamp();
    finished.ended.trouble = error;
    const Judgement lost{{Outcome::kLost, "could not be started: " + error.message, {}}, 0, {}};
    finished.judgements.assign(finished.batch.runs.size(), lost);
    if (!finished.batch.is_trial) host_.started(finished.batch);
    const std::vector<bool> will_retry = settle(finished, {});
    host_.finished(std::move(finished), will_retry);
  }

  void finish(exec::Ended ended) {
    auto node = running_.extract(ended.id);
    Running& running = node.mapped();
    Finished finished{std::move(running.batch), std::move(ended), {}, std::move(running.reason)};
    if (running_.empty()) alone_ = false;
    judge(finished, *running.study.dialect, runs_of(finished.batch, running.study));
    if (!running.wanted.empty()) judge_stopped(finished, running.wanted);
    const std::vector<bool> will_retry = settle(finished, running.wanted);
    host_.finished(std::move(finished), will_retry);
  }

  void judge(Finished& finished, const Dialect& dialect, const std::vector<Run>& runs) {
    if (!finished.ended.not_started.empty()) {
      const Outcome outcome = finished.ended.evidence.ended_by_us.value_or(Outcome::kLost);
      finished.judgements.assign(finished.batch.runs.size(), {{outcome, finished.ended.not_started, {}}, 0, {}});
    } else if (finished.ended.trouble) {
      const Judgement broken{
          {Outcome::kIncomplete, "what it left cannot be read: " + finished.ended.trouble->message, {}}, 0, {}};
      finished.judgements.assign(finished.batch.runs.size(), broken);
    } else {
      finished.judgements = dialect.judge(runs, finished.ended.evidence);
      if (finished.ended.disk_was_full) doubt(finished.judgements);
      if (host_.stop_level() > 0) excuse(finished.judgements);
    }
  }

  // What had ended by itself keeps its judgement. What ran or waited in the process is what the host wanted of it, or
  // has not had its turn: its process was ended because of another.
  void judge_stopped(Finished& finished, const std::map<JobId, Outcome>& wanted) {
    const std::optional<Outcome> ended_by_us = finished.ended.evidence.ended_by_us;
    const auto is_why = [&](const auto& stop) { return stop.second == ended_by_us; };
    const bool was_stopped = std::any_of(wanted.begin(), wanted.end(), is_why);
    std::size_t position = 0;
    for (const Claim& claim : finished.batch.claims) {
      const auto stop = wanted.find(claim.job);
      const std::size_t end = position + queue_.job(claim.job).runs.size();
      for (; position < end; ++position) {
        Verdict& verdict = finished.judgements[position].verdict;
        const bool cut = was_stopped && (verdict.outcome == ended_by_us || finished.ended.trouble);
        if (stop != wanted.end() && (cut || verdict.outcome == Outcome::kNotStarted)) {
          verdict = {stop->second, {}, verdict.place};
        } else if (cut) {
          verdict = {Outcome::kNotStarted, "its process was ended because of another run", {}};
        }
      }
    }
  }

  // The disk was full while these ran: a program need not notice, nor be able to say so, and its error is no word about
  // the model.
  static void doubt(std::vector<Judgement>& judgements) {
    for (Judgement& judgement : judgements) {
      Verdict& verdict = judgement.verdict;
      const bool may_come_of_it = is_complete(verdict.outcome) || verdict.outcome == Outcome::kModelError ||
                                  verdict.outcome == Outcome::kIncomplete || verdict.outcome == Outcome::kCrashed;
      if (!may_come_of_it) continue;
      verdict.message = "the disk was full while it ran" + (verdict.message.empty() ? "" : ": " + verdict.message);
      verdict.outcome = Outcome::kDiskFull;
    }
  }

  // An interrupt may reach runs before us: it is sent to all processes of a terminal, or of a group.
  static void excuse(std::vector<Judgement>& judgements) {
    for (Judgement& judgement : judgements) {
      if (judgement.verdict.outcome == Outcome::kKilled) judgement.verdict.outcome = Outcome::kCancelled;
    }
  }

  // Tells the queue; says which runs come again. Those that the host wanted to be ended do not.
  std::vector<bool> settle(Finished& finished, const std::map<JobId, Outcome>& wanted) {
    std::vector<bool> will_retry;
    std::size_t position = 0;
    for (const Claim& claim : finished.batch.claims) {
      const std::size_t size = queue_.job(claim.job).runs.size();
      const std::span<Judgement> judgements(finished.judgements.data() + position, size);
      const bool in_company = finished.judgements.size() > size && any_started(finished.judgements);
      const bool retried =
          wanted.contains(claim.job) ? conclude(claim, judgements) : settle(claim, judgements, in_company);
      if (size > 1) keep_together(judgements);  // after it was settled by what each run itself came to
      will_retry.insert(will_retry.end(), size, retried);
      position += size;
    }
    return will_retry;
  }

  static bool any_started(const std::vector<Judgement>& judgements) {
    const auto started = [](const Judgement& one) { return one.verdict.outcome != Outcome::kNotStarted; };
    return std::any_of(judgements.begin(), judgements.end(), started);
  }

  // Runs that append to one file count only when all of them do.
  static void keep_together(std::span<Judgement> judgements) {
    const auto is_broken = [](const Judgement& judgement) { return !is_complete(judgement.verdict.outcome); };
    if (std::none_of(judgements.begin(), judgements.end(), is_broken)) return;
    for (Judgement& judgement : judgements) {
      if (!is_broken(judgement)) {
        judgement.verdict = {Outcome::kIncomplete, "shares a result file with a run that is not complete",
                             judgement.verdict.place};
      }
    }
  }

  bool settle(const Claim& claim, std::span<const Judgement> judgements, bool in_company) {
    const auto has = [&](Outcome outcome) {
      return std::any_of(judgements.begin(), judgements.end(),
                         [&](const Judgement& one) { return one.verdict.outcome == outcome; });
    };
    if (are_complete(judgements)) return conclude(claim, judgements);
    if (has(Outcome::kNotStarted) && in_company && stop_level_ == kGoOn) return queue_.requeue(claim, false, false);
    const auto can_help = [](const Judgement& one) { return complete_or_helpable(one.verdict.outcome); };
    const bool helpable = std::all_of(judgements.begin(), judgements.end(), can_help);
    if (helpable && stop_level_ == kGoOn && queue_.attempts(claim.job) <= options_.retries) {
      return queue_.requeue(claim, has(Outcome::kOutOfMemory), true);
    }
    return conclude(claim, judgements);
  }

  // For good: it does not come again.
  bool conclude(const Claim& claim, std::span<const Judgement> judgements) {
    (void)(are_complete(judgements) ? queue_.complete(claim) : queue_.fail(claim));
    return false;
  }

  static bool are_complete(std::span<const Judgement> judgements) {
    const auto complete = [](const Judgement& judgement) { return is_complete(judgement.verdict.outcome); };
    return std::all_of(judgements.begin(), judgements.end(), complete);
  }

  static bool complete_or_helpable(Outcome outcome) { return is_complete(outcome) || can_help_to_retry(outcome); }

  void tell() {
    const Monotonic now = system_clock().monotonic();
    if (now - last_look_ >= kTick) {
      last_look_ = now;
      views_.clear();
      for (auto& [id, running] : running_) look(running);
    }
    host_.tick(views_);
  }

  void look(Running& running) {
    const Batch& batch = running.batch;
    const Dialect& dialect = *running.study.dialect;
    const auto look = running.study.executor->look(batch.id);
    if (!look) return;
    RunningView view{batch.runs.front(), look->wall_seconds, {}, batch.study};
    const std::string status = dialect.status_file((*running.study.runs)[batch.runs.front()]);
    const fs::path file = status.empty() ? look->output : look->layer->locate(status);
    const std::string tail = read_tail(file, kStatusTail).value_or(std::string());
    if (auto progress = dialect.read_progress(tail)) view.progress = *progress;
    running.sets_up = running.sets_up && dialect.is_setting_up(tail);
    view.progress.memory = look->memory;
    view.line = last_line(tail);
    view.output = file;
    if (!status.empty()) view.output_owner = look->layer->owner();
    if (stall_of(running))
      end_if_stalled(running, *look, view.progress, status.empty() ? look->written : size_of(file));
    if (!batch.is_trial) views_.push_back(view);
  }

  // Neither output nor CPU time for so long. The clock starts when there is the first sign of either; a hundredth of a
  // core is what polling for something that never comes takes, and no progress.
  void end_if_stalled(Running& running, const exec::Executor::Look& look, const Progress& progress,
                      std::uint64_t written) {
    constexpr double kIdle = 0.01;
    const Monotonic now = system_clock().monotonic();
    const double quiet = Seconds(now - running.since).count();
    const std::uint64_t bytes = look.written + written;
    if (bytes != running.bytes || look.cpu_seconds - running.cpu_seconds > std::max(kIdle, kIdle * quiet)) {
      running.bytes = bytes;
      running.cpu_seconds = look.cpu_seconds;
      running.since = now;
      return;
    }
    // Before the first event files are read and others waited for; that has no end that could be seen.
    constexpr double kPatience = 10;
    if (quiet < *stall_of(running) * (running.sets_up ? kPatience : 1) || !running.reason.empty()) return;
    running.reason = fmt::format("neither output nor CPU time for {} (--stall); {}", human_duration(quiet),
                                 progress.event ? fmt::format("its last word was event #{}", *progress.event)
                                                : "it tells no events, so whether these went on is not known");
    running.study.executor->stop(running.batch.id, Outcome::kStalled);
  }

  [[nodiscard]] std::optional<double> stall_of(const Running& running) const {
    return running.study.stall ? running.study.stall : options_.stall;
  }

  // Of what is not blank.
  static std::string last_line(std::string_view tail) {
    const auto end = tail.find_last_not_of(" \t\r\n");
    if (end == std::string_view::npos) return {};
    tail = tail.substr(0, end + 1);
    const auto begin = tail.find_last_of("\r\n");
    return std::string(begin == std::string_view::npos ? tail : tail.substr(begin + 1));
  }

  static std::uint64_t size_of(const fs::path& file) {
    std::error_code none;
    const std::uintmax_t size = fs::file_size(file, none);
    return none ? 0 : size;
  }

  Queue& queue_;
  const Studies& studies_;
  const Options& options_;
  Host& host_;
  std::map<std::uint64_t, Running> running_;
  std::vector<RunningView> views_;
  Monotonic last_look_{};
  Monotonic grace_ends_{};
  std::uint64_t last_id_ = 0;
  enum StopLevel { kGoOn, kDraining, kGrace, kEnding };
  StopLevel stop_level_ = kGoOn;
  int failed_starts_ = 0;  // in a row
  Status trouble_;
  bool killed_ = false;
  bool alone_ = false;
};

}  // namespace

Status work(Queue& queue, const Studies& studies, const Options& options, Host& host) {
  return Loop(queue, studies, options, host).work();
}

}  // namespace simswarm::worker
