#include "cli/queue_url.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/files.h"
#include "base/text.h"

namespace simswarm::cli {
namespace {

constexpr const char* kQueueVariable = "SIMSWARM_QUEUE";
constexpr const char* kPasswordVariable = "SIMSWARM_PASSWORD_FILE";

std::string& remembered() {
  static std::string url;
  return url;
}

// «redis://:secret@host»: the part before the last «@» of the authority. Null: there is none.
char* password_in(char* text, std::size_t& size) {
  char* scheme = std::strstr(text, "://");
  if (scheme == nullptr) return nullptr;
  char* const begin = scheme + 3;
  char* const at = std::strrchr(begin, '@');
  if (at == nullptr) return nullptr;
  char* const colon = std::find(begin, at, ':');
  if (colon == at) return nullptr;
  size = static_cast<std::size_t>(at - colon - 1);
  return colon + 1;
}

void blot_out(char* text) {
  std::size_t size = 0;
  if (char* const password = password_in(text, size); password != nullptr) std::memset(password, 'x', size);
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

// In place of a password that the URL has; a user in it stays.
std::string with_password(const std::string& url, std::string_view password) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t begin = scheme + 3;
  const std::size_t at = url.rfind('@');
  const bool has = at != std::string::npos && at >= begin;
  std::string user = has ? url.substr(begin, at - begin) : "";
  user = user.substr(0, user.find(':'));
  return fmt::format("{}{}:{}@{}", url.substr(0, begin), user, percent_encoded(password),
                     url.substr(has ? at + 1 : begin));
}

}  // namespace

Result<std::string> queue_url(const QueueArguments& arguments) {
  const std::string url = arguments.queue.empty() ? remembered() : arguments.queue;
  if (url.empty()) {
    return usage_error("which queue? --queue redis://host[:port] or {} says it; --password-file FILE has its password",
                       kQueueVariable);
  }
  std::string file = arguments.password_file;
  if (const char* given = std::getenv(kPasswordVariable); file.empty() && given != nullptr) file = given;
  ::unsetenv(kPasswordVariable);  // runs inherit our environment
  if (file.empty()) return url;
  Result<std::string> text = read_file(file);
  if (!text) return environment_error("the password file cannot be read: {}", text.error().message);
  const std::string password = text->substr(0, text->find_first_of("\r\n"));
  if (password.empty()) return usage_error("the first line of the password file {} is empty", file);
  return with_password(url, password);
}

void hide_passwords(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) blot_out(argv[i]);
  if (char* const given = std::getenv(kQueueVariable); given != nullptr) {
    remembered() = given;
    blot_out(given);
    ::unsetenv(kQueueVariable);  // runs inherit our environment
  }
}

}  // namespace simswarm::cli
