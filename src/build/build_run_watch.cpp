#include "build/build_run_watch.h"

#include <sys/sysinfo.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "base/text.h"

namespace simswarm::build {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDiskSampling{200};
constexpr milliseconds kTreeSampling{200};
constexpr milliseconds kTreeSamplingUnlimited{1000};  // reading a large tree costs what compilers could use
constexpr milliseconds kGrace{3000};                  // for the one that has filled a disk which several builds share
constexpr std::uint64_t kSuddenly = 300;              // threads more on the machine

// By how much each build of this process has grown: which one has filled a disk that they share.
class Growths {
 public:
  void set(const void* build, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    of_[build] = bytes;
  }
  void erase(const void* build) {
    const std::lock_guard lock(mutex_);
    of_.erase(build);
  }
  bool is_largest(const void* build) {
    const std::lock_guard lock(mutex_);
    return std::none_of(of_.begin(), of_.end(), [&](const auto& other) { return other.second > of_[build]; });
  }

 private:
  std::mutex mutex_;
  std::map<const void*, std::uint64_t> of_;
};

Growths& growths() {
  static Growths all;
  return all;
}

// How many processes the kernel has killed for want of memory (proc(5), /proc/vmstat: oom_kill).
std::uint64_t kernel_memory_kills() {
  const Result<std::string> text = read_file("/proc/vmstat");
  if (!text) return 0;
  for (const std::string_view line : lines(*text)) {
    if (line.starts_with("oom_kill ")) return static_cast<std::uint64_t>(parse_int(line.substr(9)).value_or(0));
  }
  return 0;
}

std::uint64_t threads_on_machine() {
  struct sysinfo info {};
  return ::sysinfo(&info) == 0 ? info.procs : 0;
}

Verdict disk_short(std::uint64_t free, const BuildSpec& spec) {
  return {BuildOutcome::kDiskFull,
          fmt::format("ended with {} free on the disk of {}: {} have to stay free", human_bytes(free),
                      spec.tree.string(), human_bytes(spec.limits.least_free))};
}

Verdict too_many(std::size_t processes, const BuildSpec& spec) {
  return {BuildOutcome::kTooManyProcesses,
          fmt::format("ended with {} processes at once: the limit is {}", processes, spec.limits.processes)};
}

}  // namespace

BuildWatch::BuildWatch(const BuildSpec& spec)
    : spec_(spec),
      since_(system_clock().monotonic()),
      growth_({spec.tree, spec.temporary}, spec.limits.disk),
      kernel_kills_(kernel_memory_kills()),
      threads_(threads_on_machine()) {}

BuildWatch::~BuildWatch() {
  growths().erase(this);
}

std::optional<Verdict> BuildWatch::look(const exec::Rooted& tree, std::uint64_t output) {
  const Monotonic now = system_clock().monotonic();
  const BuildLimits& limits = spec_.limits;
  if (Seconds(now - since_).count() > limits.seconds) {
    return Verdict{BuildOutcome::kTimedOut,
                   fmt::format("ended after {}: the limit of time", human_duration(limits.seconds)), false};
  }
  if (output > limits.most_output) {
    return Verdict{BuildOutcome::kTooMuchOutput, fmt::format("ended after {} of output: the limit is {}",
                                                             human_bytes(output), human_bytes(limits.most_output))};
  }
  if (auto verdict = look_at_tree(tree, now)) return verdict;
  return look_at_disk(now);
}

std::optional<Verdict> BuildWatch::look_at_tree(const exec::Rooted& tree, Monotonic now) {
  const std::uint64_t threads = threads_on_machine();
  const bool suddenly = threads > threads_ + kSuddenly;
  if (now < next_tree_ && !suddenly) return std::nullopt;
  threads_ = threads;
  next_tree_ = now + (spec_.limits.memory == 0 ? kTreeSamplingUnlimited : kTreeSampling);
  const std::size_t processes = exec::below_root(tree).size();
  if (processes > spec_.limits.processes) return too_many(processes, spec_);
  const std::uint64_t memory = exec::tree_usage(tree.root).memory;
  peak_ = std::max(peak_, memory);
  if (spec_.limits.memory == 0 || memory <= spec_.limits.memory) return std::nullopt;
  return Verdict{BuildOutcome::kOutOfMemory, fmt::format("ended at {} of memory: the limit is {}", human_bytes(memory),
                                                         human_bytes(spec_.limits.memory))};
}

std::optional<Verdict> BuildWatch::look_at_disk(Monotonic now) {
  if (now < next_disk_) return std::nullopt;
  next_disk_ = now + kDiskSampling;
  const std::uint64_t grown = growth_.grown(now);
  if (grown > spec_.limits.disk) {
    return Verdict{BuildOutcome::kDiskFull, fmt::format("ended when its files had grown by {}: the limit is {}",
                                                        human_bytes(grown), human_bytes(spec_.limits.disk))};
  }
  if (const std::uint64_t free = growth_.free(); free >= spec_.limits.least_free) {
    disk_is_short_since_.reset();
    growths().erase(this);
  } else if (!disk_is_short_since_) {
    disk_is_short_since_ = now;
    growths().set(this, growth_.measure(now));
    next_disk_ = now + kDiskSampling;  // others that share the disk say theirs meanwhile
  } else if (growths().is_largest(this) || now - *disk_is_short_since_ > kGrace) {
    return disk_short(free, spec_);
  }
  return std::nullopt;
}

std::optional<Verdict> BuildWatch::reason_of_failure(const exec::Rooted& tree) const {
  if (const std::size_t left = exec::below_root(tree).size(); left > spec_.limits.processes)
    return too_many(left, spec_);
  if (kernel_memory_kills() > kernel_kills_)
    return Verdict{BuildOutcome::kOutOfMemory, "this machine ran out of memory, and a process was killed for that"};
  constexpr std::uint64_t kNothing = 64 * 1024;  // bytes: a block or two are no room
  const std::uint64_t free = growth_.free();
  if (free < std::max(kNothing, spec_.limits.least_free)) {
    return Verdict{BuildOutcome::kDiskFull,
                   fmt::format("the disk of {} is full: {} are free", spec_.tree.string(), human_bytes(free))};
  }
  return std::nullopt;
}

}  // namespace simswarm::build
