// Looking at process trees through /proc.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_set>

#include "base/text.h"
#include "exec/process.h"

namespace simswarm::exec {
namespace {

// The children of all threads of a process (proc(5): /proc/PID/task/TID/children).
std::vector<pid_t> children(pid_t pid) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", pid), ignored)) {
    const Result<std::string> list = read_file(task.path() / "children");
    if (!list) continue;
    for (const std::string_view word : split(*list, ' ')) {
      if (const auto child = parse_int(trim(word))) found.push_back(static_cast<pid_t>(*child));
    }
  }
  return found;
}

struct Status {
  pid_t session = 0;
  bool gone = false;  // a zombie, or no process any more
};

// proc(5): /proc/PID/stat is «pid (name) state ppid pgrp session …»; the name may hold anything.
Status status_of(pid_t pid) {
  const Result<std::string> text = read_file(fmt::format("/proc/{}/stat", pid));
  if (!text) return {0, true};
  const auto name_end = text->rfind(')');
  if (name_end == std::string::npos) return {0, true};
  const auto fields = split(trim(std::string_view(*text).substr(name_end + 1)), ' ');
  if (fields.size() < 4) return {0, true};
  return {static_cast<pid_t>(parse_int(fields[3]).value_or(0)), fields[0] == "Z" || fields[0] == "X"};
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    if (const auto pid = parse_int(entry.path().filename().native())) found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

}  // namespace

ChildList::ChildList(pid_t pid)
    : file_(::open(fmt::format("/proc/{0}/task/{0}/children", pid).c_str(), O_RDONLY | O_CLOEXEC)) {}

void ChildList::visit(const std::function<void(pid_t)>& take) const {
  std::string list;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t got = ::pread(file_.get(), part.data(), part.size(), static_cast<off_t>(list.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    list.append(part.data(), static_cast<std::size_t>(got));
  }
  for (const std::string_view word : split(list, ' ')) {
    if (const auto child = parse_int(trim(word))) take(static_cast<pid_t>(*child));
  }
}

std::vector<pid_t> descendants(pid_t pid) {
  std::vector<pid_t> found{pid};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::vector<pid_t> next = children(found[i]);
    found.insert(found.end(), next.begin(), next.end());
  }
  return found;
}

std::vector<pid_t> marked(const std::string& mark) {
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    const Result<std::string> environment = read_file(fmt::format("/proc/{}/environ", pid));
    if (!environment || status_of(pid).gone) continue;
    const auto entries = split(*environment, '\0');
    const auto is_marked = [&](std::string_view entry) { return entry.starts_with(mark); };
    if (std::any_of(entries.begin(), entries.end(), is_marked)) found.push_back(pid);
  }
  return found;
}

// From above: a script must not see its program end and go on to its next line.
void signal_tree(pid_t pid, int signal_number) {
  std::vector<pid_t> targets = descendants(pid);
  const std::unordered_set<pid_t> below(targets.begin(), targets.end());
  for (const pid_t process : all_processes()) {
    if (!below.contains(process) && status_of(process).session == pid) targets.push_back(process);
  }
  for (const pid_t process : targets) ::kill(process, signal_number);
}

namespace {

// proc(5), /proc/PID/stat: fields 14 to 17 are utime, stime, cutime, cstime in clock ticks.
double cpu_of(pid_t pid) {
  constexpr std::size_t kFirst = 11;  // behind the name, whose end is the second field's
  const Result<std::string> text = read_file(fmt::format("/proc/{}/stat", pid));
  const auto name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return 0;
  const auto fields = split(trim(std::string_view(*text).substr(name_end + 1)), ' ');
  if (fields.size() < kFirst + 4) return 0;
  std::int64_t ticks = 0;
  for (std::size_t i = kFirst; i < kFirst + 4; ++i) ticks += parse_int(fields[i]).value_or(0);
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

TreeUsage tree_usage(pid_t pid) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  TreeUsage usage;
  std::uint64_t most_shared = 0;
  for (const pid_t process : descendants(pid)) {
    usage.cpu_seconds += cpu_of(process);
    const Result<std::string> text = read_file(fmt::format("/proc/{}/statm", process));
    if (!text) continue;
    const auto fields = split(trim(*text), ' ');
    if (fields.size() < 3) continue;
    const auto resident = static_cast<std::uint64_t>(parse_int(fields[1]).value_or(0)) * page;
    const auto shared = std::min(static_cast<std::uint64_t>(parse_int(fields[2]).value_or(0)) * page, resident);
    usage.memory += resident - shared;
    most_shared = std::max(most_shared, shared);
  }
  usage.memory += most_shared;
  return usage;
}

bool listens(pid_t pid, int port) {
  // «sl local_address rem_address st …»: addresses are HEX:PORT, state 0A is LISTEN (proc(5), /proc/net/tcp).
  const std::string wanted = fmt::format(":{:04X}", port);
  for (const char* table : {"tcp", "tcp6"}) {
    const Result<std::string> text = read_file(fmt::format("/proc/{}/net/{}", pid, table));
    if (!text) continue;
    for (const std::string_view line : lines(*text)) {
      std::vector<std::string_view> fields = split(trim(line), ' ');
      std::erase(fields, std::string_view());
      if (fields.size() > 3 && fields[3] == "0A" && fields[1].ends_with(wanted)) return true;
    }
  }
  return false;
}

}  // namespace simswarm::exec
