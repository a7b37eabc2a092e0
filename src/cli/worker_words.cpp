#include "cli/worker_words.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/text.h"
#include "base/time.h"

namespace simswarm::cli {
namespace {

using nlohmann::json;

// As names of the queue have to be: letters, digits, «_», «-», «.».
std::string as_name(std::string text) {
  for (char& c : text) {
    const bool good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!good) c = '-';
  }
  return text.empty() ? "node" : text;
}

}  // namespace

std::string node_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? as_name(name.data()) : "node";
}

std::string worker_name(const std::string& given, const std::string& node) {
  // A stack's: the name of its task.
  const char* said = std::getenv("SIMSWARM_WORKER_NAME");
  if (given.empty() && said != nullptr && *said != '\0') return said;
  std::random_device random;
  return given.empty() ? fmt::format("{}-{}-{:04x}", node.substr(0, 150), ::getpid(), random() & 0xffffU) : given;
}

fs::path default_cache() {
  if (::geteuid() == 0) return "/var/cache/simswarm";
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return fs::path(cache) / "simswarm";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/' && std::string_view(home) != "/")
    return fs::path(home) / ".cache" / "simswarm";
  return fs::path("/var/tmp") / fmt::format("simswarm-cache-{}", ::geteuid());
}

Result<double> drain_from(const std::string& text) {
  if (text.empty()) return 5.0;
  if (text == "finish") return -1.0;
  if (text == "0") return 0.0;
  const auto seconds = parse_duration(text);
  if (!seconds) return usage_error("--drain={}: expected finish, or a time like 0, 90, 15m", text);
  return *seconds;
}

void WorkerLog::say(const std::string& text) {
  const std::lock_guard guard(mutex_);
  const std::string now = to_text(system_clock().stamp());
  const std::string line = as_json_ ? json{{"time", now}, {"worker", name_}, {"message", text}}.dump(
                                          -1, ' ', false, json::error_handler_t::replace)
                                    : fmt::format("{} {}: {}", now.substr(0, 19), name_, text);
  std::cerr << line + "\n" << std::flush;
}

bool waits_for_interrupt(const Interrupts& interrupts, std::chrono::milliseconds at_most) {
  pollfd one{interrupts.descriptor, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(at_most.count())) > 0 || *interrupts.count > 0;
}

}  // namespace simswarm::cli
