#include "worker/room.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "base/text.h"

namespace simswarm::worker {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr milliseconds kPause{500};
constexpr milliseconds kMemoryPause{100};
constexpr std::uint64_t kSmall = 16 * kMiB;  // such runs always fit

std::uint64_t number_in(const std::string& text, std::string_view name) {
  const auto at = text.find(name);
  if (at == std::string::npos) return 0;
  const std::string_view rest = trim(std::string_view(text).substr(at + name.size()));
  return static_cast<std::uint64_t>(parse_int(rest.substr(0, rest.find_first_of(" \n"))).value_or(0));
}

// «max» is no limit.
std::optional<std::uint64_t> number_of(const fs::path& file) {
  const Result<std::string> text = read_file(file);
  const auto number = text ? parse_int(trim(*text)) : std::nullopt;
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

// Of a container: at the root of what it sees of the control groups, version 2 or 1.
void narrow(Memory& memory, const fs::path& limit_file, const fs::path& usage_file, const fs::path& details,
            std::string_view prefix) {
  const auto limit = number_of(limit_file);
  auto used = number_of(usage_file);
  if (!limit || !used || *limit >= memory.total) return;
  if (const Result<std::string> text = read_file(details)) {  // what is cached of files can be had at any time
    std::uint64_t cached = 0;
    for (const char* kind : {"inactive_file ", "active_file "})
      cached += number_in(*text, fmt::format("\n{}{}", prefix, kind));
    *used -= std::min(*used, cached);
  }
  memory.total = *limit;
  memory.available = std::min(memory.available, *limit - std::min(*limit, *used));
}

}  // namespace

Memory memory_of_machine(const fs::path& root) {
  Memory memory;
  const Result<std::string> text = read_file(root / "proc/meminfo");
  if (!text) return memory;
  memory.total = number_in(*text, "MemTotal:") * 1024;
  memory.available = number_in(*text, "MemAvailable:") * 1024;
  const fs::path groups = root / "sys/fs/cgroup";
  narrow(memory, groups / "memory.max", groups / "memory.current", groups / "memory.stat", "");
  const fs::path first = groups / "memory";  // of version 1
  narrow(memory, first / "memory.limit_in_bytes", first / "memory.usage_in_bytes", first / "memory.stat", "total_");
  return memory;
}

const std::string& Room::full_disk() {
  const Monotonic now = system_clock().monotonic();
  if (now - looked_at_disks_ < kPause) return full_;
  looked_at_disks_ = now;
  full_.clear();
  for (const fs::path& folder : folders_) {
    struct statvfs disk {};
    fs::path there = folder;  // or what it is going to be made in
    while (::statvfs(there.c_str(), &disk) != 0 && there.has_relative_path()) there = there.parent_path();
    const std::uint64_t total = static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize;
    const std::uint64_t free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    const std::uint64_t least = least_free_.value_or(std::min<std::uint64_t>(total / 50, 1024 * kMiB));
    if (total == 0 || free >= least) continue;
    full_ = fmt::format("{} free where {} is, less than {}", human_bytes(free), folder.string(), human_bytes(least));
    break;
  }
  return full_;
}

bool Room::fits(std::uint64_t needed, std::uint64_t promised) {
  if (needed < kSmall) return true;
  const Monotonic now = system_clock().monotonic();
  if (now - looked_at_memory_ >= kMemoryPause) {
    const Memory memory = memory_();
    available_ = memory.available;
    reserve_ = memory.total / 20;
    looked_at_memory_ = now;
  }
  return available_ >= needed + promised + reserve_;
}

}  // namespace simswarm::worker
