#include "cli/on.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/queue_url.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "queue/job_queue.h"
#include "settings/hosts.h"

namespace simswarm::cli {
namespace {

using nlohmann::json;

Status check(const CampaignArguments& arguments) {
  if (arguments.dry_run)
    return usage_error(
        "--dry-run: what would run is known where it is built; without --on it is shown for this machine");
  if (!arguments.queue.queue.empty() || !arguments.store.store.empty())
    return usage_error("--on {}: it says queue and store, too: leave out --queue and --store", arguments.swarm.on);
  if (arguments.max_lost && *arguments.max_lost < 1)
    return usage_error("--max-lost={}: at least 1", *arguments.max_lost);
  if (!arguments.in.empty()) SIMSWARM_CHECK(jobs::check_queue({arguments.in}));
  if (!arguments.swarm.mode.empty() && arguments.swarm.mode != "release" && arguments.swarm.mode != "debug")
    return usage_error("--mode={}: expected release or debug", arguments.swarm.mode);
  const int priority = arguments.priority.value_or(0);
  if (priority < -jobs::kMostPriority || priority > jobs::kMostPriority)
    return usage_error("--priority={}: expected {} to {}", priority, -jobs::kMostPriority, jobs::kMostPriority);
  return {};
}

std::vector<std::string> together(std::vector<std::string> some, const std::vector<std::string>& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

campaign::BuiltOptions built_options(const CampaignArguments& arguments, const Settings& settings) {
  const SwarmArguments& swarm = arguments.swarm;
  const BuildSettings& build = settings.build;
  campaign::BuiltOptions options;
  options.commit = swarm.commit;
  options.include = together(build.include, swarm.include);
  options.roots = swarm.roots.empty() ? build.roots : swarm.roots;
  options.steps = build.command;
  options.steps_folder = build.folder;
  options.mode = !swarm.mode.empty() ? swarm.mode : build.mode.empty() ? "release" : build.mode;
  options.image = swarm.image.empty() ? build.image : swarm.image;
  options.environment = together(together(build.environment, settings.campaign.environment), arguments.environment);
  options.priority = arguments.priority.value_or(0);
  return options;
}

}  // namespace

Result<Where> where_is(const std::string& on, const QueueArguments& queue, const StoreArguments& store) {
  Where where;
  QueueArguments of_queue = queue;
  StoreArguments of_store = store;
  of_queue.on = of_store.on = on;
  SIMSWARM_TRY(where.queue, queue_url(of_queue));
  SIMSWARM_TRY(where.store, store_url(of_store));
  if (on.empty()) return where;
  where.words = " --on " + shell_quoted(on);
  SIMSWARM_TRY(const HostSettings host, host_named(on));
  where.image = host.image;
  return where;
}

Result<ExitCode> build_there(const CampaignArguments& arguments, const Settings& settings, campaign::Options options,
                             worker::StudySpec study, bool run_number_unused) {
  SIMSWARM_CHECK(check(arguments));
  SIMSWARM_TRY(const Where where, where_is(arguments.swarm.on, arguments.queue, arguments.store));
  SIMSWARM_CHECK(limits_from(arguments, settings.campaign, study.limits, study.stall));
  if (arguments.batch_size) study.batch_size = static_cast<std::size_t>(*arguments.batch_size);
  study.same_cpu = arguments.same_cpu;
  campaign::RemoteOptions remote;
  remote.queue = where.queue;
  remote.store = where.store;
  remote.queue_name = arguments.in;
  remote.study = std::move(study);
  remote.max_lost = arguments.max_lost.value_or(remote.max_lost);
  remote.collect = arguments.collect;
  remote.detach = arguments.detach;
  remote.where = where.words;
  campaign::BuiltOptions built = built_options(arguments, settings);
  if (built.image.empty()) built.image = where.image;
  built.run_number_unused = run_number_unused;
  return observed(arguments, std::move(options), [&](const campaign::Options& whole, campaign::Observer& observer) {
    return campaign::run_built(whole, remote, built, observer);
  });
}

Result<ExitCode> attach_command(const AttachArguments& arguments) {
  SIMSWARM_TRY(const fs::path folder, working_folder());
  SIMSWARM_TRY(const Settings settings, settings_of("", folder));
  SIMSWARM_TRY(campaign::Options options, campaign_options(arguments.campaign, settings.campaign, folder));
  SIMSWARM_TRY(const Where where,
               where_is(arguments.campaign.swarm.on, arguments.campaign.queue, arguments.campaign.store));
  campaign::RemoteOptions remote;
  remote.queue = where.queue;
  remote.store = where.store;
  remote.collect = arguments.campaign.collect;
  remote.where = where.words;
  return observed(arguments.campaign, std::move(options),
                  [&](const campaign::Options& whole, campaign::Observer& observer) {
                    return campaign::attach(whole, remote, arguments.wanted, observer);
                  });
}

Result<ExitCode> cancel_command(const CancelArguments& arguments) {
  SIMSWARM_TRY(const Where where, where_is(arguments.on, arguments.queue, arguments.store));
  campaign::RemoteOptions remote;
  remote.queue = where.queue;
  remote.store = where.store;
  json list = json::array();
  for (const std::string& wanted : arguments.wanted) {
    SIMSWARM_TRY(const campaign::Cancelled done, campaign::cancel_campaign(remote, wanted));
    if (arguments.json) {
      list.push_back({{"campaign", done.campaign},
                      {"name", done.name},
                      {"waiting", done.waiting},
                      {"running", done.running},
                      {"build", done.build}});
      continue;
    }
    if (done.waiting + done.running == 0 && !done.build) {
      print(fmt::format("campaign {}{}: nothing of it waits or runs\n", done.campaign,
                        done.name.empty() ? "" : " (" + done.name + ")"));
      continue;
    }
    print(fmt::format("campaign {}{}: {} waiting runs cancelled, {} running ones told to stop{}\n", done.campaign,
                      done.name.empty() ? "" : " (" + done.name + ")", done.waiting, done.running,
                      done.build ? ", its build, too" : ""));
  }
  if (arguments.json) print(json{{"cancelled", list}}.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
