// What bench/dashboard.py cannot make: campaigns as they stand in queue and store, and workers that go on with them.
// Everything is done as by a client and its workers, but no program is executed.
//
//   dashboard_swarm QUEUE STORE CAMPAIGNS RUNS ENDED STARTED WORKERS
//
// Each campaign has so many RUNS, of which so many have ENDED (one in twenty failed) and are STARTED; all others are
// queued. Says the ids when that is there. Then each line of the standard input is a word and a number: «pace 50» lets
// so many runs a second end, and as many begin; «rush 1000» lets so many do so at once, and says the seconds.
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "campaign/standing.h"
#include "campaign/submission.h"
#include "worker/assignment.h"

namespace simswarm {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kAtOnce = 500;
constexpr milliseconds kBeat{3'000};  // of each worker: as theirs
constexpr int kOneFails = 20;

template <typename T>
T good(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "dashboard_swarm: {}\n", result.error().message);
  std::exit(1);
}
void good(const Status& status) {
  if (status) return;
  fmt::print(stderr, "dashboard_swarm: {}\n", status.error().message);
  std::exit(1);
}

struct Sizes {
  std::size_t campaigns, runs, ended, started, workers;
};

struct OneCampaign {
  store::CampaignRecord record;
  std::vector<RunKey> keys;
  RunList runs;
};

// A job that a worker holds.
struct Holding {
  jobs::Claim claim;
  std::size_t campaign = 0, position = 0;
  SteadyClock::time_point since{};
};

struct OneWorker {
  jobs::WorkerRecord record;
  std::vector<Holding> held;
  SteadyClock::time_point next_beat{};
};

Run run_at(std::size_t position) {
  constexpr std::size_t kValues = 20;
  Run run;
  run.config = "Load";
  run.number = static_cast<std::int64_t>(position);
  run.repetition = static_cast<std::int64_t>(position % kValues);
  run.variables = {{"load", fmt::format("{}", 1 + position / kValues / kValues)},
                   {"interval", fmt::format("{}ms", 5 * (1 + position / kValues % kValues))}};
  run.seed_set = std::to_string(run.repetition);
  return run;
}

class Swarm {
 public:
  Swarm(const std::string& queue, const std::string& store, Sizes sizes)
      : sizes_(sizes), queue_(good(jobs::open_job_queue(queue))), store_(good(store::open_store(store))) {}

  void fill() {
    for (std::size_t i = 0; i < sizes_.workers; ++i) workers_.push_back(new_worker(i));
    for (std::size_t i = 0; i < sizes_.campaigns; ++i) add_campaign(i);
    for (OneWorker& worker : workers_) {
      while (worker.held.size() < worker.record.slots) {
        if (!claim(worker, started_++ % sizes_.campaigns, 1)) break;
      }
      beat(worker);
    }
  }

  [[nodiscard]] std::string ids() const {
    std::string all;
    for (const OneCampaign& one : campaigns_) all += (all.empty() ? "" : " ") + one.record.id;
    return all;
  }

  // Leases are renewed, and what runs is told; as each worker does.
  void renew() {
    const auto now = SteadyClock::now();
    for (OneWorker& worker : workers_) {
      if (worker.next_beat <= now) beat(worker);
    }
  }

  // So many runs end, and as many begin.
  void go_on(std::size_t runs) {
    while (runs > 0) {
      const std::size_t some = std::min(runs, kAtOnce);
      end_and_begin(some);
      runs -= some;
    }
  }

 private:
  OneWorker new_worker(std::size_t index) {
    constexpr std::size_t kOnAHost = 4;
    OneWorker worker;
    worker.record.name = {fmt::format("node{:03}-{}", index / kOnAHost, index % kOnAHost)};
    worker.record.host = fmt::format("node{:03}", index / kOnAHost);
    worker.record.address = fmt::format("10.0.0.{}", index / kOnAHost);
    worker.record.queues = {{"run"}};
    worker.record.pid = static_cast<int>(1000 + index);
    worker.record.version = "0.0.0";
    worker.record.state = "busy";
    worker.record.cpu = "x86-64-v3";
    worker.record.slots = std::max<std::size_t>(1, sizes_.started * sizes_.campaigns / sizes_.workers);
    // Beats of workers come one after the other, not all at once.
    worker.next_beat = SteadyClock::now() + kBeat * index / sizes_.workers;
    return worker;
  }

