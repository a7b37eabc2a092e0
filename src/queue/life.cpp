#include "queue/life.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::jobs {
namespace {

void queue_again(Life& life) {
  life.state = State::kQueued;
  life.stop_requested = false;
}

// RQ's rule: counted from the end, so that with few waits the first serves several times.
std::chrono::seconds wait_before_retry(const Life& life) {
  if (life.back_off.empty()) return std::chrono::seconds{0};
  const auto waits = static_cast<int>(life.back_off.size());
  return life.back_off[static_cast<std::size_t>(std::max(waits - life.retries_left, 0))];
}

class Step {
 public:
  Step(Life& life, Stamp now) : life_(life), now_(now) {}

  Answer operator()(const Claimed& event) const {
    if (life_.state != State::kQueued) return Answer::kRefused;
    life_.state = State::kStarted;
    ++life_.attempt;
    life_.worker = event.worker;
    life_.node = event.node;
    life_.lease_until = now_ + event.lease;
    return Answer::kDone;
  }

  Answer operator()(const Beaten& event) const {
    if (!holds(event.attempt)) return Answer::kRefused;
    life_.lease_until = now_ + event.lease;
    return Answer::kDone;
  }

  Answer operator()(const Completed& event) const {
    if (!holds(event.attempt)) return late(event.attempt);
    life_.settled = event.attempt;
    life_.state = State::kFinished;
    return Answer::kDone;
  }

  Answer operator()(const Failed& event) const {
    if (!holds(event.attempt)) return late(event.attempt);
    life_.settled = event.attempt;
    if (event.after == AfterFailure::kMayRetry && life_.retries_left > 0) {
      retry();
    } else {
      life_.state = event.after == AfterFailure::kWasStopped ? State::kStopped : State::kFailed;
    }
    return Answer::kDone;
  }

  Answer operator()(const HandedBack& event) const {
    if (!holds(event.attempt)) return late(event.attempt);
    life_.settled = event.attempt;
    queue_again(life_);
    return Answer::kDone;
  }

  Answer operator()(const LeaseLooked& /*event*/) const {
    if (life_.state != State::kStarted || now_ < life_.lease_until) return Answer::kRefused;
    life_.lost_on.push_back(life_.node);
    if (life_.stop_requested) {
      life_.state = State::kStopped;
    } else if (static_cast<int>(life_.lost_on.size()) >= life_.max_lost) {
      life_.state = State::kFailed;
      life_.lost = true;
    } else {
      queue_again(life_);
    }
    return Answer::kDone;
  }

  Answer operator()(const Cancelled& /*event*/) const {
    switch (life_.state) {
      case State::kDeferred:
      case State::kScheduled:
      case State::kQueued:
      case State::kStarted:
        life_.state = State::kCancelled;
        return Answer::kDone;
      case State::kCancelled:
        return Answer::kAlready;
      default:
        return Answer::kRefused;
    }
  }

  Answer operator()(const StopRequested& /*event*/) const {
    if (life_.state == State::kStopped) return Answer::kAlready;
    if (life_.state != State::kStarted) return Answer::kRefused;
    if (life_.stop_requested) return Answer::kAlready;
    life_.stop_requested = true;
    return Answer::kDone;
  }

  Answer operator()(const Requeued& event) const {
    if (life_.state == State::kQueued) return Answer::kAlready;
    if (life_.state != State::kFailed && life_.state != State::kStopped && life_.state != State::kCancelled) {
      return Answer::kRefused;
    }
    queue_again(life_);
    if (!event.met) life_.state = State::kDeferred;
    life_.lost_on.clear();
    life_.lost = false;
    return Answer::kDone;
  }

  Answer operator()(const DueLooked& /*event*/) const {
    if (life_.state != State::kScheduled || now_ < life_.due) return Answer::kRefused;
    queue_again(life_);
    return Answer::kDone;
  }

  Answer operator()(const DependenciesLooked& event) const {
    if (life_.state != State::kDeferred || !event.met) return Answer::kRefused;
    queue_again(life_);
    return Answer::kDone;
  }

 private:
  [[nodiscard]] bool holds(int attempt) const { return life_.state == State::kStarted && life_.attempt == attempt; }

  [[nodiscard]] Answer late(int attempt) const {
    return attempt > 0 && life_.settled == attempt ? Answer::kAlready : Answer::kRefused;
  }

  void retry() const {
    const std::chrono::seconds wait = wait_before_retry(life_);
    --life_.retries_left;
    queue_again(life_);
    if (wait.count() == 0) return;
    life_.state = State::kScheduled;
    life_.due = whole_seconds_from(now_ + wait);
  }

  Life& life_;
  Stamp now_;
};

}  // namespace

Life begin_life(const NewJob& job, bool met, Stamp now) {
  Life life;
  life.retries_left = job.retries;
  life.back_off = job.back_off;
  life.max_lost = job.max_lost;
  if (!met) {
    life.state = State::kDeferred;
  } else if (job.delay.count() > 0) {
    life.state = State::kScheduled;
    life.due = whole_seconds_from(now + job.delay);
  }
  return life;
}

Answer apply(Life& life, const Event& event, Stamp now) {
  return std::visit(Step(life, now), event);
}

std::string lost_message(const std::vector<std::string>& nodes) {
  return "lost with its node: " + join(nodes, ", ");
}

Stamp whole_seconds_from(Stamp time) {
  return std::chrono::ceil<std::chrono::seconds>(time);
}

}  // namespace simswarm::jobs
