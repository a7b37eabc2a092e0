#include "exec/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace simswarm::exec {
namespace {

constexpr int kRounds = 500;
constexpr int kPause = 2;  // milliseconds

// Writes without creating: these files are the kernel's.
bool tell(const fs::path& file, const std::string& text) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.valid() && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// proc(5), /proc/PID/mountinfo: «id parent major:minor root mount-point options … - type source …».
fs::path mount_of_cgroup2() {
  const Result<std::string> table = read_file("/proc/self/mountinfo");
  if (!table) return {};
  for (const std::string_view line : lines(*table)) {
    const auto separator = line.find(" - cgroup2 ");
    const auto fields = split(line, ' ');
    if (separator != std::string_view::npos && fields.size() > 4) return {fields[4]};
  }
  return {};
}

}  // namespace

Result<fs::path> own_cgroup() {
  const fs::path mount = mount_of_cgroup2();
  if (mount.empty()) return environment_error("there is no cgroup v2 here");
  SIMSWARM_TRY(const std::string own, read_file("/proc/self/cgroup"));
  for (const std::string_view line : lines(own)) {
    if (!line.starts_with("0::/")) continue;
    fs::path group = (mount / fs::path(line.substr(4))).lexically_normal();
    if (::access((group / "cgroup.procs").c_str(), W_OK) == 0) return group;
    return environment_error("the cgroup {} may not be used", group.string());
  }
  return environment_error("this process is in no cgroup v2");
}

fs::path cgroup_of(const fs::path& home, const std::string& owner) {
  return home / ("simswarm-" + owner);
}

Status join_cgroup(const fs::path& group) {
  if (::mkdir(group.c_str(), 0755) != 0 && errno != EEXIST) return system_error(errno, group.string());
  if (!tell(group / "cgroup.procs", "0")) return system_error(errno, (group / "cgroup.procs").string());
  return {};
}

void end_cgroup(const fs::path& group) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(group, ignored)) {
    if (entry.is_directory(ignored)) end_cgroup(entry.path());  // of a simswarm that a run has started
  }
  for (int round = 0; round < kRounds; ++round) {
    if (::rmdir(group.c_str()) == 0 || errno == ENOENT) return;
    if (!tell(group / "cgroup.kill", "1")) {  // before Linux 5.14
      const Result<std::string> left = read_file(group / "cgroup.procs");
      if (!left) return;
      for (const std::string_view line : lines(*left)) {
        if (const auto pid = parse_int(trim(line))) ::kill(static_cast<pid_t>(*pid), SIGKILL);
      }
    }
    ::poll(nullptr, 0, kPause);
  }
}

}  // namespace simswarm::exec
