#include "worker/seats.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/digest.h"
#include "base/text.h"

namespace simswarm::worker {
namespace {

constexpr int kPause = 300;                   // milliseconds between looks for a free seat
constexpr double kPeaksKept = 30.0 * 86'400;  // seconds
constexpr std::string_view kSeat = "seat-";
constexpr std::string_view kPeak = "peak-";

double seconds_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::uint64_t number_at(const std::vector<std::string_view>& fields, std::size_t i) {
  const auto number = i < fields.size() ? parse_int(trim(fields[i])) : std::nullopt;
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

// «running expected current»
SeatNote parse_note(const std::string& text) {
  const auto fields = split(text, ' ');
  return {static_cast<std::size_t>(number_at(fields, 0)), number_at(fields, 1), number_at(fields, 2)};
}

Fd open_file(const fs::path& path) {
  return Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
}

// Readers see one note or the other: it is short, and has always the same length.
void write_note(const Fd& file, const SeatNote& note) {
  const std::string text = fmt::format("{:06} {:020} {:020}\n", note.running, note.expected, note.current);
  (void)!::pwrite(file.get(), text.data(), text.size(), 0);
}

}  // namespace

Result<std::unique_ptr<Seats>> Seats::take(const SeatOptions& options, const std::function<bool()>& gives_up, int wake,
                                           const std::function<void(const std::string&)>& say) {
  SIMSWARM_CHECK(make_folders(options.folder));
  std::unique_ptr<Seats> seats(new Seats(options.folder));
  bool told = false;
  while (true) {
    if (gives_up()) return nullptr;
    SIMSWARM_TRY(const bool taken, seats->try_to_take(options));
    if (taken) break;
    if (!std::exchange(told, true)) {
      say(options.seats == 1    ? "waits for a seat: the only one of this node is taken"
          : options.wanted == 1 ? fmt::format("waits for a seat: all {} seats of this node are taken", options.seats)
                                : fmt::format("waits for {} seats: of the {} of this node fewer are free",
                                              options.wanted, options.seats));
    }
    pollfd polled{wake, POLLIN, 0};
    ::poll(&polled, 1, kPause);
  }
  seats->note({});
  seats->forget_old_peaks();
  return seats;
}

Result<bool> Seats::try_to_take(const SeatOptions& options) {
  const Fd alone = lock_node();
  if (!alone.valid()) return system_error(errno, (folder_ / "lock").string());
  for (std::size_t i = 0; i < options.seats && held_.size() < options.wanted; ++i) {
    const fs::path path = folder_ / fmt::format("{}{}", kSeat, i);
    Fd seat = open_file(path);
    if (!seat.valid()) return system_error(errno, path.string());
    if (::flock(seat.get(), LOCK_EX | LOCK_NB) != 0) continue;
    held_.push_back(std::move(seat));
    numbers_.push_back(i);
  }
  if (held_.size() == options.wanted) return true;
  held_.clear();
  numbers_.clear();
  return false;
}

Fd Seats::lock_node() const {
  Fd lock = open_file(folder_ / "lock");
  while (lock.valid() && ::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return {};
  }
  return lock;
}

void Seats::note(const SeatNote& note) const {
  write_note(held_.front(), note);
  for (std::size_t i = 1; i < held_.size(); ++i) write_note(held_[i], {});  // of who had it before
}

// Ages are told by the times of files alone: clocks of containers may be wrong.
SeatNote Seats::others() const {
  SeatNote sum;
  struct stat ours {};
  if (::fstat(held_.front().get(), &ours) != 0) return sum;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename();
    const auto number = name.starts_with(kSeat) ? parse_int(name.substr(kSeat.size())) : std::nullopt;
    if (!number || std::find(numbers_.begin(), numbers_.end(), static_cast<std::size_t>(*number)) != numbers_.end())
      continue;
    struct stat theirs {};
    if (::stat(entry.path().c_str(), &theirs) != 0) continue;
    if (seconds_of(ours.st_mtim) - seconds_of(theirs.st_mtim) > kNoteTtl) continue;
    const SeatNote note = parse_note(read_file(entry.path()).value_or(""));
    sum.running += note.running;
    sum.expected += note.expected;
    sum.current += std::min(note.current, note.expected);
  }
  return sum;
}

fs::path Seats::peak_file(const std::string& kind) const {
  return folder_ / fmt::format("{}{}", kPeak, digest_of(kind).hex().substr(0, 32));
}

std::uint64_t Seats::peak_of(const std::string& kind) const {
  return number_at({read_file(peak_file(kind)).value_or("")}, 0);
}

void Seats::learn_peak(const std::string& kind, std::uint64_t bytes) const {
  if (peak_of(kind) >= bytes) return;
  const Fd alone = lock_node();
  if (peak_of(kind) >= bytes) return;
  const fs::path file = peak_file(kind);
  const fs::path fresh = folder_ / "fresh";
  if (write_file(fresh, std::to_string(bytes) + "\n")) (void)::rename(fresh.c_str(), file.c_str());
}

void Seats::forget_old_peaks() const {
  struct stat ours {};
  if (::fstat(held_.front().get(), &ours) != 0) return;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    struct stat theirs {};
    if (!entry.path().filename().native().starts_with(kPeak) || ::stat(entry.path().c_str(), &theirs) != 0) continue;
    if (seconds_of(ours.st_mtim) - seconds_of(theirs.st_mtim) > kPeaksKept) (void)::unlink(entry.path().c_str());
  }
}

}  // namespace simswarm::worker
