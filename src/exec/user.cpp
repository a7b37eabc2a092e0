// Whom simulations run as when simswarm is root.
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/text.h"
#include "exec/layer.h"

namespace simswarm::exec {
namespace {

// Several threads may ask. Root is none of those whom runs are executed as.
std::optional<User> user_named(const std::string& name) {
  std::array<char, 16384> words{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, words.data(), words.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  if (entry.pw_uid == 0) return std::nullopt;
  return User{entry.pw_uid, entry.pw_gid};
}

std::optional<User> owner_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || info.st_uid == 0) return std::nullopt;
  return User{info.st_uid, info.st_gid};
}

// Asks the kernel in a process that is that user.
bool can_reach(const User& user, const fs::path& working_folder, const fs::path& program) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const bool changed = ::setgroups(0, nullptr) == 0 && ::setgid(user.gid) == 0 && ::setuid(user.uid) == 0;
    const bool reaches = changed && ::chdir(working_folder.c_str()) == 0 && ::access(".", R_OK | X_OK) == 0 &&
                         (program.empty() || ::access(program.c_str(), R_OK | X_OK) == 0);
    ::_exit(reaches ? 0 : 1);
  }
  int status = 0;
  return pid > 0 && ::waitpid(pid, &status, 0) == pid && status == 0;
}

}  // namespace

std::optional<User> unprivileged_user(const fs::path& project, const fs::path& working_folder, const fs::path& program,
                                      const std::string& wanted) {
  if (::geteuid() != 0) return std::nullopt;
  std::vector<std::optional<User>> candidates;
  if (!wanted.empty()) {
    candidates.push_back(user_named(wanted));
  } else {
    candidates = {owner_of(working_folder), owner_of(project), user_named("simswarm"), user_named("nobody")};
  }
  for (const std::optional<User>& user : candidates) {
    if (user && can_reach(*user, working_folder, program)) return user;
  }
  return std::nullopt;
}

Result<std::optional<User>> choose_user(const fs::path& project, const fs::path& working_folder,
                                        const std::string& program, const std::string& wanted) {
  if (::geteuid() != 0) {
    if (!wanted.empty()) return usage_error("--run-as {}: only root can run simulations as another user", wanted);
    return std::nullopt;
  }
  SIMSWARM_TRY(const fs::path path, find_program(program, working_folder));
  const std::optional<User> user = unprivileged_user(project, working_folder, path, wanted);
  if (!user && !wanted.empty()) {
    return usage_error("--run-as {}: there is no such user, or it cannot reach {} and {}", wanted,
                       working_folder.string(), path.string());
  }
  return user;
}

}  // namespace simswarm::exec