  void add_campaign(std::size_t index) {
    OneCampaign one;
    one.record.id = last_id_ = make_ulid(system_clock().stamp(), last_id_);
    one.record.name = fmt::format("load and interval, part {}", index);
    one.record.queue = "run-" + one.record.id;
    one.record.host = "desk";
    one.record.runs = sizes_.runs;
    one.record.max_lost = 3;
    one.record.created = system_clock().stamp();
    campaign::Foretold foretold;
    foretold.dialect = "cmdenv";
    foretold.command = {"./sim", "-u", "Cmdenv", "-c", "Load", "-r", "0"};
    foretold.simulator = "OMNeT++ 6.1";
    foretold.result_folders = {"results"};
    for (std::size_t i = 0; i < sizes_.runs; ++i) {
      const Run run = run_at(i);
      one.keys.push_back({digest_of(fmt::format("{} {}", one.record.id, i))});
      one.runs.push_back(run);
      foretold.runs.push_back(run);
      foretold.keys.push_back(one.keys.back().digest.bytes());
      foretold.add_expected({fmt::format("results/Load-{}.sca", i)});
    }
    one.record.study = worker::to_json(worker::StudySpec{});
    one.record.artifact = digest_of("artifact");
    one.record.plan = good(campaign::keep_keys(one.keys, *store_));
    one.record.foretold = good(campaign::keep_foretold(foretold, *store_));
    good(store_->keep_campaign(one.record));
    std::vector<std::size_t> order(sizes_.runs);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto name_of = [&](std::size_t position) { return long_name(one.runs[position]); };
    good(campaign::submit(one.record, order, name_of, *queue_));
    good(queue_->describe({one.record.queue}, {.name = one.record.name, .priority = 0}));
    campaigns_.push_back(std::move(one));
    end_some(index);
  }

  // Those that have ended before.
  void end_some(std::size_t campaign) {
    for (std::size_t left = sizes_.ended; left > 0;) {
      OneWorker& worker = workers_[next_worker_++ % workers_.size()];
      const std::size_t before = worker.held.size();
      if (!claim(worker, campaign, std::min(left, kAtOnce))) return;
      std::vector<std::pair<OneWorker*, Holding>> ending;
      for (; worker.held.size() > before; worker.held.pop_back()) ending.emplace_back(&worker, worker.held.back());
      end(ending);
      left -= ending.size();
    }
  }

  bool claim(OneWorker& worker, std::size_t campaign, std::size_t most) {
    const jobs::Claims claims =
        good(queue_->claim({worker.record.name, worker.record.host, {{campaigns_[campaign].record.queue}}, most}));
    for (const jobs::ClaimedJob& job : claims.jobs) {
      const auto position = campaign::position_of(campaigns_[campaign].record.id, job.claim.job);
      worker.held.push_back({job.claim, campaign, position.value_or(0), SteadyClock::now()});
    }
    worker.record.running = worker.held.size();
    return !claims.jobs.empty();
  }

  store::RunRecord record_of(const OneWorker& worker, const Holding& holding, bool has_failed) {
    constexpr double kLongest = 40;
    store::RunRecord record;
    store::AttemptRecord& made = record.made_by;
    made.attempt.key = campaigns_[holding.campaign].keys[holding.position];
    made.attempt.number = holding.claim.attempt;
    made.attempt.campaign = campaigns_[holding.campaign].record.id;
    made.attempt.verdict.outcome = has_failed ? Outcome::kModelError : Outcome::kCompleted;
    if (has_failed) made.attempt.verdict.message = "The queue is full -- in module (Queue) Net.queue (id=7)";
    made.attempt.usage.wall_seconds = std::uniform_real_distribution<double>(1, kLongest)(random_);
    made.attempt.usage.user_seconds = made.attempt.usage.wall_seconds * 0.98;
    made.attempt.usage.peak_memory = 40'000'000 + random_() % 20'000'000;
    made.attempt.ended = system_clock().stamp();
    made.attempt.started = made.attempt.ended - std::chrono::seconds(20);
    made.attempt.exit_code = has_failed ? 1 : 0;
    made.attempt.host = worker.record.host;
    made.attempt.command = {"./sim", "-u", "Cmdenv", "-c", "Load", "-r", std::to_string(holding.position)};
    made.run = long_name(campaigns_[holding.campaign].runs[holding.position]);
    made.worker = worker.record.name.text;
    record.canonical = digest_of("results");
    return record;
  }

