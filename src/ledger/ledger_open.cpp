#include "ledger/ledger_open.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/text.h"
#include "base/time.h"
#include "ledger/lock_holder.h"
#include "ledger/schema.h"

namespace simswarm::ledger {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{60'000};  // another simswarm in this folder holds the ledger for moments only

milliseconds patience() {
  const char* given = std::getenv("SIMSWARM_LEDGER_WAIT");
  const auto seconds = given == nullptr ? std::nullopt : parse_duration(given);
  return seconds ? milliseconds(static_cast<std::int64_t>(*seconds * 1000)) : kPatience;
}

// statfs(2): the magic numbers of file systems on which the shared memory of SQLite's WAL does not work.
bool on_network(const fs::path& folder) {
  constexpr std::array<unsigned long, 6> kNetwork{0x6969 /* NFS */,    0xFF534D42 /* CIFS */, 0xFE534D42 /* SMB2 */,
                                                  0x01021997 /* 9P */, 0x00C36400 /* Ceph */, 0x0BD00BD0 /* Lustre */};
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return false;
  const auto type = static_cast<unsigned long>(info.f_type) & 0xFFFFFFFFUL;
  return std::find(kNetwork.begin(), kNetwork.end(), type) != kNetwork.end();
}

tl::unexpected<Error> cannot_write(int error_number, const fs::path& path) {
  return environment_error(
      "{} cannot be written ({}), and simswarm keeps there what it knows: make it writable, or name another state "
      "folder with --state",
      path.string(), std::strerror(error_number));
}

// SQLite does not wait for a lock while it changes to WAL: one process at a time opens.
Result<Fd> lock_opening(const fs::path& path, milliseconds patience) {
  constexpr milliseconds kPause{10};
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file.valid()) return cannot_write(errno, path);
  const Monotonic end = system_clock().monotonic() + patience;
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR && errno != EWOULDBLOCK) return system_error(errno, path.string());
    if (system_clock().monotonic() > end) return propagate(locked_error(path, patience));
    std::this_thread::sleep_for(kPause);
  }
  return file;
}

// The size that the first page states, in bytes; 0 where it states none.
std::uint64_t stated_size(std::ifstream& file) {
  constexpr std::size_t kPageSizeAt = 16;
  constexpr std::size_t kPagesAt = 28;
  std::array<unsigned char, 100> head{};
  if (!file.read(reinterpret_cast<char*>(head.data()), head.size())) return 0;
  if (std::memcmp(head.data(), "SQLite format 3", 16) != 0) return 0;  // SQLite says so
  const auto number = [&](std::size_t from, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8U | head[from + i];
    return value;
  };
  const std::uint64_t page = number(kPageSizeAt, 2) == 1 ? 65536 : number(kPageSizeAt, 2);
  return page * number(kPagesAt, 4);
}

// What a damage costs is told before anything is written. SQLite finds a page that is missing only when it comes to it.
Status check_file(Database& database, const fs::path& path) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  const std::uint64_t stated = stated_size(file);
  if (error || stated <= size) return {};
  // Shorter also for a moment, while another process brings its log into the file: then the log is there.
  if (!fs::exists(path.string() + "-wal", error)) {
    return propagate(
        damaged_error(path.string(), fmt::format("it has {} of its {}", human_bytes(size), human_bytes(stated))));
  }
  SIMSWARM_TRY(const auto check, database.prepare("PRAGMA quick_check(1)"));
  SIMSWARM_TRY(const bool row, check->step());
  if (row && check->text(0) != "ok") return propagate(damaged_error(path.string(), check->text(0)));
  return {};
}

// A new file is empty for a moment. One that is empty where campaigns have been run was cut.
Status refuse_emptied(const fs::path& state, const fs::path& path) {
  std::error_code error;
  const bool empty = fs::exists(path, error) && fs::file_size(path, error) == 0 && !error;
  if (!empty || !fs::exists(state / "alive", error)) return {};
  return propagate(damaged_error(path.string(), "it is empty, but campaigns have been run here"));
}

Result<int> version_of(Database& database) {
  SIMSWARM_TRY(const auto version, database.prepare("PRAGMA user_version"));
  SIMSWARM_TRY(const bool row, version->step());
  return row ? version->integer(0) : 0;
}

// All steps or none.
Status upgrade(Database& database, const fs::path& path) {
  SIMSWARM_TRY(const int seen, version_of(database));
  if (seen == kVersion) return {};
  if (seen > kVersion) {
    return environment_error(
        "the ledger {} is of version {}, this simswarm knows versions up to {}: use the newer simswarm, or "
        "another state folder",
        path.string(), seen, kVersion);
  }
  SIMSWARM_TRY(const auto transaction, Transaction::begin(database));
  for (int step = std::max(seen, 0); step < kVersion; ++step)
    SIMSWARM_CHECK(database.execute(kUpgrades[static_cast<std::size_t>(step)]));
  SIMSWARM_CHECK(database.execute(fmt::format("PRAGMA user_version={}", kVersion)));
  return transaction->commit();
}

}  // namespace

Result<std::unique_ptr<Database>> open_database(const fs::path& state) {
  std::error_code error;
  fs::create_directories(state, error);
  if (error) return cannot_write(error.value(), state);
  if (on_network(state)) {
    return environment_error(
        "{} is on a network file system, where the ledger cannot be kept safely; name a local folder with --state",
        state.string());
  }
  // Ignores itself in git, whatever the project's own rules say.
  if (!fs::exists(state / ".gitignore", error) && !write_file(state / ".gitignore", "*\n"))
    return cannot_write(errno, state);
  const milliseconds wait = patience();
  SIMSWARM_TRY(const Fd opening, lock_opening(state / "open.lock", wait));
  const fs::path path = state / "ledger.sqlite";
  SIMSWARM_CHECK(refuse_emptied(state, path));
  SIMSWARM_TRY(auto database, Database::open(path, wait));
  SIMSWARM_CHECK(check_file(*database, path));
  SIMSWARM_CHECK(database->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768;"));
  SIMSWARM_CHECK(upgrade(*database, path));
  return database;
}

}  // namespace simswarm::ledger
