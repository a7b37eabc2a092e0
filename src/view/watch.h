// Looks for all open pages together: at the queue once a second while somebody asks, at the store beside; every ten
// seconds else, so that histories go on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "view/build_jobs.h"
#include "view/followed.h"
#include "view/picture.h"
#include "view/worker_history.h"

namespace simswarm::view {

struct WatchOptions {
  std::function<Result<std::unique_ptr<jobs::QueueWatch>>()> open_queue;
  std::function<Result<std::unique_ptr<store::Store>>()> open_store;  // null: there is none
  std::function<Result<RunPlan>(const store::CampaignRecord&, store::Store&)> load_plan;
  PositionOf position_of;
  // Of a build's job; nothing: it is no build of a campaign. Null: campaigns are seen when their runs are known.
  std::function<std::optional<CampaignRow>(const jobs::JobDetails&)> row_of_build{};
  std::function<Result<BuildAsked>(const jobs::JobDetails&, store::Store&)> load_request{};  // null: not asked
  std::function<void()> news;  // after each look; from threads of its own
};

// What is asked for and cannot be had yet, or not at all.
struct Following {
  std::shared_ptr<Followed> campaign;  // null: it is on its way
  bool is_unknown = false;             // there is none of this id
  std::string trouble;                 // why it is not there
};

// From any thread.
class Watch {
 public:
  static constexpr std::size_t kMostFollowed = 50;             // beyond these the one asked for longest ago goes
  static constexpr std::size_t kMostFollowedRuns = 1'000'000;  // of all of them together
  static constexpr std::chrono::seconds kFollowFor{300};       // after it was last asked for
  static constexpr std::chrono::milliseconds kPace{1'000};
  static constexpr std::chrono::milliseconds kIdlePace{10'000};
  static constexpr std::chrono::seconds kWatched{30};  // after the last question it is idle
  static constexpr std::chrono::seconds kOldAfter{5};

  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  virtual ~Watch() = default;

  // The last; what is old says so in its troubles. Somebody asks: the watch goes on.
  [[nodiscard]] virtual std::shared_ptr<const Picture> picture() = 0;
  // The same for who only passes it on; `is_wanted`: to somebody.
  [[nodiscard]] virtual std::shared_ptr<const Picture> last(bool is_wanted) = 0;
  [[nodiscard]] virtual Following follow(const std::string& campaign) = 0;
  [[nodiscard]] virtual std::vector<WorkerSample> history(const std::string& worker) = 0;
  // Something was changed here: to be seen at once.
  virtual void look_now() = 0;
};

[[nodiscard]] std::unique_ptr<Watch> make_watch(WatchOptions options);

}  // namespace simswarm::view
