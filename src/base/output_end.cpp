#include "base/output_end.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace simswarm {
namespace {

bool goes_on(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

// Bytes of the character that begins with this one; 1 for what begins none.
std::size_t length_of(char byte) {
  const auto first = static_cast<unsigned char>(byte);
  return first >= 0xF8U ? 1 : first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : first >= 0xC0U ? 2 : 1;
}

constexpr std::size_t kLongestCharacter = 4;

// Where the last character that is not there whole begins; else the end.
std::size_t whole_until(const std::string& text) {
  for (std::size_t back = 1; back < kLongestCharacter && back <= text.size(); ++back) {
    const char byte = text[text.size() - back];
    if (!goes_on(byte)) return length_of(byte) > back ? text.size() - back : text.size();
  }
  return text.size();
}

}  // namespace

std::string whole_end(std::string text, bool is_cut) {
  text.resize(whole_until(text));
  if (!is_cut) return text;
  std::size_t begin = text.find('\n');
  if (begin < text.size() / 2) {
    ++begin;
  } else {
    begin = 0;
    while (begin < std::min(kLongestCharacter - 1, text.size()) && goes_on(text[begin])) ++begin;
  }
  return text.substr(begin);
}

Result<std::string> read_end_of_output(const fs::path& path, std::size_t most, const std::optional<unsigned>& owner) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return system_error(errno, path.string());
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(errno, path.string());
  if (!S_ISREG(info.st_mode) || (owner && info.st_uid != *owner))
    return environment_error("{}: this is no output of a run", path.string());
  const auto size = static_cast<std::uint64_t>(info.st_size);
  const std::uint64_t begin = size > most ? size - most : 0;
  std::string text(static_cast<std::size_t>(size - begin), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got =
        ::pread(file.get(), text.data() + filled, text.size() - filled, static_cast<off_t>(begin + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, path.string());
    if (got == 0) break;  // it was made shorter meanwhile
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return whole_end(std::move(text), begin > 0);
}

}  // namespace simswarm
