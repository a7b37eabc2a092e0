#include "worker/spool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"

namespace simswarm::worker {
namespace {

using jobs::AfterFailure;
using jobs::Settlement;
using nlohmann::json;

constexpr std::string_view kEnding = ".outcomes";

std::string line_of(const Settlement& one) {
  const json object{{"job", one.claim.job.text},
                    {"attempt", one.claim.attempt},
                    {"how", static_cast<int>(one.how)},
                    {"after", static_cast<int>(one.after)},
                    {"text", one.text}};
  return object.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
}

// Nothing for a line that is none of ours: one that was cut off.
std::optional<Settlement> settlement_of(std::string_view line) {
  try {
    const json object = json::parse(line);
    const int how = object.at("how").get<int>();
    const int after = object.at("after").get<int>();
    if (how < 0 || how > static_cast<int>(Settlement::How::kHandBack)) return std::nullopt;
    if (after < 0 || after > static_cast<int>(AfterFailure::kWasStopped)) return std::nullopt;
    return Settlement{{{object.at("job").get<std::string>()}, object.at("attempt").get<int>()},
                      static_cast<Settlement::How>(how),
                      object.at("text").get<std::string>(),
                      static_cast<AfterFailure>(after)};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::string header_of(const std::string& queue) {
  return json{{"format", "simswarm-outcomes"}, {"version", 1}, {"queue", queue}}.dump() + "\n";
}

bool write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(to, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A regular file of our own, and still the one at this path once it is locked: one who takes over removes it.
Fd locked(const fs::path& path, int flags) {
  Fd file(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat open {};
  struct stat there {};
  if (!file.valid() || ::fstat(file.get(), &open) != 0) return {};
  if (!S_ISREG(open.st_mode) || open.st_uid != ::geteuid()) {
    errno = EPERM;
    return {};
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return {};
  const bool is_there = ::stat(path.c_str(), &there) == 0 && there.st_ino == open.st_ino && there.st_dev == open.st_dev;
  if (is_there) return file;
  errno = EWOULDBLOCK;
  return {};
}

Status make_private(const fs::path& folder) {
  SIMSWARM_CHECK(make_folders(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) == 0) return {};
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return system_error(errno, folder.string());
  if (S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return environment_error("the folder for outcomes {} is not ours alone to write: name another with --spool",
                           folder.string());
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::open(const fs::path& folder, const std::string& worker,
                                           const std::string& queue) {
  SIMSWARM_CHECK(make_private(folder));
  const fs::path path = folder / (worker + std::string(kEnding));
  Fd file = locked(path, O_RDWR | O_CREAT | O_APPEND);
  // Another worker that begins just now may be looking at it.
  constexpr int kTries = 30;
  for (int tries = 0; !file.valid() && errno == EWOULDBLOCK && tries < kTries; ++tries) {
    ::poll(nullptr, 0, 100);
    file = locked(path, O_RDWR | O_CREAT | O_APPEND);
  }
  if (!file.valid()) {
    const int why = errno;
    if (why != EWOULDBLOCK) return system_error(why, path.string());
    return usage_error("a worker named «{}» is at work here ({} is locked): give this one another --name", worker,
                       path.string());
  }
  std::unique_ptr<Spool> spool(new Spool(folder, path, queue, std::move(file)));
  if (::lseek(spool->file_.get(), 0, SEEK_END) == 0 && !write_all(spool->file_.get(), header_of(queue)))
    return system_error(errno, path.string());
  SIMSWARM_TRY(const std::string there, read_file(path));
  if (there.starts_with(header_of(queue))) return spool;
  const std::string_view rest = std::string_view(there).substr(std::min(there.find('\n'), there.size()));
  if (rest.size() <= 1) {  // nothing is noted in it
    if (::ftruncate(spool->file_.get(), 0) != 0 || !write_all(spool->file_.get(), header_of(queue)))
      return system_error(errno, path.string());
    return spool;
  }
  spool->noted_ = 1;  // it stays
  return usage_error("{} holds outcomes for another queue: start that worker again, or give this one another --name",
                     path.string());
}

Spool::~Spool() {
  if (noted_ == 0 && adopted_.empty()) ::unlink(path_.c_str());
}

Status Spool::note(const std::vector<Settlement>& settlements) {
  std::string text;
  for (const Settlement& one : settlements) text += line_of(one);
  const off_t before = ::lseek(file_.get(), 0, SEEK_END);
  noted_ += settlements.size();
  if (write_all(file_.get(), text)) return {};
  const int why = errno;
  (void)!::ftruncate(file_.get(), before);  // what follows shall not stand behind half a line
  return system_error(why, path_.string());
}

Status Spool::clear() {
  for (const auto& [path, file] : adopted_) ::unlink(path.c_str());
  adopted_.clear();
  if (noted_ == 0) return {};
  noted_ = 0;
  if (::ftruncate(file_.get(), static_cast<off_t>(header_of(queue_).size())) != 0)
    return system_error(errno, path_.string());
  return {};
}

std::vector<Settlement> Spool::adopt(bool with_own) {
  std::vector<Settlement> settlements;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, none)) {
    const fs::path& path = entry.path();
    if (!path.string().ends_with(kEnding)) continue;
    const bool own = path == path_;
    if (own && !with_own) continue;
    const auto is_it = [&](const auto& one) { return one.first == path; };
    if (std::any_of(adopted_.begin(), adopted_.end(), is_it)) continue;
    Fd file = own ? Fd() : locked(path, O_RDWR);
    if (!own && !file.valid()) continue;
    const Result<std::string> text = read_file(path);
    if (!text || !text->starts_with(header_of(queue_))) continue;
    const std::size_t before = settlements.size();
    for (std::string_view rest(*text); rest.find('\n') != std::string_view::npos;) {
      if (auto one = settlement_of(rest.substr(0, rest.find('\n')))) settlements.push_back(std::move(*one));
      rest.remove_prefix(rest.find('\n') + 1);
    }
    if (own) {
      // Half a line counts, too: clear() is to take it away before anything is noted behind it.
      noted_ += text->size() == header_of(queue_).size() ? 0 : std::max<std::size_t>(settlements.size() - before, 1);
    } else {
      adopted_.emplace_back(path, std::move(file));
    }
  }
  return settlements;
}

}  // namespace simswarm::worker
