#include "worker/queue_words.h"

#include <fnmatch.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace simswarm::worker {

Fd make_event() {
  return Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void ring(const Fd& event) {
  const std::uint64_t one = 1;
  (void)!::write(event.get(), &one, sizeof(one));
}

void hush(const Fd& event) {
  std::uint64_t count = 0;
  (void)!::read(event.get(), &count, sizeof(count));
}

QueueCommand parse_command(std::string_view text) {
  constexpr std::size_t kDeepest = 8;
  QueueCommand result;
  if (json_depth(text) > kDeepest) return result;
  const nlohmann::json object = nlohmann::json::parse(text, nullptr, false);
  const auto text_of = [&](const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string what = text_of("command");
  result.shutdown = what == "shutdown";
  result.kill = what == "kill-horse";
  if (what == "stop-job") result.stop = text_of("job_id");
  return result;
}

bool matches(std::string_view pattern, std::string_view name) {
  return ::fnmatch(std::string(pattern).c_str(), std::string(name).c_str(), 0) == 0;
}

void shorten(jobs::Settlement& one) {
  constexpr std::size_t kLongest = std::size_t{64} * 1024;
  if (one.text.size() <= kLongest) return;
  if (one.how == jobs::Settlement::How::kComplete) {
    one = {one.claim, jobs::Settlement::How::kFail, "its result is too long for the queue",
           jobs::AfterFailure::kNoRetry};
  } else {
    one.text.resize(kLongest);
  }
}

Status check_name(jobs::JobQueue& queue, const LinkOptions& options) {
  SIMSWARM_TRY(const std::vector<jobs::WorkerView> workers, queue.workers());
  const std::string recently = to_text(system_clock().stamp() - 3 * options.beat);
  for (const jobs::WorkerView& one : workers) {
    if (one.record.name != options.name || one.seen_at < recently) continue;
    if (one.record.host == options.node && ::kill(one.record.pid, 0) != 0 && errno == ESRCH) continue;  // it has gone
    return usage_error("a worker named «{}» is at work on {}: give this one another --name", options.name.text,
                       one.record.host);
  }
  return {};
}

}  // namespace simswarm::worker
