#include "worker/shares.h"

#include <algorithm>
#include <random>
#include <tuple>

namespace simswarm::worker {
namespace {

using std::chrono::milliseconds;

constexpr double kUnknown = 1;     // seconds: what a job is taken to last before one of its queue has ended
constexpr double kLeast = 0.0005;  // seconds: what a job takes at least
constexpr double kLast = 0.2;      // the weight of the last in means
constexpr double kAtOnce = 2;      // seconds: who fails later has had his time, and that is counted
constexpr int kPatience = 5;       // failures at once, after which a queue waits a little
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{15'000};
constexpr std::size_t kMostAccounts = 10'000;

double random_tie() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return std::uniform_real_distribution<double>()(random);
}

}  // namespace

Shares::Account& Shares::of(const jobs::QueueName& queue) {
  const auto known = accounts_.find(queue);
  if (known != accounts_.end()) return known->second;
  if (accounts_.size() >= kMostAccounts)
    std::erase_if(accounts_, [](const auto& one) { return !one.second.active && one.second.weight == 1; });
  Account& account = accounts_[queue];
  account.tie = random_tie();  // workers that begin at the same time shall not all begin with the same queue
  return account;
}

double Shares::mean_of(const Account& account) const {
  return account.mean > 0 ? account.mean : kUnknown;
}

double Shares::elapsed_of(const Account& account) const {
  double seconds = 0;
  for (const auto& [id, batch] : account.batches) seconds += Seconds(clock_.monotonic() - batch.since).count();
  return seconds;
}

double Shares::had(const Account& account, bool with_waiting) const {
  double seconds = 0;
  for (const auto& [id, batch] : account.batches) {
    seconds +=
        std::max(Seconds(clock_.monotonic() - batch.since).count(), static_cast<double>(batch.jobs) * mean_of(account));
  }
  if (with_waiting) seconds += static_cast<double>(account.waiting) * mean_of(account);
  const double used = account.active ? account.used : std::max(account.used, floor_);
  return used + seconds / account.weight;
}

// Who comes, or comes back, has the least of all that are there: no less, or he would get everything for a while.
void Shares::begin_if_idle(Account& account) {
  if (account.active) return;
  double least = -1;
  for (const auto& [name, other] : accounts_) {
    if (!other.active || backs_off(other)) continue;
    const double now = other.used + elapsed_of(other) / other.weight;
    least = least < 0 ? now : std::min(least, now);
  }
  floor_ = std::max(floor_, least);
  account.used = std::max(account.used, floor_);
  account.active = true;
}

bool Shares::backs_off(const Account& account) const {
  return clock_.monotonic() < account.backs_off_until;
}

void Shares::weigh(const jobs::QueueName& queue, double weight) {
  const std::lock_guard guard(mutex_);
  if (weight == 1 && !accounts_.contains(queue)) return;
  of(queue).weight = weight;
}

void Shares::aim(const jobs::QueueName& queue, std::size_t most) {
  const std::lock_guard guard(mutex_);
  of(queue).aim = most;
}

void Shares::came(const jobs::QueueName& queue) {
  const std::lock_guard guard(mutex_);
  Account& account = of(queue);
  begin_if_idle(account);
  ++account.waiting;
}

void Shares::left(const jobs::QueueName& queue) {
  const std::lock_guard guard(mutex_);
  Account& account = of(queue);
  account.waiting -= std::min<std::size_t>(account.waiting, 1);
}

void Shares::began(const jobs::QueueName& queue, std::uint64_t batch, std::size_t jobs) {
  const std::lock_guard guard(mutex_);
  Account& account = of(queue);
  begin_if_idle(account);
  account.waiting -= std::min(account.waiting, jobs);
  account.running += jobs;
  account.batches[batch] = {clock_.monotonic(), jobs};
}

void Shares::ended(const jobs::QueueName& queue, std::uint64_t batch, const Ended& ended) {
  const std::lock_guard guard(mutex_);
  Account& account = of(queue);
  const auto node = account.batches.extract(batch);
  if (node.empty()) return;
  const std::size_t jobs = node.mapped().jobs;
  account.running -= std::min(account.running, jobs);
  account.waiting += ended.again;
  const auto count = static_cast<double>(std::max<std::size_t>(jobs, 1));
  const double seconds = std::max(ended.seconds, kLeast * count);
  account.used += seconds / account.weight;
  account.mean = account.mean == 0 ? seconds / count : (1 - kLast) * account.mean + kLast * seconds / count;
  if (!ended.failed) {
    account.failures = 0;
  } else if (ended.seconds < kAtOnce) {
    note_failure(account);
  }
}

void Shares::charge(const jobs::QueueName& queue, double seconds) {
  const std::lock_guard guard(mutex_);
  Account& account = of(queue);
  account.used += seconds / account.weight;
}

void Shares::failed(const jobs::QueueName& queue) {
  const std::lock_guard guard(mutex_);
  note_failure(of(queue));
}

void Shares::note_failure(Account& account) {
  const int beyond = ++account.failures - kPatience;
  if (beyond < 0) return;
  const auto pause = std::min(kFirstPause * (1 << std::min(beyond, 10)), kLongestPause);
  account.backs_off_until = clock_.monotonic() + pause;
}

void Shares::rest(const jobs::QueueName& queue) {
  const std::lock_guard guard(mutex_);
  Account& account = of(queue);
  if (account.waiting + account.running == 0) account.active = false;
}

Shares::Totals Shares::totals() const {
  Totals all;
  for (const auto& [name, one] : accounts_) {
    all.held += one.waiting + one.running;
    all.waiting += one.waiting > 0 ? 1 : 0;
    if (is_short(one)) all.short_waiting += one.waiting > 0 ? 1 : 0;
    if (!is_short(one)) all.long_waiting += one.waiting;
  }
  return all;
}

// Of long runs nobody holds more than he has slots. Where the slots are full of short ones, which come ahead of their
// turn, one of them comes, too, so that it is there when its turn is.
std::size_t Shares::limit_of(const Account& account, const Totals& all) const {
  const bool waits = account.waiting > 0;
  if (backs_off(account) && all.waiting > (waits ? 1U : 0U)) return 0;
  if (is_short(account)) return account.aim - std::min(account.aim, account.waiting + account.running);
  if (all.held < slots_) return slots_ - all.held;
  return all.short_waiting > 0 && all.long_waiting == 0 ? 1 : 0;
}

std::vector<Shares::Want> Shares::wants(std::vector<jobs::QueueName> queues) {
  const std::lock_guard guard(mutex_);
  using Ranked = std::tuple<bool, double, double, std::size_t, std::size_t>;
  std::vector<Ranked> ranked;
  const Totals all = totals();
  for (std::size_t i = 0; i < queues.size(); ++i) {
    Account& account = of(queues[i]);
    const std::size_t limit = limit_of(account, all);
    if (limit > 0) ranked.emplace_back(backs_off(account), had(account, true), account.tie, i, limit);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<Want> wants;
  for (const auto& [waits, had, tie, i, limit] : ranked) wants.push_back({std::move(queues[i]), limit});
  return wants;
}

double Shares::place_of(const jobs::QueueName& queue, std::size_t passed, std::size_t together) {
  const std::lock_guard guard(mutex_);
  const Account& account = of(queue);
  const std::size_t before = passed / std::max<std::size_t>(together, 1) * together;
  constexpr double kLater = 1e9;
  return had(account, false) + static_cast<double>(before) * mean_of(account) / account.weight +
         (backs_off(account) ? kLater : 0);
}

}  // namespace simswarm::worker
