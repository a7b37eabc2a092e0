#include "build/host_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/signals.h"

namespace simswarm::build {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRound{2000};
constexpr milliseconds kBetweenTrials{5000};  // of one that is used
constexpr milliseconds kLooking{50};
constexpr milliseconds kFirstRound{1500};
// One that works on our own large files may have no room for a trial for that long.
constexpr milliseconds kPatience{30'000};
constexpr std::size_t kUsualJobs = 4;  // distcc's own

void ring(const Fd& bell) {
  const std::uint64_t one = 1;
  (void)!::write(bell.get(), &one, sizeof(one));
}

bool rings(const Fd& bell, milliseconds time) {
  pollfd polled{bell.get(), POLLIN, 0};
  return ::poll(&polled, 1, static_cast<int>(time.count())) == 1;
}

}  // namespace

HostWatch::HostWatch(std::vector<HostName> names, std::string compiler,
                     std::function<void(const std::vector<UsableHost>&)> on_round)
    : names_(std::move(names)),
      compiler_(std::move(compiler)),
      on_round_(std::move(on_round)),
      jobs_by_name_(names_.size(), 0),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      first_round_(::eventfd(0, EFD_CLOEXEC)) {
  const SignalsBlocked blocked;  // they are the main thread's
  thread_ = std::jthread([this] { run(); });
}

HostWatch::~HostWatch() {
  ring(stop_);
}

void HostWatch::wait_for_first_round() {
  (void)rings(first_round_, kFirstRound);
}

std::vector<UsableHost> HostWatch::usable() const {
  const std::lock_guard lock(mutex_);
  return usable_;
}

std::size_t HostWatch::most_jobs() const {
  const std::lock_guard lock(mutex_);
  std::size_t jobs = 0;
  for (std::size_t i = 0; i < names_.size(); ++i)
    jobs += std::max(jobs_by_name_[i], names_[i].limit == 0 ? kUsualJobs : names_[i].limit);
  return jobs;
}

void HostWatch::run() {
  Monotonic next_round{};
  bool is_first = true;
  while (!rings(stop_, milliseconds(0))) {
    const Monotonic now = system_clock().monotonic();
    const bool is_round = now >= next_round;
    if (is_round) {
      resolve();
      next_round = now + kRound;
    }
    start_trials(now);
    wait_for_trials();
    for (auto& [address, host] : hosts_) judge(host, system_clock().monotonic());
    tell(is_round);
    const bool all_tried =
        std::all_of(hosts_.begin(), hosts_.end(), [](const auto& host) { return host.second.was_tried; });
    if (is_first && all_tried) {
      ring(first_round_);
      is_first = false;
    }
  }
}

// One that has gone from its name is not used any more; what could not be asked stays as it was.
void HostWatch::resolve() {
  std::set<std::string> there;
  for (const HostName& name : names_) {
    const Addresses addresses = addresses_of(name);
    for (const Address& address : addresses.found) {
      there.insert(address.text);
      add(name, address);
    }
    if (addresses.is_known) continue;
    for (const auto& [text, host] : hosts_) {
      if (host.name.name == name.name) there.insert(text);
    }
  }
  std::erase_if(hosts_, [&](const auto& host) { return !there.contains(host.first); });
}

void HostWatch::add(const HostName& name, const Address& address) {
  Host host;
  host.name = name;
  host.address = address;
  host.limit = name.limit;
  hosts_.try_emplace(address.text, std::move(host));
}

void HostWatch::start_trials(Monotonic now) {
  for (auto& [address, host] : hosts_) {
    if (!host.trial && now >= host.next_trial) host.trial.emplace(host.address, compiler_);
  }
}

void HostWatch::wait_for_trials() const {
  std::vector<pollfd> polled{{stop_.get(), POLLIN, 0}};
  for (const auto& [address, host] : hosts_) {
    if (host.trial && host.trial->state() < TrialState::kCompiled) polled.push_back(host.trial->waits_for());
  }
  ::poll(polled.data(), polled.size(), static_cast<int>(kLooking.count()));
}

void HostWatch::judge(Host& host, Monotonic now) {
  if (!host.trial) return;
  host.trial->go_on();
  const TrialState state = host.trial->state();
  const bool is_late = now - host.trial->since() > kPatience;
  host.was_tried = host.was_tried || state >= TrialState::kCompiled || now - host.trial->since() > kFirstRound;
  if (state < TrialState::kCompiled && !is_late) return;
  host.is_usable = state == TrialState::kCompiled;
  if (host.is_usable && host.limit == 0)
    host.limit = jobs_by_statistics(host.address, host.name.port).value_or(kUsualJobs);
  host.trial.reset();
  host.next_trial = now + (host.is_usable ? kBetweenTrials : kRound);
}

void HostWatch::tell(bool always) {
  std::vector<UsableHost> usable;
  std::vector<std::size_t> jobs(names_.size(), 0);
  for (const auto& [address, host] : hosts_) {
    if (!host.is_usable) continue;
    usable.push_back({address, host.limit});
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].name == host.name.name && names_[i].port == host.name.port) jobs[i] += host.limit;
    }
  }
  if (!always && usable == told_) return;
  on_round_(usable);
  told_ = usable;
  const std::lock_guard lock(mutex_);
  usable_ = std::move(usable);
  jobs_by_name_ = std::move(jobs);
}

}  // namespace simswarm::build
