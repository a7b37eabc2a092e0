// Processes that outlive us and that we find again: started in sessions of their own, known by files that name them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::cluster {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};
// The first that is there.
[[nodiscard]] std::optional<User> user_named(const std::vector<std::string>& names);
// Whether this user can enter a folder, or execute a file; asked of the kernel. For root alone.
[[nodiscard]] bool can_reach(const User& user, const fs::path& path);

// A process as a file tells it. A number that the kernel has given to another process since is no such process.
struct ProcessRecord {
  pid_t pid = 0;
  std::uint64_t started = 0;  // in the kernel's ticks since it began
  std::string boot;           // of boot_id()
  std::string fingerprint;    // of what was started
};

struct Daemon {
  std::vector<std::string> argv;                                 // argv[0] is a path
  std::vector<std::pair<std::string, std::string>> environment;  // all of it
  fs::path folder;                                               // to run in
  fs::path log;                                                  // what it says is added there
  fs::path pid_file;
  std::string fingerprint;
  std::optional<User> user;  // else as ourselves
  mode_t umask = 077;
};
// It is noted before it is executed: nothing runs that no file names, whenever we are killed.
[[nodiscard]] Status start(const Daemon& daemon);

// Nothing: there is no file, or it cannot be read.
[[nodiscard]] std::optional<ProcessRecord> recorded(const fs::path& pid_file);
[[nodiscard]] bool runs(const ProcessRecord& process);
// Only to that very process; that it has gone is no error.
void send(const ProcessRecord& process, int signal);
// False: it runs still.
[[nodiscard]] bool wait_for_end(const ProcessRecord& process, std::chrono::milliseconds at_most);

// What a service that has ended has left of its session: those that have this variable in their environment are killed,
// others are waited for. False: some are there still.
[[nodiscard]] bool end_session(const ProcessRecord& process, const std::string& variable,
                               std::chrono::milliseconds at_most);

}  // namespace simswarm::cluster
