#include "ledger/lock_holder.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace simswarm::ledger {
namespace {

// A line of /proc/locks: «1: POSIX  ADVISORY  WRITE 4711 fe:01:1234 120 120».
struct Lock {
  bool exclusive = false;
  long pid = 0;
  std::string file;
};

std::vector<Lock> locks() {
  std::vector<Lock> found;
  std::ifstream list("/proc/locks");
  for (std::string line; std::getline(list, line);) {
    std::istringstream words(line);
    std::string number;
    std::string kind;
    std::string advice;
    std::string mode;
    Lock lock;
    if (words >> number >> kind >> advice >> mode >> lock.pid >> lock.file) {
      lock.exclusive = mode == "WRITE";
      found.push_back(std::move(lock));
    }
  }
  return found;
}

// As /proc/locks writes it.
std::string file_name(const struct stat& info) {
  return fmt::format("{:02x}:{:02x}:{}", major(info.st_dev), minor(info.st_dev), info.st_ino);
}

}  // namespace

std::string lock_holder(const std::vector<fs::path>& files) {
  std::vector<std::string> names;
  for (const fs::path& file : files) {
    struct stat info {};
    if (::stat(file.c_str(), &info) == 0) names.push_back(file_name(info));
  }
  for (const Lock& lock : locks()) {
    if (!lock.exclusive || lock.pid <= 0 || lock.pid == ::getpid()) continue;
    if (std::find(names.begin(), names.end(), lock.file) == names.end()) continue;
    const auto name = read_file(fmt::format("/proc/{}/comm", lock.pid));
    return fmt::format("process {} ({})", lock.pid, name ? trim(*name) : std::string_view("?"));
  }
  return "another process";
}

Error locked_error(const fs::path& file, std::chrono::milliseconds waited) {
  const std::string holder = lock_holder({file, file.string() + "-shm"});
  return {ExitCode::kEnvironment,
          fmt::format("the ledger {} is locked by {}, for more than {} now: wait for that process or end it, then call "
                      "again; nothing is lost",
                      file.string(), holder, human_duration(static_cast<double>(waited.count()) / 1000)),
          true};
}

}  // namespace simswarm::ledger
