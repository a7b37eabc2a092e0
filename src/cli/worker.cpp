// simswarm worker: executing the runs of a queue, and who does.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "campaign/build_request.h"
#include "cli/commands.h"
#include "cli/interrupts.h"
#include "cli/queue_url.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "cli/worker_words.h"
#include "exec/network.h"
#include "result/text_table.h"
#include "worker/service.h"

namespace simswarm::cli {
namespace {

using nlohmann::json;

fs::path default_spool() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return fs::path(state) / "simswarm" / "worker";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/' && std::string_view(home) != "/")
    return fs::path(home) / ".local" / "state" / "simswarm" / "worker";
  return fs::path("/var/tmp") / fmt::format("simswarm-worker-{}", ::geteuid());
}

Result<std::optional<worker::StoreOptions>> store_options(const WorkerArguments& arguments) {
  if (!names_store(arguments.store)) {
    if (!arguments.cache.empty())
      return usage_error("--cache {}: what lies in it comes from a store (--store)", arguments.cache);
    return std::nullopt;
  }
  worker::StoreOptions options;
  SIMSWARM_TRY(options.url, store_url(arguments.store));
  options.fresh_url = [from = arguments.store] { return store_url(from); };
  options.cache = arguments.cache.empty() ? default_cache() : fs::absolute(arguments.cache);
  std::optional<std::uint64_t> cache_size = options.cache_limit;
  std::optional<std::uint64_t> spool_size = options.spool_limit;
  SIMSWARM_CHECK(size_from("--cache-size", arguments.cache_size, cache_size));
  SIMSWARM_CHECK(size_from("--spool-size", arguments.spool_size, spool_size));
  options.cache_limit = *cache_size;
  options.spool_limit = *spool_size;
  return options;
}

Status check_queues(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    const Status checked = jobs::check_queue({replace_all(pattern, "*", "x")});
    if (!checked) return usage_error("--queues={}: {}", pattern, checked.error().message);
  }
  return {};
}

// Campaigns that name an image have queues of their own, so that nobody else takes their runs.
std::vector<std::string> queues_of(const std::string& image) {
  if (image.empty()) return {"run", "run-*"};
  const std::string all = campaign::run_queue("*", image);
  return {all.substr(0, all.size() - 2), all};
}

// Of this machine, but for those that are to be left to others; at least one. SIMSWARM_CORES says how many there are,
// for tests.
Result<int> usable_cores(const WorkerArguments& arguments, const std::string& node) {
  std::int64_t cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (const char* said = std::getenv("SIMSWARM_CORES"); said != nullptr) cores = parse_int(said).value_or(cores);
  std::int64_t left = 0;
  for (const std::string& one : arguments.leave) {
    const std::size_t at = one.rfind('=');
    const auto count = at == std::string::npos ? std::nullopt : parse_int(one.substr(at + 1));
    if (at == 0 || !count || *count < 0) return usage_error("--leave={}: expected NODE=CORES, like manager=1", one);
    if (one.substr(0, at) == node) left = *count;
  }
  return static_cast<int>(std::max<std::int64_t>(cores - left, 1));
}

// Null: it was told to end while it waited.
Result<std::unique_ptr<worker::Seats>> take_seats(const WorkerArguments& arguments,
                                                  const worker::ServiceOptions& options) {
  SIMSWARM_TRY(const int seats, usable_cores(arguments, options.link.node));
  worker::SeatOptions wanted{fs::absolute(arguments.seats), static_cast<std::size_t>(seats), options.link.slots};
  const auto gives_up = [&options] { return options.interrupts != nullptr && *options.interrupts > 0; };
  return worker::Seats::take(wanted, gives_up, options.interrupt_descriptor, options.say);
}

Result<std::string> network_from(const std::string& word) {
  if (word == "auto" || exec::network_from(word)) return word;
  const auto near = near_misses(word, {"auto", "private", "sockets", "open"}, 1);
  return usage_error("--network={}: there are auto, private, sockets and open{}", word,
                     near.empty() ? "" : "; did you mean " + near.front() + "?");
}

Result<worker::ServiceOptions> service_options(const WorkerArguments& arguments) {
  worker::ServiceOptions options;
  SIMSWARM_TRY(options.link.url, queue_url(arguments.queue));
  options.link.queue.fresh_url = [from = arguments.queue] { return queue_url(from); };
  SIMSWARM_TRY(options.store, store_options(arguments));
  options.link.node = arguments.node.empty() ? node_name() : arguments.node;
  options.link.name.text = worker_name(arguments.name, options.link.node);
  SIMSWARM_CHECK(jobs::check_worker(options.link.name, options.link.node));
  options.link.version = SIMSWARM_VERSION;
  options.link.cpu = arguments.cpu;
  options.link.patterns = arguments.queues.empty() ? queues_of(arguments.image) : arguments.queues;
  SIMSWARM_CHECK(check_queues(options.link.patterns));
  options.link.spool = arguments.spool.empty() ? default_spool() : fs::absolute(arguments.spool);
  SIMSWARM_TRY(const int cores, usable_cores(arguments, options.link.node));
  if (arguments.slots.value_or(1) < 1) return usage_error("--slots={}: at least one", *arguments.slots);
  options.link.slots = static_cast<std::size_t>(arguments.slots.value_or(cores));
  if (!arguments.seats.empty() && arguments.slots.value_or(1) > cores)
    return usage_error("--slots={}: this node has {} seats (--seats, --leave)", *arguments.slots, cores);
  SIMSWARM_CHECK(size_from("--min-free", arguments.min_free, options.least_free));
  if (arguments.lease < 1 || arguments.lease > 3600)
    return usage_error("--lease={:g}: expected 1 to 3600 seconds", arguments.lease);
  options.link.queue.lease = std::chrono::milliseconds(static_cast<std::int64_t>(arguments.lease * 1000));
  options.link.beat = std::min(options.link.beat, options.link.queue.lease * 3 / 10);
  SIMSWARM_TRY(options.drain, drain_from(arguments.drain));
  SIMSWARM_CHECK(limits_from(arguments.run, options.limits, options.stall));
  options.burst = arguments.burst;
  SIMSWARM_TRY(options.layer, layer_from(arguments.run.layer));
  SIMSWARM_TRY(options.containment, containment_from(arguments.run.containment));
  SIMSWARM_TRY(options.network, network_from(arguments.network));
  options.run_as = arguments.run.run_as;
  if (!options.run_as.empty() && ::geteuid() != 0)
    return usage_error("--run-as {}: only root can run simulations as another user", options.run_as);
  return options;
}

