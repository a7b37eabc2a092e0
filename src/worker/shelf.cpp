#include "worker/shelf.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/signals.h"
#include "base/text.h"
#include "worker/queue_words.h"

namespace simswarm::worker {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostStudies = 16;     // that are open
constexpr std::chrono::seconds kNotNow{5};   // what may be there later is not asked for again before
constexpr std::chrono::seconds kNever{30};   // nor what failed for good, by each of its jobs
constexpr milliseconds kPatience{500};       // of jobs
constexpr std::ptrdiff_t kMostOfAQueue = 2;  // that are opened at once
constexpr std::size_t kMostThreads = 32;     // of all
constexpr int kBusyTries = 20;
constexpr milliseconds kBusyPause{50};

// A process that was started just when a program had been written holds that file for a moment, and nobody can start
// it: clone(2) hands open files on, and they are closed when the other program begins.
bool was_busy(const Error& error) {
  return error.message.find(std::strerror(ETXTBSY)) != std::string::npos;
}

// What a thread of ours has started and waits for.
void end_children_of(int thread) {
  const std::string list = read_file(fmt::format("/proc/self/task/{}/children", thread)).value_or("");
  for (const std::string_view word : split(list, ' ')) {
    if (const auto pid = parse_int(trim(word)); pid && *pid > 1) exec::signal_tree(static_cast<pid_t>(*pid), SIGKILL);
  }
}

}  // namespace

Shelf::Shelf(const GroundOptions& options) : options_(options), event_(make_event()) {}

Shelf::~Shelf() {
  close();
}

std::string Shelf::key_of(const Assigned& assigned) {
  return fmt::format("{} {}", assigned.timeout.count(),
                     assigned.campaign.empty() ? *assigned.study : assigned.campaign);
}

Result<OpenStudy*> Shelf::find(const Assigned& assigned) {
  const std::string key = key_of(assigned);
  const Monotonic now = system_clock().monotonic();
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    OpenStudy* study = studies_.at(known->second).get();
    study->used = now;
    return study;
  }
  std::erase_if(failures_, [&](const auto& one) { return one.second.until <= now; });
  if (const auto failed = failures_.find(key); failed != failures_.end()) return propagate(failed->second.error);
  return nullptr;
}

void Shelf::wait_for(Assigned assigned) {
  const std::string key = key_of(assigned);
  const auto known =
      std::find_if(openings_.begin(), openings_.end(), [&](const Opening& one) { return one.key == key; });
  if (known != openings_.end()) return known->jobs.push_back(std::move(assigned));
  Opening& opening = openings_.emplace_back();
  opening.id = ++last_id_;
  opening.key = key;
  opening.request = {opening.id, assigned.campaign, *assigned.study, assigned.timeout};
  opening.queue = assigned.queue;
  opening.since = system_clock().monotonic();
  opening.jobs.push_back(std::move(assigned));
  begin_some();
}

bool Shelf::is_crowded(const jobs::QueueName& queue) const {
  const auto is_of_it = [&](const Opening& one) { return one.queue == queue; };
  return std::count_if(openings_.begin(), openings_.end(), is_of_it) >= 2 * kMostOfAQueue;
}

// Beyond so many they wait for each other: those of one queue sooner, so that others come to their turn where all of
// them hang.
void Shelf::begin_some() {
  std::map<jobs::QueueName, std::ptrdiff_t> begun;
  std::size_t all = 0;
  for (Opening& one : openings_) {
    if (++begun[one.queue] > kMostOfAQueue && !one.thread.joinable()) continue;
    if (++all > kMostThreads) return;
    if (!one.thread.joinable()) one.thread = std::thread([this, &one] { work(one); });
  }
}

void Shelf::work(Opening& opening) {
  const SignalsBlocked blocked;  // they are for the loop
  opening.thread_id = ::gettid();
  Opened opened = open_study(opening.request, options_);
  for (int i = 0; i < kBusyTries && !opened && was_busy(opened.error()); ++i) {
    std::this_thread::sleep_for(kBusyPause);
    opened = open_study(opening.request, options_);
  }
  const std::lock_guard guard(mutex_);
  opening.opened = std::move(opened);
  ring(event_);
}

