// What bench/queue.py asks of the queue itself: queue_jobs URL enqueue N | claim N | begin PAYLOAD N
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "queue/job_queue.h"

namespace simswarm::jobs {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

NewJob job(const std::string& id, const std::string& payload) {
  NewJob made;
  made.id = {id};
  made.queue = {"run"};
  made.payload = payload;
  return made;
}

template <typename T>
T good(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "{}\n", result.error().message);
  std::exit(1);
}

// Seconds of enqueueing so many jobs that do nothing.
void enqueue(JobQueue& queue, std::size_t count) {
  constexpr std::size_t kAtOnce = 1000;
  const auto begin = Clock::now();
  std::vector<NewJob> some;
  for (std::size_t i = 0; i < count; ++i) {
    some.push_back(job(fmt::format("n{}", i), R"(["simswarm.nothing",null,[],{}])"));
    if (some.size() < kAtOnce && i + 1 < count) continue;
    (void)good(queue.enqueue(some));
    some.clear();
  }
  fmt::print("{:.6f}\n", seconds_since(begin));
}

// Median seconds of claiming one job and of settling it.
void claim(JobQueue& queue, std::size_t count) {
  std::vector<double> times;
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = Clock::now();
    const Claims claims = good(queue.claim({{"bench"}, "node", {{"run"}}, 1}));
    for (const ClaimedJob& one : claims.jobs) (void)good(queue.complete(one.claim, "null"));
    times.push_back(seconds_since(begin));
  }
  std::sort(times.begin(), times.end());
  fmt::print("{:.6f}\n", times.at(times.size() / 2));
}

// One after the other, with pauses in which workers fall idle: when each was enqueued, in ns since 1970.
void begin(JobQueue& queue, const std::string& payload, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string mine = replace_all(payload, "NUMBER", std::to_string(i));
    (void)good(queue.enqueue({job(fmt::format("b{}", i), mine)}));
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    fmt::print("{}\n", std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
}

}  // namespace
}  // namespace simswarm::jobs

int main(int argc, char** argv) {
  using namespace simswarm::jobs;
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3) return 2;
  const auto queue = good(open_job_queue(words[0]));
  const auto count = static_cast<std::size_t>(std::stoul(words.back()));
  if (words[1] == "enqueue") enqueue(*queue, count);
  if (words[1] == "claim") claim(*queue, count);
  if (words[1] == "begin") begin(*queue, words[2], count);
  return 0;
}