// Runs are kept from the network for nothing where they can read how to log in.
void say_what_runs_can_read(const worker::ServiceOptions& options) {
  if (options.network == "open" || ::geteuid() != 0) return;
  for (const std::string& file : password_files()) {
    std::error_code error;
    const fs::perms perms = fs::status(file, error).permissions();
    if (!error && (perms & fs::perms::others_read) != fs::perms::none)
      options.say(fmt::format("every user can read {}, runs too: give it mode 0400", file));
  }
}

Result<ExitCode> run_worker(const WorkerArguments& arguments) {
  SIMSWARM_TRY(worker::ServiceOptions options, service_options(arguments));
  const Interrupts interrupts = catch_interrupts(false);
  planning_is_over();
  options.interrupts = interrupts.count;
  options.interrupt_descriptor = interrupts.descriptor;
  WorkerLog log(options.link.name.text, arguments.json);
  options.say = options.link.say = [&log](const std::string& text) { log.say(text); };
  say_what_runs_can_read(options);
  std::unique_ptr<worker::Seats> seats;
  if (!arguments.seats.empty()) {
    SIMSWARM_TRY(seats, take_seats(arguments, options));
    if (seats == nullptr) {
      log.say("ended: it had no seat yet");
      return ExitCode::kOk;
    }
    options.seats = seats.get();
  }
  const std::size_t slots = options.link.slots;
  options.on_ready = [&] {
    log.say(fmt::format("{} slot{}, queues {}", slots, slots == 1 ? "" : "s", join(options.link.patterns, ", ")));
  };
  SIMSWARM_TRY(
      const worker::ServiceSummary summary,
      served<worker::ServiceSummary>(arguments.patient, interrupts, log, [&] { return worker::serve(options); }));
  log.say(fmt::format("ended: {} jobs finished, {} failed", summary.finished, summary.failed));
  return ExitCode::kOk;
}

json json_of(const jobs::WorkerView& view) {
  const jobs::WorkerRecord& one = view.record;
  json queues = json::array();
  for (const jobs::QueueName& queue : one.queues) queues.push_back(queue.text);
  return {{"name", one.name.text},  {"host", one.host},         {"pid", one.pid},
          {"version", one.version}, {"state", one.state},       {"obstacle", one.obstacle},
          {"queues", queues},       {"finished", one.finished}, {"failed", one.failed},
          {"slots", one.slots},     {"running", one.running},   {"working_seconds", one.working_seconds},
          {"born", view.born_at},   {"seen", view.seen_at}};
}

Result<ExitCode> list_workers(const WorkerArguments& arguments) {
  SIMSWARM_TRY(const std::string url, queue_url(arguments.queue));
  SIMSWARM_TRY(const auto queue, jobs::open_job_queue(url));
  SIMSWARM_TRY(const std::vector<jobs::WorkerView> workers, queue->workers());
  if (arguments.json) {
    json list = json::array();
    for (const jobs::WorkerView& one : workers) list.push_back(json_of(one));
    print(json{{"workers", list}}.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
    return ExitCode::kOk;
  }
  if (workers.empty()) {
    print("no workers; start one: simswarm worker run --queue URL\n");
    return ExitCode::kOk;
  }
  result::TextTable table({"worker", "host", "state", "busy", "finished", "failed", "seen (UTC)", "queues"});
  for (const jobs::WorkerView& view : workers) {
    const jobs::WorkerRecord& one = view.record;
    std::vector<std::string> queues;
    for (const jobs::QueueName& queue : one.queues) queues.push_back(queue.text);
    table.add_row({one.name.text, one.host, one.obstacle.empty() ? one.state : one.state + ", takes nothing new",
                   one.slots == 0 ? "-" : fmt::format("{}/{}", one.running, one.slots), std::to_string(one.finished),
                   std::to_string(one.failed), view.seen_at.size() > 19 ? view.seen_at.substr(11, 8) : view.seen_at,
                   join(queues, " ")});
  }
  result::TextTable::Style style;
  style.width = stdout_is_terminal() ? terminal_size().columns : 0;
  print(table.render(style));
  for (const jobs::WorkerView& view : workers) {
    if (!view.record.obstacle.empty()) print(fmt::format("{}: {}\n", view.record.name.text, view.record.obstacle));
  }
  return ExitCode::kOk;
}

}  // namespace

Result<ExitCode> worker_command(const WorkerArguments& arguments) {
  if (arguments.action == "run") return run_worker(arguments);
  if (arguments.action == "build") return run_builder(arguments);
  if (arguments.action == "list") return list_workers(arguments);
  const auto near = near_misses(arguments.action, {"run", "build", "list"}, 1);
  return usage_error("worker {}: there are run, build and list{}", arguments.action,
                     near.empty() ? "" : "; did you mean " + near.front() + "?");
}

}  // namespace simswarm::cli
