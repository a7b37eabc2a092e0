// A campaign that somebody looks at: all its runs, kept as the queue and the store tell.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "queue/queue_watch.h"
#include "store/looks.h"
#include "view/campaign_model.h"

namespace simswarm::view {

// What a program told of a campaign's runs.
struct RunPlan {
  RunList runs;
  std::vector<DigestBytes> keys;     // by position
  std::vector<std::string> command;  // that executes the first run
  std::string simulator;
};

// The position of a job's run; nothing for a job that is none of the campaign's.
using PositionOf = std::function<std::optional<std::size_t>(const std::string& campaign, const jobs::JobId& job)>;

// Whoever reads or changes it holds the mutex; keys never change.
struct Followed {
  static constexpr std::size_t kMostMessages = 10'000;
  static constexpr std::size_t kLongestMessage = 300;  // bytes; the rest is cut off

  Followed(store::CampaignRecord of, RunPlan plan)
      : record(std::move(of)),
        command(std::move(plan.command)),
        simulator(std::move(plan.simulator)),
        model(std::move(plan.runs), std::move(plan.keys)) {}

  // What a run said as it failed; nothing for one that did not.
  void note_message(std::size_t position, const Verdict& verdict);

  std::mutex mutex;
  const store::CampaignRecord record;
  const std::vector<std::string> command;
  const std::string simulator;
  CampaignModel model;
  std::unordered_map<std::size_t, std::string> progress;  // of what runs, by position: JSON
  std::unordered_map<std::size_t, std::string> messages;  // of what failed, by position; of at most kMostMessages
  Monotonic seen_at{};
  std::uint64_t looks_with_progress = 0;
  bool is_whole = false;  // all that is known of it has been read
};

// Keeps one up to date: one thread looks at the queue, another one at the store, so that neither waits for the other's
// server.
class Follower {
 public:
  Follower(std::shared_ptr<Followed> followed, PositionOf position_of)
      : followed_(std::move(followed)), position_of_(std::move(position_of)) {}

  [[nodiscard]] const std::shared_ptr<Followed>& followed() const { return followed_; }
  // One step at the server; a few more where what waits has to be read anew. Whether there is more to be read.
  [[nodiscard]] Result<bool> look_at_queue(jobs::QueueWatch& queue, const jobs::Counts& counts, Monotonic now);
  // The same in two steps, for several campaigns at once: what is to be asked, and what came of it.
  [[nodiscard]] jobs::MovesAsked asks() const { return {{followed_->record.queue}, mark_}; }
  [[nodiscard]] Result<bool> take(const jobs::Moves& moves, jobs::QueueWatch& queue, const jobs::Counts& counts,
                                  Monotonic now);
  // The queue knows nothing of it.
  void have_no_queue();
  // At most one question; does nothing where all is known.
  [[nodiscard]] Status look_at_store(store::Store& store);

 private:
  struct Unsure {
    std::size_t position = 0;
    int attempt = 0;
    int asked = 0;  // times: the queue may be told before the store is
  };
  void take_started(const std::vector<jobs::JobView>& started, std::vector<bool>& runs_now);
  void take_ended(const std::vector<jobs::EndedJob>& ended);
  void leave_running(const std::vector<bool>& runs_now);
  [[nodiscard]] Status read_waiting(jobs::QueueWatch& queue, const jobs::Counts& counts);
  [[nodiscard]] Status ask_attempts(store::Store& store);
  [[nodiscard]] Status ask_results(store::Store& store);
  [[nodiscard]] Status ask_all_attempts(store::Store& store);
  void take(std::size_t position, const store::AttemptRecord& record, bool is_result);

  std::shared_ptr<Followed> followed_;
  PositionOf position_of_;
  jobs::Mark mark_{{"0", "0", "0"}};
  Monotonic read_waiting_at_{};
  std::vector<bool> missed_{};  // did not wait any more when that was read last: begun since, or gone
  // Behind the mutex of what is followed:
  std::vector<Unsure> unsure_;        // ended, and the store has more to tell
  std::vector<std::size_t> unknown_;  // not in the queue: the store may know them
  bool has_looked_for_unknown_ = false;
  bool has_no_queue_ = false, has_all_attempts_ = false;
};

}  // namespace simswarm::view
