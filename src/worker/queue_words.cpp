#include "worker/queue_words.h"

#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
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
  if (what == "watch-output") result.watch = text_of("job_id");
  return result;
}

bool serves(const std::vector<std::string>& patterns, const std::string& queue) {
  if (!jobs::check_queue({queue})) return false;  // RQ takes names that we do not
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), queue.c_str(), 0) == 0; });
}

void put_handed_back_last(std::vector<jobs::Settlement>& settlements) {
  const auto is_back = [](const jobs::Settlement& one) { return one.how == jobs::Settlement::How::kHandBack; };
  std::stable_partition(settlements.begin(), settlements.end(),
                        [&](const jobs::Settlement& one) { return !is_back(one); });
  std::reverse(std::find_if(settlements.begin(), settlements.end(), is_back), settlements.end());
}

void wait_until(const std::vector<int>& descriptors, Monotonic until) {
  std::vector<pollfd> polled;
  polled.reserve(descriptors.size());
  for (const int descriptor : descriptors) polled.push_back({descriptor, POLLIN, 0});
  const auto left = std::max(until - system_clock().monotonic(), Monotonic::duration::zero());
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(left);
  ::poll(polled.data(), polled.size(), static_cast<int>(time.count()));
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

jobs::ClaimRequest request_of(const LinkOptions& options, const std::vector<Shares::Want>& wants, std::size_t room,
                              std::size_t ahead) {
  jobs::ClaimRequest request{options.name, options.node, {}, 0, std::min(room, options.slots), {}};
  for (const Shares::Want& want : wants) {
    if (request.queues.size() == kMostQueues) break;
    request.queues.push_back(want.queue);
    request.limits.push_back(std::min(kMostAtOnce, std::max(std::min(room, want.most), ahead)));
    request.most = std::max(request.most, request.limits.back());
  }
  return request;
}

jobs::WorkerRecord record_of(const LinkOptions& options, const Presence& presence) {
  jobs::WorkerRecord record;
  record.name = options.name;
  record.queues = presence.named;
  for (const jobs::QueueName& queue : presence.registered) {
    if (std::find(presence.named.begin(), presence.named.end(), queue) == presence.named.end())
      record.queues.push_back(queue);
  }
  if (record.queues.empty()) record.queues.push_back({"run"});
  record.host = options.node;
  record.pid = static_cast<int>(::getpid());
  record.version = options.version;
  record.state = presence.running > 0 ? "busy" : presence.state.suspended ? "suspended" : "idle";
  record.finished = presence.state.finished;
  record.failed = presence.state.failed;
  record.working_seconds = presence.working_seconds;
  record.slots = options.slots;
  record.running = presence.running;
  record.cpu = options.cpu;
  record.obstacle = presence.obstacle;
  return record;
}

Result<Beaten> beat(jobs::JobQueue& queue, const jobs::WorkerRecord& record, const std::vector<jobs::Told>& told,
                    const std::vector<jobs::Claim>& held) {
  Beaten beaten;
  SIMSWARM_CHECK(queue.present(record));
  if (!told.empty()) {
    SIMSWARM_TRY(beaten.watched, queue.tell(told));
  }
  if (!held.empty()) {
    SIMSWARM_TRY(beaten.beats, queue.heartbeat(held));
  }
  return beaten;
}

Status reap_all(jobs::JobQueue& queue, const std::function<void(const std::string&)>& say) {
  constexpr int kMostReapings = 50;
  std::size_t taken = 0;
  for (int i = 0; i < kMostReapings; ++i) {
    SIMSWARM_TRY(const jobs::Reaped reaped, queue.reap(kMostAtOnce));
    taken += reaped.back.size() + reaped.ended.size();
    if (reaped.back.size() + reaped.ended.size() < kMostAtOnce) break;
  }
  if (taken > 0) say(fmt::format("{} jobs of workers that have gone are taken back", taken));
  return {};
}

Result<std::vector<jobs::QueueView>> look_at(jobs::JobQueue& queue,
                                             const std::function<bool(const std::string&)>& serves) {
  SIMSWARM_TRY(std::vector<jobs::QueueView> queues, queue.queues());
  std::erase_if(queues, [&](const jobs::QueueView& one) { return !serves(one.name.text); });
  for (jobs::QueueView& one : queues) {
    if (one.due == 0) continue;
    SIMSWARM_TRY(const std::size_t due, queue.drain_due(one.name, kMostAtOnce));
    one.queued += due;
  }
  return queues;
}

void MissingCpus::miss(const std::string& campaign, const std::string& cpu, Monotonic now) {
  const auto [found, is_new] = missed_.try_emplace(campaign);
  Missed& missed = found->second;
  if (is_new || missed.cpu != cpu) missed = {cpu, now, now, false};
  missed.missed = now;
}

std::vector<std::string> MissingCpus::look(const std::vector<jobs::WorkerView>& workers, Monotonic now) {
  std::erase_if(missed_, [&](const auto& one) { return now - one.second.missed > 3 * patience_; });  // it has ended
  std::vector<std::string> words;
  for (auto& [campaign, missed] : missed_) {
    const auto has = [&, cpu = &missed.cpu](const jobs::WorkerView& one) { return one.record.cpu == *cpu; };
    if (std::any_of(workers.begin(), workers.end(), has)) {
      missed.seen = now;
      if (std::exchange(missed.told, false))
        words.push_back(fmt::format("campaign {}: a worker with «{}» is there again", campaign, missed.cpu));
    } else if (now - missed.seen > patience_ && !std::exchange(missed.told, true)) {
      words.push_back(
          fmt::format("campaign {} keeps to «{}» (--same-cpu), and no worker here has had one for {}: its "
                      "runs wait for one",
                      campaign, missed.cpu, human_duration(Seconds(patience_).count())));
    }
  }
  return words;
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
