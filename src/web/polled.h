// What is looked at for all open pages together: by one thread, only while somebody asks, and not more often than it
// may.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/signals.h"
#include "base/time.h"

namespace simswarm::web {

// What is known by now.
template <typename T>
struct Seen {
  std::shared_ptr<const T> value;  // of the last look that saw something; null: none has yet
  Seconds age{0};                  // of it
  std::string trouble;             // why the last look saw nothing; empty: it did
  Seconds trouble_for{0};          // since the first of them in a row
  bool is_fresh = false;           // the last look, whatever came of it, is not older than the pace
};

// seen() from any thread. The look runs in a thread of its own, one at a time.
template <typename T>
class Polled {
 public:
  using Look = std::function<Result<T>()>;

  // After each look `news` is called, in the thread of looks.
  Polled(Look look, std::chrono::milliseconds pace, std::function<void()> news)
      : look_(std::move(look)), news_(std::move(news)), least_pace_(pace), pace_(pace) {
    const SignalsBlocked blocked;  // they are for the thread that waits for them
    thread_ = std::thread([this] { watch(); });
  }
  Polled(const Polled&) = delete;
  Polled& operator=(const Polled&) = delete;
  ~Polled() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // What is not fresh is looked at again, at once.
  [[nodiscard]] Seen<T> seen() {
    const std::lock_guard lock(mutex_);
    const Monotonic now = Clock::now();
    const bool is_fresh = has_looked_ && now - looked_at_ < pace_;
    if (!is_fresh) {
      is_wanted_ = true;
      changed_.notify_all();
    }
    return {value_, now - value_at_, trouble_, now - trouble_since_, is_fresh};
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr int kShare = 10;  // a look that takes long comes at most for a tenth of the time
  static constexpr std::chrono::seconds kMostPace{10};

  void watch() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_wanted_ || is_ending_; });
      if (is_ending_) return;
      lock.unlock();
      const Monotonic begun = Clock::now();
      Result<T> found = look_();
      lock.lock();
      is_wanted_ = false;
      keep(std::move(found), begun);
      lock.unlock();
      if (news_) news_();
      lock.lock();
    }
  }

  void keep(Result<T> found, Monotonic begun) {
    const Monotonic now = Clock::now();
    has_looked_ = true;
    looked_at_ = now;
    pace_ = least_pace_;
    if (found) {
      value_ = std::make_shared<const T>(std::move(*found));
      value_at_ = now;
      trouble_.clear();
      pace_ = std::clamp<Clock::duration>((now - begun) * kShare, least_pace_, kMostPace);
      return;
    }
    if (trouble_.empty()) trouble_since_ = now;
    trouble_ = found.error().message;
  }

  Look look_;
  std::function<void()> news_;
  Clock::duration least_pace_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Clock::duration pace_;  // below here: behind the mutex
  std::shared_ptr<const T> value_;
  Monotonic value_at_{}, looked_at_{}, trouble_since_{};
  std::string trouble_;
  bool has_looked_ = false, is_wanted_ = false, is_ending_ = false;
  std::thread thread_;
};

}  // namespace simswarm::web
