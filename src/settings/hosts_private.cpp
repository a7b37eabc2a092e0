#include "settings/hosts_private.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/text.h"

namespace simswarm {
namespace {

constexpr mode_t kOfOthers = 077;

Status check_private(int descriptor, const fs::path& file) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return system_error(errno, file.string());
  if (!S_ISREG(info.st_mode)) return environment_error("{} is no regular file", file.string());
  if (info.st_uid != ::geteuid())
    return environment_error("{} has secrets and is another user's: a file of your own is expected", file.string());
  if ((info.st_mode & kOfOthers) != 0) {
    return environment_error("{} has secrets, and others than you have rights to it (mode {:04o}): chmod 600 {}",
                             file.string(), info.st_mode & 07777U, shell_quoted(file.string()));
  }
  return {};
}

Result<std::string> read_all(int descriptor, const fs::path& file) {
  std::string content;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t got = ::read(descriptor, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, file.string());
    if (got == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(got));
  }
}

Status write_all(int descriptor, std::string_view content, const std::string& file) {
  while (!content.empty()) {
    const ssize_t put = ::write(descriptor, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error(errno, file);
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::fsync(descriptor) != 0) return system_error(errno, file);
  return {};
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded = text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
    decoded +=
        coded ? static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16)) : text[i];
    if (coded) i += 2;
  }
  return decoded;
}

// Where user, password and «@» stand in a URL; both are npos where they do not.
struct Authority {
  std::size_t begin = std::string::npos;  // behind «://»
  std::size_t at = std::string::npos;
};
Authority authority_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  // The options of a store may have an «@», too; in its user and password a «?» is written as %3F.
  const std::size_t at = url.rfind('@', url.starts_with("mongodb") ? url.find('?') : std::string::npos);
  const bool has = at != std::string::npos && at >= scheme + 3;
  return {scheme + 3, has ? at : std::string::npos};
}

}  // namespace

Result<std::string> read_private(const fs::path& file) {
  const Fd descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO is refused, not waited for
  if (!descriptor.valid()) return system_error(errno, file.string());
  SIMSWARM_CHECK(check_private(descriptor.get(), file));
  return read_all(descriptor.get(), file);
}

Status write_private(const fs::path& file, std::string_view content) {
  std::error_code error;
  const bool is_link = fs::is_symlink(file, error);
  error.clear();
  const fs::path target = is_link ? fs::weakly_canonical(file, error) : file;
  if (error) return system_error(error.value(), file.string());
  std::string temporary = target.string() + ".XXXXXX";
  const Fd descriptor(::mkostemp(temporary.data(), O_CLOEXEC));  // 0600
  if (!descriptor.valid()) return system_error(errno, temporary);
  Status written = write_all(descriptor.get(), content, temporary);
  if (written && ::rename(temporary.c_str(), target.c_str()) != 0) written = system_error(errno, target.string());
  if (!written) ::unlink(temporary.c_str());
  return written;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string with_password(const std::string& url, std::string_view password) {
  const Authority found = authority_of(url);
  if (found.begin == std::string::npos) return url;
  const bool has = found.at != std::string::npos;
  std::string user = has ? url.substr(found.begin, found.at - found.begin) : "";
  user = user.substr(0, user.find(':'));
  return fmt::format("{}{}:{}@{}", url.substr(0, found.begin), user, percent_encoded(password),
                     url.substr(has ? found.at + 1 : found.begin));
}

UrlAndPassword without_its_password(const std::string& url) {
  const Authority found = authority_of(url);
  if (found.at == std::string::npos) return {url, ""};
  const std::string user = url.substr(found.begin, found.at - found.begin);
  const std::size_t colon = user.find(':');
  if (colon == std::string::npos) return {url, ""};
  const std::string name = user.substr(0, colon);
  return {fmt::format("{}{}{}", url.substr(0, found.begin), name.empty() ? "" : name + "@", url.substr(found.at + 1)),
          percent_decoded(user.substr(colon + 1))};
}

}  // namespace simswarm
