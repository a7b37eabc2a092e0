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
  Loop(Queue& queue, exec::Executor& executor, const Dialect& dialect, const RunList& runs, const Options& options,
       Host& host)
      : queue_(queue), executor_(executor), dialect_(dialect), runs_(runs), options_(options), host_(host) {}

  Status work() {
    while (true) {
      obey();
      if (stop_level_ == kGoOn) fill();
      const bool nothing_waits = stop_level_ != kGoOn || queue_.counts().queued == 0;
      if (running_.empty() && nothing_waits && (stop_level_ != kGoOn || host_.is_settled())) {
        if (stop_level_ == kGoOn) fill();  // what has just been settled may want a trial, or another turn
        if (running_.empty() && (stop_level_ != kGoOn || queue_.counts().queued == 0)) return trouble_;
      }
      for (exec::Ended& ended : executor_.wait(kTick, host_.wake_on())) finish(std::move(ended));
      tell();
    }
  }

 private:
  [[nodiscard]] std::vector<Run> runs_of(const Batch& batch) const {
    std::vector<Run> runs;
    for (const std::size_t run : batch.runs) runs.push_back(runs_[run]);
    return runs;
  }

  // First interrupt: the waiting are cancelled, the running get their grace. Second, or grace over: all end now.
  // Draining cancels the waiting and leaves the running in peace.
  void obey() {
    const int level = host_.stop_level();
    const Monotonic now = system_clock().monotonic();
    if ((level > 0 || host_.is_draining() || !trouble_) && stop_level_ == kGoOn) {
      queue_.cancel_waiting();
      stop_level_ = kDraining;
    }
    if (level > 0 && stop_level_ == kDraining) {
      grace_ends_ = now + milliseconds(static_cast<std::int64_t>(options_.grace * 1000));
      stop_level_ = kGrace;
    }
    if (stop_level_ == kGrace && now >= grace_ends_) {
      for (const auto& [id, batch] : running_) executor_.stop(id, Outcome::kCancelled);
      stop_level_ = kEnding;
    }
    if (level > 1 && !killed_) {
      executor_.kill_all(Outcome::kCancelled);
      killed_ = true;
      stop_level_ = kEnding;
    }
  }

  void fill() {
    while (running_.size() < options_.jobs && !host_.is_busy()) {
      if (!running_.empty() && alone_) return;
      if (std::vector<std::size_t> runs = host_.next_trial(); !runs.empty()) {
        try_out(std::move(runs));
        continue;
      }
      if (queue_.counts().queued == 0 || (!running_.empty() && queue_.next_is_alone())) return;
      if (!running_.empty() && !host_.has_room_for(queue_.job(queue_.next()).runs.front())) return;
      Batch batch;
      batch.claims = claim();
      for (const Claim& claim : batch.claims) {
        const Job& job = queue_.job(claim.job);
        alone_ = job.alone;
        batch.runs.insert(batch.runs.end(), job.runs.begin(), job.runs.end());
      }
      if (!start(std::move(batch))) return;
    }
  }

  // Inseparable runs and what must be alone make a batch of their own.
  std::vector<Claim> claim() {
    std::vector<Claim> claims = queue_.claim(1);
    if (claims.empty() || !dialect_.can_batch() || !may_share(claims.front().job, 1)) return claims;
    const std::size_t first = queue_.job(claims.front().job).runs.front();
    const std::size_t limit = host_.batch_limit(first);
    while (claims.size() < limit && queue_.counts().queued > 0 && may_share(queue_.next(), 0) &&
           dialect_.may_share_process(runs_[first], runs_[queue_.job(queue_.next()).runs.front()])) {
      claims.push_back(queue_.claim(1).front());
    }
    return claims;
  }

  // A job of one run that has not been tried before; `attempts` counts the one that it has begun.
  [[nodiscard]] bool may_share(JobId id, int attempts) const {
    return queue_.job(id).runs.size() == 1 && !queue_.job(id).alone && queue_.attempts(id) == attempts;
  }

  void try_out(std::vector<std::size_t> runs) {
    Batch batch;
    batch.runs = std::move(runs);
    batch.is_trial = true;
    (void)start(std::move(batch));
  }

  // False: it could not be started; that counts as an attempt, and the loop waits a moment.
  bool start(Batch batch) {
    batch.id = ++last_id_;
    batch.scratch = options_.scratch / std::to_string(batch.id);
    batch.argv = dialect_.command_line(runs_of(batch));
    std::vector<std::string> folders;
    for (const std::size_t run : batch.runs) {
      if (std::string folder = dialect_.run_folder(runs_[run]); !folder.empty()) folders.push_back(std::move(folder));
    }
    const Status started = executor_.start({batch.id, batch.argv, batch.runs.size(), batch.scratch, std::move(folders),
                                            fmt::format("{}.{}", options_.mark, batch.id)});
    if (!started) return lose(std::move(batch), started.error()), false;
    failed_starts_ = 0;
    if (!batch.is_trial) host_.started(batch);
    watched_[batch.id].since = system_clock().monotonic();
    running_.emplace(batch.id, std::move(batch));
    return true;
  }

  void lose(Batch batch, const Error& error) {
    if (++failed_starts_ >= kMostFailedStarts && trouble_) trouble_ = propagate(error);
    Finished finished{std::move(batch), {}, {}, {}};
    finished.ended.started = finished.ended.ended = system_clock().stamp();
    finished.ended.trouble = error;
    const Judgement lost{{Outcome::kLost, "could not be started: " + error.message, {}}, 0, {}};
    finished.judgements.assign(finished.batch.runs.size(), lost);
    if (!finished.batch.is_trial) host_.started(finished.batch);
    const std::vector<bool> will_retry = settle(finished);
    host_.finished(std::move(finished), will_retry);
  }

  void finish(exec::Ended ended) {
    auto node = running_.extract(ended.id);
    Finished finished{std::move(node.mapped()), std::move(ended), {}, {}};
    if (running_.empty()) alone_ = false;
    finished.reason = std::move(watched_.extract(finished.ended.id).mapped().reason);
    if (!finished.ended.not_started.empty()) {
      const Outcome outcome = finished.ended.evidence.ended_by_us.value_or(Outcome::kLost);
      finished.judgements.assign(finished.batch.runs.size(), {{outcome, finished.ended.not_started, {}}, 0, {}});
    } else if (finished.ended.trouble) {
      const Judgement broken{
          {Outcome::kIncomplete, "what it left cannot be read: " + finished.ended.trouble->message, {}}, 0, {}};
      finished.judgements.assign(finished.batch.runs.size(), broken);
    } else {
      finished.judgements = dialect_.judge(runs_of(finished.batch), finished.ended.evidence);
      if (finished.ended.disk_was_full) doubt(finished.judgements);
      if (host_.stop_level() > 0) excuse(finished.judgements);
    }
    const std::vector<bool> will_retry = settle(finished);
    host_.finished(std::move(finished), will_retry);
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

  // Tells the queue; says which runs come again.
  std::vector<bool> settle(Finished& finished) {
    std::vector<bool> will_retry;
    std::size_t position = 0;
    for (const Claim& claim : finished.batch.claims) {
      const std::size_t size = queue_.job(claim.job).runs.size();
      const std::span<Judgement> judgements(finished.judgements.data() + position, size);
      const bool retried =
          settle(claim, judgements, finished.judgements.size() > size && any_started(finished.judgements));
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
    const auto complete = [](const Judgement& judgement) { return is_complete(judgement.verdict.outcome); };
    if (std::all_of(judgements.begin(), judgements.end(), complete)) return queue_.complete(claim), false;
    if (has(Outcome::kNotStarted) && in_company && stop_level_ == kGoOn) return queue_.requeue(claim, false, false);
    const auto can_help = [](const Judgement& one) { return complete_or_helpable(one.verdict.outcome); };
    const bool helpable = std::all_of(judgements.begin(), judgements.end(), can_help);
    if (helpable && stop_level_ == kGoOn && queue_.attempts(claim.job) <= options_.retries) {
      return queue_.requeue(claim, has(Outcome::kOutOfMemory), true);
    }
    return queue_.fail(claim), false;
  }

  static bool complete_or_helpable(Outcome outcome) { return is_complete(outcome) || can_help_to_retry(outcome); }

  void tell() {
    const Monotonic now = system_clock().monotonic();
    if (now - last_look_ >= kTick) {
      last_look_ = now;
      views_.clear();
      for (const auto& [id, batch] : running_) look(batch);
    }
    host_.tick(views_);
  }

  void look(const Batch& batch) {
    const auto look = executor_.look(batch.id);
    if (!look) return;
    RunningView view{batch.runs.front(), look->wall_seconds, {}};
    const std::string status = dialect_.status_file(runs_[batch.runs.front()]);
    const fs::path file = status.empty() ? look->output : look->layer->locate(status);
    const std::string tail = read_tail(file, kStatusTail).value_or(std::string());
    if (auto progress = dialect_.read_progress(tail)) view.progress = *progress;
    Watched& watched = watched_[batch.id];
    watched.sets_up = watched.sets_up && dialect_.is_setting_up(tail);
    view.progress.memory = look->memory;
    if (options_.stall) end_if_stalled(batch, *look, view.progress, status.empty() ? look->written : size_of(file));
    if (!batch.is_trial) views_.push_back(view);
  }

  // Neither output nor CPU time for so long. The clock starts when there is the first sign of either; a hundredth of a
  // core is what polling for something that never comes takes, and no progress.
  void end_if_stalled(const Batch& batch, const exec::Executor::Look& look, const Progress& progress,
                      std::uint64_t written) {
    constexpr double kIdle = 0.01;
    Watched& watched = watched_[batch.id];
    const Monotonic now = system_clock().monotonic();
    const double quiet = Seconds(now - watched.since).count();
    const std::uint64_t bytes = look.written + written;
    if (bytes != watched.bytes || look.cpu_seconds - watched.cpu_seconds > std::max(kIdle, kIdle * quiet)) {
      watched.bytes = bytes;
      watched.cpu_seconds = look.cpu_seconds;
      watched.since = now;
      return;
    }
    // Before the first event files are read and others waited for; that has no end that could be seen.
    constexpr double kPatience = 10;
    if (quiet < *options_.stall * (watched.sets_up ? kPatience : 1) || !watched.reason.empty()) return;
    watched.reason = fmt::format("neither output nor CPU time for {} (--stall); {}", human_duration(quiet),
                                 progress.event ? fmt::format("its last word was event #{}", *progress.event)
                                                : "it tells no events, so whether these went on is not known");
    executor_.stop(batch.id, Outcome::kStalled);
  }

  static std::uint64_t size_of(const fs::path& file) {
    std::error_code none;
    const std::uintmax_t size = fs::file_size(file, none);
    return none ? 0 : size;
  }

  // What was seen of a batch's progress.
  struct Watched {
    Monotonic since{};  // its last sign
    double cpu_seconds = 0;
    std::uint64_t bytes = 0;
    bool sets_up = true;  // until it has been seen at work
    std::string reason;   // why it is being ended
  };

  Queue& queue_;
  exec::Executor& executor_;
  const Dialect& dialect_;
  const RunList& runs_;
  const Options& options_;
  Host& host_;
  std::map<std::uint64_t, Batch> running_;
  std::map<std::uint64_t, Watched> watched_;
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

Status work(Queue& queue, exec::Executor& executor, const Dialect& dialect, const RunList& runs, const Options& options,
            Host& host) {
  return Loop(queue, executor, dialect, runs, options, host).work();
}

}  // namespace simswarm::worker
