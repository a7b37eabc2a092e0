#include "web/swarm_watch.h"

#include "base/signals.h"
#include "web/swarm_json.h"

namespace simswarm::web {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{500};

}  // namespace

bool SwarmView::is_good_enough() const {
  if (looking_for > SwarmWatch::kOverdueAfter) return true;
  // The picture of the newest look is made a moment after it.
  if (seen.value && (!picture || picture->look != seen.value)) return false;
  return seen.is_fresh || (seen.value && seen.trouble.empty() && seen.age <= SwarmWatch::kStillGood);
}

bool SwarmView::is_ready() const {
  const bool has_answered = seen.is_fresh || seen.age <= SwarmWatch::kReadyFor;
  return seen.value && seen.trouble.empty() && has_answered && looking_for <= SwarmWatch::kReadyFor;
}

SwarmWatch::SwarmWatch(SwarmWatchOptions options)
    : options_(std::move(options)), polled_([this] { return look(); }, options_.pace, [this] { take(); }) {
  const SignalsBlocked blocked;  // they are for the thread that waits for them
  thread_ = std::thread([this] { attend(); });
}

SwarmWatch::~SwarmWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ends_.notify_all();
  thread_.join();
}

SwarmView SwarmWatch::view() {
  SwarmView view{.seen = polled_.seen(), .picture = nullptr, .troubles = {}};
  const std::lock_guard lock(mutex_);
  view.picture = picture_;
  view.looking_for = looking_for();
  view.troubles = troubles_.found(view.seen, view.looking_for, system_clock().stamp());
  return view;
}

std::deque<SwarmEvent> SwarmWatch::newest_events() const {
  const std::lock_guard lock(mutex_);
  return history_.newest_first();
}

Seconds SwarmWatch::looking_for() const {
  return look_begun_ ? Seconds(SteadyClock::now() - *look_begun_) : Seconds(0);
}

Result<SwarmLook> SwarmWatch::look() {
  {
    const std::lock_guard lock(mutex_);
    look_begun_ = SteadyClock::now();
  }
  Result<SwarmLook> seen = options_.look();
  const std::lock_guard lock(mutex_);
  look_begun_.reset();
  looked_at_ = SteadyClock::now();
  return seen;
}

// In the thread of looks, which alone changes the picture.
void SwarmWatch::take() {
  const std::shared_ptr<const SwarmLook> look = polled_.seen().value;
  const std::shared_ptr<const SwarmPicture> last = view().picture;
  if (look && (!last || last->look != look)) {
    auto picture = std::make_shared<SwarmPicture>();
    picture->look = look;
    picture->seen_at = system_clock().stamp();
    picture->text = swarm_json(*look, picture->seen_at);
    std::vector<SwarmEvent> changes;
    if (last) {
      picture->version = last->version + (*last->look == *look ? 0 : 1);
      changes = changes_between(last->look->swarm, look->swarm, last->seen_at, picture->seen_at);
    }
    const std::lock_guard lock(mutex_);
    picture_ = std::move(picture);
    history_.add(std::move(changes));
  }
  if (options_.news) options_.news();
}

// Sees to it that there are looks, and that who waits hears of one that does not come.
void SwarmWatch::attend() {
  std::unique_lock lock(mutex_);
  do {
    const bool is_idle_over = !look_begun_ && SteadyClock::now() - looked_at_ >= options_.idle_pace;
    const bool is_overdue = looking_for() > kOverdueAfter;
    lock.unlock();
    const bool is_watched = options_.is_watched && options_.is_watched();
    if (is_watched || is_idle_over) (void)polled_.seen();
    if ((is_watched || is_overdue) && options_.news) options_.news();
    lock.lock();
  } while (!ends_.wait_for(lock, kTick, [this] { return is_ending_; }));
}

}  // namespace simswarm::web
