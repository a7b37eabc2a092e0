// simswarm worker build: the service that builds what clients ask for.
#include "builder/service.h"

#include <unistd.h>

#include <thread>

#include "base/text.h"
#include "cli/interrupts.h"
#include "cli/queue_url.h"
#include "cli/setup.h"
#include "cli/worker_words.h"

namespace simswarm::cli {
namespace {

// Builds run as other users, who must reach it.
fs::path default_work() {
  if (::geteuid() == 0) return "/var/cache/simswarm/builder";
  return default_cache() / "builder";
}

Status limits_of_builds(const WorkerArguments& arguments, build::BuildLimits& limits) {
  std::optional<double> seconds;
  std::optional<std::uint64_t> memory;
  std::optional<std::uint64_t> disk;
  SIMSWARM_CHECK(duration_from("--build-timeout", arguments.build_timeout, seconds));
  SIMSWARM_CHECK(size_from("--build-memory", arguments.build_memory, memory));
  SIMSWARM_CHECK(size_from("--build-disk", arguments.build_disk, disk));
  limits.seconds = seconds.value_or(limits.seconds);
  limits.memory = memory.value_or(limits.memory);
  limits.disk = disk.value_or(limits.disk);
  return {};
}

Result<builder::WorkshopOptions> workshop_options(const WorkerArguments& arguments, const std::string& node) {
  builder::WorkshopOptions options;
  options.folder = arguments.work.empty() ? default_work() : fs::absolute(arguments.work).lexically_normal();
  options.hosts = arguments.distcc;
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (arguments.compilers.value_or(1) < 1) return usage_error("--compilers={}: at least one", *arguments.compilers);
  if (arguments.builds.value_or(1) < 1) return usage_error("--builds={}: at least one", *arguments.builds);
  options.cores = static_cast<std::size_t>(arguments.compilers.value_or(cores));
  options.builds = static_cast<std::size_t>(arguments.builds.value_or(2));
  options.image = arguments.image;
  options.host = node;
  SIMSWARM_CHECK(limits_of_builds(arguments, options.limits));
  return options;
}

Result<builder::ServiceOptions> service_options(const WorkerArguments& arguments) {
  builder::ServiceOptions options;
  SIMSWARM_TRY(options.queue, queue_url(arguments.queue));
  SIMSWARM_TRY(options.store, store_url(arguments.store));
  options.queue_options.fresh_url = [from = arguments.queue] { return queue_url(from); };
  options.fresh_store = [from = arguments.store] { return store_url(from); };
  options.node = arguments.node.empty() ? node_name() : arguments.node;
  options.name.text = worker_name(arguments.name, options.node);
  SIMSWARM_CHECK(jobs::check_worker(options.name, options.node));
  options.version = SIMSWARM_VERSION;
  if (arguments.lease < 1 || arguments.lease > 3600)
    return usage_error("--lease={:g}: expected 1 to 3600 seconds", arguments.lease);
  options.queue_options.lease = std::chrono::milliseconds(static_cast<std::int64_t>(arguments.lease * 1000));
  SIMSWARM_TRY(options.workshop, workshop_options(arguments, options.node));
  options.cache = arguments.cache.empty() ? default_cache() : fs::absolute(arguments.cache).lexically_normal();
  options.workshop.hidden = {options.cache};
  std::optional<std::uint64_t> cache_size = options.cache_limit;
  SIMSWARM_CHECK(size_from("--cache-size", arguments.cache_size, cache_size));
  options.cache_limit = *cache_size;
  if (arguments.slots.value_or(1) < 1) return usage_error("--slots={}: at least one", *arguments.slots);
  if (arguments.slots) options.slots = static_cast<std::size_t>(*arguments.slots);
  options.run_as = arguments.run.run_as;
  if (!options.run_as.empty() && ::geteuid() != 0)
    return usage_error("--run-as {}: only root can ask programs as another user", options.run_as);
  SIMSWARM_TRY(options.drain, drain_from(arguments.drain));
  options.burst = arguments.burst;
  return options;
}

}  // namespace

Result<ExitCode> run_builder(const WorkerArguments& arguments) {
  SIMSWARM_TRY(builder::ServiceOptions options, service_options(arguments));
  const Interrupts interrupts = catch_interrupts(false);
  planning_is_over();
  options.interrupts = interrupts.count;
  options.interrupt_descriptor = interrupts.descriptor;
  WorkerLog log(options.name.text, arguments.json);
  options.say = [&log](const std::string& text) { log.say(text); };
  options.on_ready = [&] {
    const auto& hosts = options.workshop.hosts;
    log.say(fmt::format("queue {}, {} compilers here{}", campaign::build_queue(options.workshop.image),
                        options.workshop.cores, hosts.empty() ? "" : ", and those of " + join(hosts, ", ")));
  };
  SIMSWARM_TRY(
      const builder::ServiceSummary summary,
      served<builder::ServiceSummary>(arguments.patient, interrupts, log, [&] { return builder::serve(options); }));
  log.say(fmt::format("ended: {} campaigns queued, {} failed", summary.finished, summary.failed));
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
