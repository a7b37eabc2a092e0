// Stands between simswarm and the C library (LD_PRELOAD): ends it at one of its calls, or sets its clock.
//   SIMSWARM_TEST_CALLS=FILE         a line for each call that changes something on disk: «main rename /to/path»
//   SIMSWARM_TEST_KILL=main:12       SIGKILL just before the 12th such call of that thread; other: of any other thread
//   SIMSWARM_TEST_KILL_AT=2:write:.x SIGKILL just before the second such call of this name whose path ends like that
//   SIMSWARM_TEST_CLOCK=-3600        seconds, added to what CLOCK_REALTIME says
// Only in the process named simswarm, and not in its forks. It takes itself out of the environment, so that simulations
// neither load it nor have it in their keys. Its own calls go to the kernel directly.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

struct Faults {
  pid_t process = 0;  // 0: this is not simswarm
  int calls = -1;
  bool kill_in_main = false;
  long kill_at = 0;
  std::string kill_name;
  std::string kill_end;
  std::atomic<long> kill_after = 0;
  time_t clock = 0;
  std::atomic<long> in_main = 0;
  std::atomic<long> in_others = 0;
};

Faults& faults() {
  static Faults instance;
  return instance;
}

const char* taken(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// All of them are looked up at the beginning: a child that is cloned while another thread looks one up would wait for
// that thread's lock for ever, and hold all that simswarm had open.
constexpr std::array<const char*, 31> kNames{
    "chmod",       "chown",    "clock_gettime", "fchmod", "fchown",   "fdatasync", "fsync",     "ftruncate",
    "ftruncate64", "futimens", "lchown",        "link",   "mkdir",    "mkostemp",  "open",      "open64",
    "openat",      "pwrite",   "pwrite64",      "remove", "rename",   "renameat",  "renameat2", "rmdir",
    "sendfile",    "symlink",  "syncfs",        "unlink", "unlinkat", "write",     "writev"};
std::array<void*, kNames.size()> functions{};

__attribute__((constructor)) void set_up() {
  for (std::size_t i = 0; i < kNames.size(); ++i) functions[i] = ::dlsym(RTLD_NEXT, kNames[i]);
  if (std::strcmp(program_invocation_short_name, "simswarm") != 0) return;
  Faults& all = faults();
  const std::string calls = taken("SIMSWARM_TEST_CALLS");
  if (!calls.empty())
    all.calls = static_cast<int>(
        ::syscall(SYS_openat, AT_FDCWD, calls.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  const std::string kill = taken("SIMSWARM_TEST_KILL");
  all.kill_in_main = kill.starts_with("main:");
  if (!kill.empty()) all.kill_at = std::strtol(kill.c_str() + kill.find(':') + 1, nullptr, 10);
  const std::string kill_at = taken("SIMSWARM_TEST_KILL_AT");
  if (const std::size_t last = kill_at.rfind(':'); last != std::string::npos) {
    const std::size_t first = kill_at.find(':');
    all.kill_after = std::strtol(kill_at.c_str(), nullptr, 10);
    all.kill_name = kill_at.substr(first + 1, last - first - 1);
    all.kill_end = kill_at.substr(last + 1);
  }
  all.clock = std::strtol(taken("SIMSWARM_TEST_CLOCK"), nullptr, 10);
  for (const char* name :
       {"LD_PRELOAD", "SIMSWARM_TEST_CALLS", "SIMSWARM_TEST_KILL", "SIMSWARM_TEST_KILL_AT", "SIMSWARM_TEST_CLOCK"})
    ::unsetenv(name);
  all.process = ::getpid();
}

// Written each second of a campaign: how often depends on how long it takes, and points are to be met again.
bool is_live(std::string_view path) {
  return path.find("/live/") != std::string_view::npos || path.ends_with("/live");
}

// Before each call that changes something.
void at(const char* name, const char* what) {
  Faults& all = faults();
  if (all.process == 0 || ::getpid() != all.process || is_live(what)) return;
  const int before = errno;
  const bool is_main = ::gettid() == all.process;
  const long number = ++(is_main ? all.in_main : all.in_others);
  if (all.calls >= 0) {
    const std::string line = std::string(is_main ? "main " : "other ") + name + " " + what + "\n";
    ::syscall(SYS_write, all.calls, line.data(), line.size());
  }
  if (is_main == all.kill_in_main && number == all.kill_at) ::syscall(SYS_kill, all.process, SIGKILL);
  const bool is_it = !all.kill_name.empty() && all.kill_name == name && std::string_view(what).ends_with(all.kill_end);
  if (is_it && --all.kill_after == 0) ::syscall(SYS_kill, all.process, SIGKILL);
  errno = before;
}

void at(const char* name, int descriptor) {
  std::array<char, 4096> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  ::syscall(SYS_readlinkat, AT_FDCWD, link.c_str(), path.data(), path.size() - 1);
  at(name, path.data());
}

// Pipes and the like are no disk.
void at_write(const char* name, int descriptor) {
  struct stat info {};
  if (::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode)) at(name, descriptor);
}

template <typename Function>
Function* next(const char* name, Function* /*type*/) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (std::strcmp(kNames[i], name) == 0 && functions[i] != nullptr) return reinterpret_cast<Function*>(functions[i]);
  }
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));  // before this library has been set up
}

