#include "build/build_run_output.h"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"

namespace simswarm::build {

Result<Terminal> open_terminal() {
  Terminal terminal;
  terminal.ours = Fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (!terminal.ours.valid() || ::grantpt(terminal.ours.get()) != 0 || ::unlockpt(terminal.ours.get()) != 0)
    return system_error(errno, "cannot make a terminal");
  std::array<char, 128> name{};
  const int error = ::ptsname_r(terminal.ours.get(), name.data(), name.size());
  if (error != 0) return system_error(error, "cannot make a terminal");
  terminal.theirs = Fd(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));  // O_NOCTTY: it must not become ours
  termios settings{};
  if (!terminal.theirs.valid() || ::tcgetattr(terminal.theirs.get(), &settings) != 0)
    return system_error(errno, "cannot make a terminal");
  ::cfmakeraw(&settings);
  if (::tcsetattr(terminal.theirs.get(), TCSANOW, &settings) != 0) return system_error(errno, "cannot make a terminal");
  return terminal;
}

void BuildOutput::take(std::string_view piece) {
  const std::uint64_t left = half_ - std::min(half_, size_);
  size_ += piece.size();
  const std::string_view now = piece.substr(0, left);
  if (!now.empty()) {
    errors_.take(now);
    ear_(printable_.take(now));
  }
  hold(piece.substr(now.size()));
}

void BuildOutput::hold(std::string_view piece) {
  held_ += piece.size();
  const auto most = static_cast<std::size_t>(half_);
  if (piece.size() > most) piece.remove_prefix(piece.size() - most);
  const std::size_t appended = std::min(piece.size(), most - last_.size());
  last_.append(piece.substr(0, appended));
  for (piece.remove_prefix(appended); !piece.empty();) {
    const std::size_t part = std::min(piece.size(), most - last_at_);
    std::copy_n(piece.data(), part, last_.data() + last_at_);
    last_at_ = (last_at_ + part) % most;
    piece.remove_prefix(part);
  }
}

void BuildOutput::end() {
  if (held_ > last_.size()) {
    ear_(printable_.end());
    ear_(fmt::format("\n[{} of output left out]\n", human_bytes(held_ - last_.size())));
    printable_ = Printable();
  }
  std::rotate(last_.begin(), last_.begin() + static_cast<std::ptrdiff_t>(last_at_), last_.end());
  errors_.take(last_);
  errors_.end();
  if (!last_.empty()) ear_(printable_.take(last_));
  const std::string rest = printable_.end();
  if (!rest.empty()) ear_(rest);
  last_.clear();
}

}  // namespace simswarm::build
