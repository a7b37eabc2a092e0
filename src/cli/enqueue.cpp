#include "cli/enqueue.h"

#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "cli/on.h"
#include "cli/queue_url.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "queue/job_queue.h"

namespace simswarm::cli {
namespace {

using nlohmann::json;

constexpr int kRetries = 2;
constexpr std::chrono::seconds kResultTtl{7 * 86'400};  // how long it can be asked what became of a job
constexpr std::size_t kAtOnce = 1000;

Status check(const CampaignArguments& arguments) {
  if (arguments.max_lost && *arguments.max_lost < 1)
    return usage_error("--max-lost={}: at least 1", *arguments.max_lost);
  if (arguments.retries && *arguments.retries < 0) return usage_error("--retries={}: 0 or more", *arguments.retries);
  const bool stored = names_store(arguments.store) || !arguments.swarm.on.empty();
  const int priority = arguments.priority.value_or(0);
  if (priority < -jobs::kMostPriority || priority > jobs::kMostPriority)
    return usage_error("--priority={}: expected {} to {}", priority, -jobs::kMostPriority, jobs::kMostPriority);
  if (!stored && arguments.same_cpu) return usage_error("--same-cpu: who decides which kind is the store (--store)");
  if (!stored && !arguments.collect.empty())
    return usage_error("--collect={}: results come from a store (--store)", arguments.collect.front());
  if (!stored && arguments.detach) return usage_error("--detach: without --store the runs are only enqueued anyway");
  if (arguments.dry_run && !stored)
    return usage_error("--dry-run shows what a campaign on this machine would do: without --queue");
  return {};
}

// What was done is not done twice, so it can be repeated.
Status put_in(jobs::JobQueue& queue, const std::vector<jobs::NewJob>& some) {
  constexpr int kTries = 10;
  for (int tries = 1;; ++tries) {
    const auto done = queue.enqueue(some);
    if (done) return {};
    if (!done.error().can_retry || tries == kTries) return propagate(done.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

// Without a store workers see this folder.
Result<Where> where_of(const CampaignArguments& arguments) {
  if (!arguments.swarm.on.empty() || names_store(arguments.store))
    return where_is(arguments.swarm.on, arguments.queue, arguments.store);
  Where where;
  SIMSWARM_TRY(where.queue, queue_url(arguments.queue));
  return where;
}

Result<ExitCode> follow(const CampaignArguments& arguments, campaign::Options options, worker::StudySpec spec,
                        Dialect& dialect, const Where& where) {
  campaign::RemoteOptions remote;
  remote.queue = where.queue;
  remote.store = where.store;
  remote.queue_name = arguments.in;
  remote.priority = arguments.priority;
  remote.where = where.words;
  remote.study = std::move(spec);
  remote.max_lost = arguments.max_lost.value_or(remote.max_lost);
  remote.collect = arguments.collect;
  remote.detach = arguments.detach;
  return carry_out(arguments, std::move(options), dialect, &remote);
}

}  // namespace

Result<ExitCode> enqueue(const CampaignArguments& arguments, const CampaignSettings& settings,
                         campaign::Options options, worker::StudySpec spec, Dialect& dialect) {
  SIMSWARM_CHECK(check(arguments));
  SIMSWARM_TRY(Where where, where_of(arguments));
  std::string& url = where.queue;
  SIMSWARM_CHECK(limits_from(arguments, settings, spec.limits, spec.stall));
  if (arguments.batch_size) spec.batch_size = static_cast<std::size_t>(*arguments.batch_size);
  if (!arguments.in.empty()) SIMSWARM_CHECK(jobs::check_queue({arguments.in}));
  spec.same_cpu = arguments.same_cpu;
  if (!where.store.empty()) return follow(arguments, std::move(options), std::move(spec), dialect, where);
  SIMSWARM_TRY(const RunList runs, dialect.list_runs());
  const std::string campaign = make_ulid(system_clock().stamp());
  const std::string in = arguments.in.empty() ? "run-" + campaign : arguments.in;
  SIMSWARM_CHECK(jobs::check_queue({in}));
  SIMSWARM_TRY(const auto queue, jobs::open_job_queue(url));
  SIMSWARM_CHECK(queue->keep_manifest(campaign, worker::to_json(spec)));
  SIMSWARM_CHECK(queue->describe({in}, {options.name, arguments.priority}));
  std::vector<jobs::NewJob> some;
  for (std::size_t position = 0; position < runs.size(); ++position) {
    jobs::NewJob& job = some.emplace_back();
    job.id.text = fmt::format("{}-{}", campaign, position);
    job.queue.text = in;
    job.payload = worker::payload_of(campaign, position);
    job.description = short_name(runs[position]);
    job.retries = arguments.retries.value_or(settings.retries.value_or(kRetries));
    job.max_lost = arguments.max_lost.value_or(job.max_lost);
    job.result_ttl = kResultTtl;
    if (some.size() < kAtOnce && position + 1 < runs.size()) continue;
    if (Status put = put_in(*queue, some); !put) {
      return propagate({put.error().code,
                        fmt::format("{}; {} of {} runs stand in queue {} as campaign {}, and are executed: "
                                    "simswarm jobs delete --in {} takes back what waits",
                                    put.error().message, position + 1 - some.size(), runs.size(), in, campaign, in),
                        false});
    }
    some.clear();
  }
  if (arguments.json) {
    print(json{{"event", "enqueued"}, {"campaign", campaign}, {"queue", in}, {"runs", runs.size()}}.dump() + "\n");
    return ExitCode::kOk;
  }
  print(fmt::format("{} run{} in queue {} as campaign {}\n", runs.size(), runs.size() == 1 ? "" : "s", in, campaign));
  if (!arguments.quiet) {
    print(
        fmt::format("  simswarm jobs list --in {0}     what becomes of them\n"
                    "  simswarm jobs cancel --in {0}   cancels what has not ended\n"
                    "  simswarm worker run{1:<{2}}   executes them\n",
                    in, "", in.size() + 9));
  }
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