bool Shelf::has_ended(Opening& opening) {
  const std::lock_guard guard(mutex_);
  return opening.opened.has_value();
}

Result<OpenStudy*> Shelf::put_up(Opening& opening) {
  Opened& opened = *opening.opened;
  if (!opened) {
    const Error& error = opened.error();
    const Monotonic now = system_clock().monotonic();
    if (error.can_retry) failures_[opening.key] = {error, now + kNotNow};
    if (error.code == ExitCode::kUsage) failures_[opening.key] = {error, now + kNever};
    return propagate(error);
  }
  begin_study(**opened, options_);
  OpenStudy* study = studies_.emplace(opening.id, std::move(*opened)).first->second.get();
  by_key_.emplace(opening.key, opening.id);
  study->used = system_clock().monotonic();
  return study;
}

bool Shelf::is_overdue(const Opening& opening) {
  return system_clock().monotonic() - opening.since >= kPatience;
}

std::vector<Shelf::Arrival> Shelf::arrivals() {
  std::vector<Arrival> arrivals;
  if (openings_.empty()) return arrivals;
  hush(event_);
  std::set<jobs::QueueName> others_first;
  for (auto one = openings_.begin(); one != openings_.end();) {
    const bool has_come = one->thread.joinable() && has_ended(*one);
    if (!has_come || others_first.contains(one->queue)) {
      if (!has_come && !is_overdue(*one)) others_first.insert(one->queue);
      ++one;
      continue;
    }
    one->thread.join();
    arrivals.push_back({put_up(*one), std::move(one->queue), std::move(one->jobs)});
    one = openings_.erase(one);
  }
  begin_some();
  return arrivals;
}

std::vector<Assigned> Shelf::impatient() {
  std::vector<Assigned> back;
  for (Opening& one : openings_) {
    if (one.jobs.size() < 2 || !is_overdue(one)) continue;
    std::move(one.jobs.begin() + 1, one.jobs.end(), std::back_inserter(back));
    one.jobs.resize(1);
  }
  return back;
}

std::vector<Assigned> Shelf::withdraw(const std::function<bool(const Assigned&)>& unwanted) {
  std::vector<Assigned> out;
  for (Opening& one : openings_) {
    const auto rest = std::stable_partition(one.jobs.begin(), one.jobs.end(), std::not_fn(unwanted));
    std::move(rest, one.jobs.end(), std::back_inserter(out));
    one.jobs.erase(rest, one.jobs.end());
  }
  return out;
}

std::size_t Shelf::overdue() const {
  std::size_t jobs = 0;
  for (const Opening& one : openings_) jobs += is_overdue(one) ? one.jobs.size() : 0;
  return jobs;
}

void Shelf::close_unused(const std::function<bool(const OpenStudy&)>& may_close) {
  if (studies_.size() <= kMostStudies) return;
  OpenStudy* oldest = nullptr;
  for (const auto& [id, study] : studies_) {
    const bool is_older = oldest == nullptr || study->used < oldest->used;
    if (study->jobs == 0 && is_older && may_close(*study)) oldest = study.get();
  }
  if (oldest == nullptr) return;
  const std::size_t id = oldest->id;
  close_study(*oldest, options_);
  studies_.erase(id);
  std::erase_if(by_key_, [&](const auto& entry) { return entry.second == id; });
}

void Shelf::close() {
  for (Opening& one : openings_) {
    while (one.thread.joinable() && !has_ended(one)) {
      if (one.thread_id != 0) end_children_of(one.thread_id);
      std::this_thread::sleep_for(kBusyPause);
    }
    if (!one.thread.joinable()) continue;
    one.thread.join();
    if (*one.opened) close_study(***one.opened, options_);
  }
  openings_.clear();
  for (auto& [id, study] : studies_) close_study(*study, options_);
  studies_.clear();
}

}  // namespace simswarm::worker
