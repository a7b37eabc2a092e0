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

Result<std::string> network_from(const std::string& word) {
  if (word == "auto" || exec::network_from(word)) return word;
  const auto near = near_misses(word, {"auto", "private", "sockets", "open"}, 1);
  return usage_error("--network={}: there are auto, private, sockets and open{}", word,
                     near.empty() ? "" : "; did you mean " + near.front() + "?");
}

Result<worker::ServiceOptions> service_options(const WorkerArguments& arguments) {
  worker::ServiceOptions options;
  SIMSWARM_TRY(options.link.url, queue_url(arguments.queue));
  SIMSWARM_TRY(options.store, store_options(arguments));
  options.link.node = arguments.node.empty() ? node_name() : arguments.node;
  options.link.name.text = worker_name(arguments.name, options.link.node);
  SIMSWARM_CHECK(jobs::check_worker(options.link.name, options.link.node));
  options.link.version = SIMSWARM_VERSION;
  options.link.cpu = arguments.cpu;
  options.link.patterns = arguments.queues.empty() ? queues_of(arguments.image) : arguments.queues;
  SIMSWARM_CHECK(check_queues(options.link.patterns));
  options.link.spool = arguments.spool.empty() ? default_spool() : fs::absolute(arguments.spool);
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (arguments.slots.value_or(1) < 1) return usage_error("--slots={}: at least one", *arguments.slots);
  options.link.slots = static_cast<std::size_t>(arguments.slots.value_or(cores));
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

Result<ExitCode> run_worker(const WorkerArguments& arguments) {
  SIMSWARM_TRY(worker::ServiceOptions options, service_options(arguments));
  const Interrupts interrupts = catch_interrupts(false);
  planning_is_over();
  options.interrupts = interrupts.count;
  options.interrupt_descriptor = interrupts.descriptor;
  WorkerLog log(options.link.name.text, arguments.json);
  options.say = options.link.say = [&log](const std::string& text) { log.say(text); };
  const std::size_t slots = options.link.slots;
  options.on_ready = [&] {
    log.say(fmt::format("{} slot{}, queues {}", slots, slots == 1 ? "" : "s", join(options.link.patterns, ", ")));
  };
  SIMSWARM_TRY(const worker::ServiceSummary summary, worker::serve(options));
  log.say(fmt::format("ended: {} jobs finished, {} failed", summary.finished, summary.failed));
  return ExitCode::kOk;
}

json json_of(const jobs::WorkerView& view) {
  const jobs::WorkerRecord& one = view.record;
  json queues = json::array();
  for (const jobs::QueueName& queue : one.queues) queues.push_back(queue.text);
  return {{"name", one.name.text},
          {"host", one.host},
          {"pid", one.pid},
          {"version", one.version},
          {"state", one.state},
          {"queues", queues},
          {"finished", one.finished},
          {"failed", one.failed},
          {"slots", one.slots},
          {"running", one.running},
          {"working_seconds", one.working_seconds},
          {"born", view.born_at},
          {"seen", view.seen_at}};
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
    table.add_row({one.name.text, one.host, one.state,
                   one.slots == 0 ? "-" : fmt::format("{}/{}", one.running, one.slots), std::to_string(one.finished),
                   std::to_string(one.failed), view.seen_at.size() > 19 ? view.seen_at.substr(11, 8) : view.seen_at,
                   join(queues, " ")});
  }
  result::TextTable::Style style;
  style.width = stdout_is_terminal() ? terminal_size().columns : 0;
  print(table.render(style));
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