mode_t mode_of(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

void at_open(const char* path, int flags) {
  if ((flags & (O_CREAT | O_TRUNC)) != 0) at("open", path);
}

}  // namespace

extern "C" {

int rename(const char* from, const char* to) noexcept {
  at("rename", to);
  return next("rename", &rename)(from, to);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  at("renameat", to);
  return next("renameat", &renameat)(from_folder, from, to_folder, to);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  at("renameat2", to);
  return next("renameat2", &renameat2)(from_folder, from, to_folder, to, flags);
}
int link(const char* from, const char* to) noexcept {
  at("link", to);
  return next("link", &link)(from, to);
}
int symlink(const char* from, const char* to) noexcept {
  at("symlink", to);
  return next("symlink", &symlink)(from, to);
}
int unlink(const char* path) noexcept {
  at("unlink", path);
  return next("unlink", &unlink)(path);
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  at("unlinkat", path);
  return next("unlinkat", &unlinkat)(folder, path, flags);
}
int remove(const char* path) noexcept {
  at("remove", path);
  return next("remove", &remove)(path);
}
int rmdir(const char* path) noexcept {
  at("rmdir", path);
  return next("rmdir", &rmdir)(path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  at("mkdir", path);
  return next("mkdir", &mkdir)(path, mode);
}
int chmod(const char* path, mode_t mode) noexcept {
  at("chmod", path);
  return next("chmod", &chmod)(path, mode);
}
int fchmod(int file, mode_t mode) noexcept {
  at("fchmod", file);
  return next("fchmod", &fchmod)(file, mode);
}
int chown(const char* path, uid_t user, gid_t group) noexcept {
  at("chown", path);
  return next("chown", &chown)(path, user, group);
}
int lchown(const char* path, uid_t user, gid_t group) noexcept {
  at("lchown", path);
  return next("lchown", &lchown)(path, user, group);
}
int fchown(int file, uid_t user, gid_t group) noexcept {
  at("fchown", file);
  return next("fchown", &fchown)(file, user, group);
}
int futimens(int file, const timespec times[2]) noexcept {
  at("futimens", file);
  return next("futimens", &futimens)(file, times);
}
int ftruncate(int file, off_t size) noexcept {
  at("ftruncate", file);
  return next("ftruncate", &ftruncate)(file, size);
}
int ftruncate64(int file, off64_t size) noexcept {
  at("ftruncate64", file);
  return next("ftruncate64", &ftruncate64)(file, size);
}
int fsync(int file) {
  at("fsync", file);
  return next("fsync", &fsync)(file);
}
int fdatasync(int file) {
  at("fdatasync", file);
  return next("fdatasync", &fdatasync)(file);
}
int syncfs(int file) noexcept {
  at("syncfs", file);
  return next("syncfs", &syncfs)(file);
}
ssize_t write(int file, const void* content, size_t size) {
  at_write("write", file);
  return next("write", &write)(file, content, size);
}
ssize_t writev(int file, const iovec* parts, int count) {
  at_write("writev", file);
  return next("writev", &writev)(file, parts, count);
}
ssize_t pwrite(int file, const void* content, size_t size, off_t offset) {
  at_write("pwrite", file);
  return next("pwrite", &pwrite)(file, content, size, offset);
}
ssize_t pwrite64(int file, const void* content, size_t size, off64_t offset) {
  at_write("pwrite64", file);
  return next("pwrite64", &pwrite64)(file, content, size, offset);
}
ssize_t sendfile(int to, int from, off_t* offset, size_t count) noexcept {
  at("sendfile", to);
  return next("sendfile", &sendfile)(to, from, offset, count);
}
int mkostemp(char* pattern, int flags) {
  at("mkostemp", pattern);
  return next("mkostemp", &mkostemp)(pattern, flags);
}

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  at_open(path, flags);
  return next("open", &open)(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  at_open(path, flags);
  return next("open64", &open64)(path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  at_open(path, flags);
  return next("openat", &openat)(folder, path, flags, mode);
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const int code = next("clock_gettime", &clock_gettime)(clock, time);
  if (code == 0 && clock == CLOCK_REALTIME) time->tv_sec += faults().clock;
  return code;
}

}  // extern "C"
