#include "cluster/layout.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "cluster/swarm_record.h"
#include "settings/hosts_private.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

constexpr std::string_view kFirstLine = "simswarm services 1";
constexpr std::uintmax_t kLongLog = std::uintmax_t{16} << 20U;  // bytes
constexpr std::uint64_t kLastWords = 8192;
constexpr std::size_t kLongestLine = 200;
constexpr std::chrono::seconds kLockPatience{30};

// As root, servers run as other users: they may pass through, and see nothing on the way.
mode_t way() {
  return ::geteuid() == 0 ? 0711 : 0700;
}

Status make_folder(const fs::path& folder, mode_t mode, const std::optional<User>& user = {}) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error(errno, folder.string());
  const Fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.valid()) return system_error(errno, folder.string());
  if (user && ::fchown(opened.get(), user->uid, user->gid) != 0) return system_error(errno, folder.string());
  if (::fchmod(opened.get(), mode) != 0) return system_error(errno, folder.string());
  return {};
}

// What is not understood is passed over: it is remembered anew at the next start.
void take_line(const std::vector<std::string_view>& words, Memory& memory) {
  const std::string_view what = words.front();
  const std::string name(words.size() > 1 ? words[1] : "");
  const std::int64_t number = std::max<std::int64_t>(0, parse_int(words.back()).value_or(0));
  if (what == "runners") memory.runners = static_cast<std::size_t>(number);
  if (what == "distcc") memory.distcc = static_cast<std::size_t>(number);
  if (what == "store") memory.store = name;
  if (what == "port") memory.ports[name] = static_cast<int>(number);
  if (what == "service") memory.services.emplace_back(name, words.size() > 2 ? words[2] : "");
}

}  // namespace

bool Layout::is_new() const {
  std::error_code ignored;
  return !fs::exists(memory(), ignored);
}

Status Layout::make() const {
  std::error_code error;
  if (is_new() && fs::is_directory(root_, error) && !fs::is_empty(root_, error) && !fs::exists(root_ / "lock", error)) {
    return environment_error("{} has files in it and no services: choose another folder or name", root_.string());
  }
  SIMSWARM_CHECK(make_folders(root_.parent_path()));
  SIMSWARM_CHECK(make_folder(root_, way()));
  for (const char* name : {"log", "pid", "secret"}) SIMSWARM_CHECK(make_folder(root_ / name, 0700));
  return make_folder(root_ / "settings", way());
}

Status Layout::make_home(const std::string& service, const std::optional<User>& user) const {
  return make_folder(home(service), 0700, user);
}

Status Layout::write_settings(const std::string& name, const std::string& text, const std::optional<User>& user) const {
  const fs::path file = settings(name);
  SIMSWARM_CHECK(write_private(file, text));
  if (user && ::chown(file.c_str(), user->uid, user->gid) != 0) return system_error(errno, file.string());
  return {};
}

Result<std::string> Layout::password(const std::string& name) const {
  std::error_code ignored;
  if (fs::exists(secret(name), ignored)) {
    SIMSWARM_TRY(const std::string text, read_private(secret(name)));
    const std::string password(trim(text));
    if (!password.empty()) return password;
  }
  SIMSWARM_TRY(const std::string made, random_secret());
  SIMSWARM_CHECK(write_private(secret(name), made + "\n"));
  return made;
}

Result<Fd> Layout::lock() const {
  const fs::path file = root_ / "lock";
  Fd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return system_error(errno, file.string());
  const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return system_error(errno, file.string());
    if (std::chrono::steady_clock::now() > deadline)
      return environment_error("another `simswarm services` is at work in {}: wait for its end", root_.string());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return lock;
}

void Layout::trim_log(const std::string& service) const {
  std::error_code ignored;
  const fs::path file = log(service);
  if (fs::file_size(file, ignored) > kLongLog && !ignored) fs::rename(file, file.string() + ".1", ignored);
}

std::string Layout::last_line(const std::string& service) const {
  const Result<std::string> tail = read_tail(log(service), kLastWords);
  if (!tail) return {};
  const std::vector<std::string_view> all = lines(*tail);
  const auto last = std::find_if(all.rbegin(), all.rend(), [](std::string_view line) { return !trim(line).empty(); });
  return last == all.rend() ? std::string() : clean_line(*last, kLongestLine);
}

Result<Memory> Layout::remembered() const {
  Memory memory;
  if (is_new()) return memory;
  SIMSWARM_TRY(const std::string text, read_private(this->memory()));
  const std::vector<std::string_view> all = lines(text);
  if (all.empty() || all.front() != kFirstLine) {
    return environment_error("{} is of another version of simswarm: end these services with that one",
                             this->memory().string());
  }
  for (std::size_t i = 1; i < all.size(); ++i) take_line(split(all[i], '\t'), memory);
  return memory;
}

Status Layout::remember(const Memory& memory) const {
  std::string text = fmt::format("{}\nrunners\t{}\nstore\t{}\n", kFirstLine, memory.runners, memory.store);
  if (memory.distcc) text += fmt::format("distcc\t{}\n", *memory.distcc);
  for (const auto& [name, port] : memory.ports) text += fmt::format("port\t{}\t{}\n", name, port);
  for (const auto& [name, address] : memory.services) text += fmt::format("service\t{}\t{}\n", name, address);
  return write_private(this->memory(), text);
}

}  // namespace simswarm::cluster