  // The store first, as workers do.
  void end(const std::vector<std::pair<OneWorker*, Holding>>& ending) {
    std::vector<store::AttemptRecord> attempts;
    std::vector<store::RunRecord> results;
    std::vector<jobs::Settlement> settlements;
    for (const auto& [worker, holding] : ending) {
      const bool has_failed = random_() % kOneFails == 0;
      const store::RunRecord record = record_of(*worker, holding, has_failed);
      attempts.push_back(record.made_by);
      if (!has_failed) results.push_back(record);
      ++(has_failed ? worker->record.failed : worker->record.finished);
      worker->record.working_seconds += record.made_by.attempt.usage.wall_seconds;
      settlements.push_back({.claim = holding.claim,
                             .how = has_failed ? jobs::Settlement::How::kFail : jobs::Settlement::How::kComplete,
                             .text = has_failed ? "model_error: The queue is full" : R"({"outcome":"completed"})"});
    }
    good(store_->note_attempts(attempts));
    (void)good(store_->accept(results));
    (void)good(queue_->settle(settlements));
  }

  void end_and_begin(std::size_t runs) {
    std::vector<std::pair<OneWorker*, Holding>> ending;
    for (std::size_t i = 0; i < runs; ++i) {
      OneWorker& worker = workers_[next_worker_++ % workers_.size()];
      if (worker.held.empty()) continue;
      ending.emplace_back(&worker, worker.held.front());
      worker.held.erase(worker.held.begin());
    }
    end(ending);
    for (const auto& [worker, holding] : ending) (void)claim(*worker, holding.campaign, 1);
  }

  void beat(OneWorker& worker) {
    worker.next_beat = std::max(worker.next_beat + kBeat, SteadyClock::now());
    std::vector<jobs::Told> told;
    std::vector<jobs::Claim> claims;
    for (const Holding& one : worker.held) {
      const double seconds = Seconds(SteadyClock::now() - one.since).count();
      claims.push_back(one.claim);
      told.push_back({one.claim, fmt::format(R"({{"seconds":{:.1f},"fraction":{:.4f},"simulated_time":{:.2f},)"
                                             R"("event":{},"memory":41234432}})",
                                             seconds, seconds / (seconds + 30), seconds * 12,
                                             static_cast<std::int64_t>(seconds * 90'000))});
    }
    good(queue_->present(worker.record));
    good(queue_->tell(told));
    (void)good(queue_->heartbeat(claims));
  }

  Sizes sizes_;
  std::unique_ptr<jobs::JobQueue> queue_;
  std::unique_ptr<store::Store> store_;
  std::vector<OneCampaign> campaigns_;
  std::vector<OneWorker> workers_;
  std::string last_id_;
  std::size_t started_ = 0, next_worker_ = 0;
  std::mt19937_64 random_{20};
};

// Nothing: it was only time.
std::optional<std::string> next_line(milliseconds wait) {
  static std::string text;
  pollfd ready{STDIN_FILENO, POLLIN, 0};
  if (text.find('\n') == std::string::npos) {
    if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0) return std::nullopt;
    std::string piece(256, '\0');
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got <= 0) std::exit(0);  // who asked has gone
    text.append(piece, 0, static_cast<std::size_t>(got));
  }
  const std::size_t end = text.find('\n');
  if (end == std::string::npos) return std::nullopt;
  const std::string line = text.substr(0, end);
  text.erase(0, end + 1);
  return line;
}

void attend(Swarm& swarm) {
  constexpr milliseconds kTick{100};
  double pace = 0, owed = 0;
  auto before = SteadyClock::now();
  for (;;) {
    const std::optional<std::string> line = next_line(kTick);
    if (line) {
      const std::size_t space = line->find(' ');
      const auto number = static_cast<std::size_t>(std::stoul(line->substr(space + 1)));
      if (line->starts_with("pace ")) pace = static_cast<double>(number);
      if (line->starts_with("rush ")) {
        const auto begun = SteadyClock::now();
        swarm.go_on(number);
        fmt::print("{:.3f}\n", Seconds(SteadyClock::now() - begun).count());
        std::fflush(stdout);
      }
    }
    const auto now = SteadyClock::now();
    owed += pace * Seconds(now - before).count();
    before = now;
    const auto whole = static_cast<std::size_t>(owed);
    owed -= static_cast<double>(whole);
    swarm.go_on(whole);
    swarm.renew();
  }
}

}  // namespace
}  // namespace simswarm

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  constexpr std::size_t kWords = 7;
  if (words.size() != kWords) return 2;
  const auto number = [&](std::size_t index) { return static_cast<std::size_t>(std::stoul(words[index])); };
  simswarm::Swarm swarm(words[0], words[1], {number(2), number(3), number(4), number(5), number(6)});
  swarm.fill();
  fmt::print("{}\n", swarm.ids());
  std::fflush(stdout);
  simswarm::attend(swarm);
}
