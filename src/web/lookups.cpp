#include "web/lookups.h"

#include <algorithm>

#include "base/signals.h"
#include "web/site.h"

namespace simswarm::web {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kKeepChanges{1};
constexpr std::chrono::milliseconds kFailureFresh{2'000};
constexpr std::chrono::seconds kStillGood{10};  // how old an answer may be when too much is asked

}  // namespace

Lookups::Lookups(std::function<void()> news, double rate) : news_(std::move(news)), rate_(rate), filled_(Clock::now()) {
  const SignalsBlocked blocked;  // they are for the thread that waits for them
  thread_ = std::thread([this] { work(); });
}

Lookups::~Lookups() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::optional<Response> Lookups::find(const std::string& name, std::chrono::milliseconds fresh, const Make& make) {
  return want(name, fresh, make, false);
}

std::optional<Response> Lookups::once(const std::string& name, const Make& make) {
  return want("once " + name, std::chrono::hours(1), make, true);
}

void Lookups::forget() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, answer] : answers_) {
    if (!name.starts_with("once ")) answer.made = Monotonic{};
  }
  ++generation_;
}

std::optional<Response> Lookups::want(const std::string& name, std::chrono::milliseconds fresh, const Make& make,
                                      bool is_free) {
  std::unique_lock lock(mutex_);
  const auto [found, is_new] = answers_.try_emplace(name);
  Answer& answer = found->second;
  if (is_new) answer.place = used_.insert(used_.end(), name);
  used_.splice(used_.end(), used_, answer.place);
  const auto age = Clock::now() - answer.made;
  // What could not be answered may be there soon.
  const bool is_good = answer.response && answer.response->status < 400;
  const auto good_for = is_good || name.starts_with("once ") ? fresh : std::min(fresh, kFailureFresh);
  if (answer.response && age <= good_for) return answer.response;
  if (answer.is_wanted) return std::nullopt;
  // Who has an old answer gets that rather than none; who has none goes into debt for it.
  const double least = !answer.response ? 1 - kBurst : age > kStillGood ? -kBurst / 2 : 1;
  fill();
  if (!is_free && tokens_ < least) return answer.response ? *answer.response : refuse(found);
  if (waiting_.size() >= kMostWaiting) return refuse(found);
  if (!is_free) tokens_ -= 1;
  answer.is_wanted = true;
  waiting_.emplace_back(name, make);
  lock.unlock();  // the other thread would wake only to wait for it
  changed_.notify_all();
  return std::nullopt;
}

Response Lookups::refuse(std::map<std::string, Answer>::iterator of) {
  if (!of->second.response) {
    used_.erase(of->second.place);
    answers_.erase(of);
  }
  Response busy = trouble_response(503, "/api/v1/", "too much is asked at once; try again");
  busy.headers.emplace_back("Retry-After", "2");
  return busy;
}

// A bucket of tokens; it goes into debt, so that who has no answer yet gets one. Who is refused costs nothing.
void Lookups::fill() {
  const Monotonic now = Clock::now();
  tokens_ = std::min(kBurst, tokens_ + rate_ * Seconds(now - filled_).count());
  filled_ = now;
}

void Lookups::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (is_ending_) return;
    const auto [name, make] = std::move(waiting_.front());
    waiting_.pop_front();
    const std::uint64_t generation = generation_;
    lock.unlock();
    Response response = make();
    lock.lock();
    keep(name, std::move(response));
    if (generation != generation_ && !name.starts_with("once ")) answers_[name].made -= std::chrono::seconds(1);
    lock.unlock();
    if (news_) news_();
    lock.lock();
  }
}

void Lookups::keep(const std::string& name, Response response) {
  const auto found = answers_.find(name);
  if (found == answers_.end()) return;
  Answer& answer = found->second;
  if (answer.response) bytes_ -= answer.response->body.size();
  bytes_ += response.body.size();
  answer.response = std::move(response);
  answer.made = Clock::now();
  answer.is_wanted = false;
  for (auto one = used_.begin(); one != used_.end() && (answers_.size() > kMostAnswers || bytes_ > kMostBytes);) {
    const auto old = answers_.find(*one);
    // What was changed is told at least once.
    const bool is_change = old->first.starts_with("once ") && answer.made - old->second.made < kKeepChanges;
    const bool may_go = old->first != name && !old->second.is_wanted && !is_change;
    if (!may_go) {
      ++one;
      continue;
    }
    if (old->second.response) bytes_ -= old->second.response->body.size();
    answers_.erase(old);
    one = used_.erase(one);
  }
}

}  // namespace simswarm::web
