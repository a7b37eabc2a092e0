// Looks at a swarm for all open pages together, and remembers what it saw change: as often as it may while a page is
// open or somebody asks, and now and then else, so that the history goes on.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "web/polled.h"
#include "web/swarm_events.h"
#include "web/swarm_look.h"
#include "web/swarm_troubles.h"

namespace simswarm::web {

struct SwarmWatchOptions {
  std::function<Result<SwarmLook>()> look;
  std::function<bool()> is_watched;  // whether a page is open; from a thread of ours
  // After each look, and every half second while a page is open or a look takes long; from threads of ours.
  std::function<void()> news;
  std::chrono::milliseconds pace{2'000};
  std::chrono::milliseconds idle_pace{15'000};
};

// What a look has shown, made ready once for all who ask.
struct SwarmPicture {
  std::shared_ptr<const SwarmLook> look;
  Stamp seen_at;
  std::string text;           // of swarm_json()
  std::uint64_t version = 1;  // grows when what is shown changes
};

// What is known by now.
struct SwarmView {
  Seen<SwarmLook> seen;
  std::shared_ptr<const SwarmPicture> picture;  // null: nothing has been seen yet
  std::vector<view::Trouble> troubles;
  Seconds looking_for{0};  // how long a look has been under way

  // A newer one is not worth waiting for, or is not to be had.
  [[nodiscard]] bool is_good_enough() const;
  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] std::uint64_t version() const { return picture ? picture->version : 0; }
};

// From any thread.
class SwarmWatch {
 public:
  static constexpr std::chrono::seconds kStillGood{3};
  static constexpr std::chrono::seconds kOverdueAfter{2};  // then who asks is told what is known
  static constexpr std::chrono::seconds kReadyFor{5};      // after the engine's last answer

  explicit SwarmWatch(SwarmWatchOptions options);
  SwarmWatch(const SwarmWatch&) = delete;
  SwarmWatch& operator=(const SwarmWatch&) = delete;
  ~SwarmWatch();

  // Somebody asks: what is not fresh is looked at again.
  [[nodiscard]] SwarmView view();
  [[nodiscard]] std::deque<SwarmEvent> newest_events() const;

 private:
  [[nodiscard]] Result<SwarmLook> look();
  void take();
  void attend();
  [[nodiscard]] Seconds looking_for() const;

  SwarmWatchOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable ends_;
  std::shared_ptr<const SwarmPicture> picture_;  // below here: behind the mutex
  SwarmHistory history_;
  SwarmTroubles troubles_;
  std::optional<Monotonic> look_begun_;
  Monotonic looked_at_{};
  bool is_ending_ = false;
  Polled<SwarmLook> polled_;
  std::thread thread_;
};

}  // namespace simswarm::web
