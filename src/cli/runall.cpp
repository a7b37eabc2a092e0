// simswarm runall: the words of opp_runall.
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <set>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/enqueue.h"
#include "cli/on.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "simulator/cmdenv.h"

namespace simswarm::cli {
namespace {

// A word of a recipe: quoted for the shell, and «$» doubled for make.
std::string recipe_word(const std::string& word) {
  return replace_all(shell_quoted(word), "$", "$$");
}

// What one process of the makefile executes: runs that belong together, and of one configuration.
std::vector<std::vector<Run>> processes(const Dialect& dialect, const RunList& runs, std::size_t batch_size) {
  std::vector<std::vector<Run>> batches;
  std::set<std::size_t> grouped;
  for (const auto& group : dialect.inseparable()) {
    batches.emplace_back();
    for (const std::size_t position : group) batches.back().push_back(runs[position]);
    grouped.insert(group.begin(), group.end());
  }
  const std::size_t most = dialect.can_batch() ? batch_size : 1;
  bool may_grow = false;  // the last batch
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (grouped.contains(i)) continue;
    const bool joins =
        may_grow && batches.back().size() < most && dialect.may_share_process(batches.back().back(), runs[i]);
    if (!joins) batches.emplace_back();
    batches.back().push_back(runs[i]);
    may_grow = true;
  }
  return batches;
}

// «run7», with several configurations «Config-run7»: in letters that mean nothing to make.
std::string target_name(const std::vector<Run>& batch, std::size_t index, bool several_configs) {
  if (batch.size() > 1) return fmt::format("batch{}", index);
  if (!several_configs) return fmt::format("run{}", batch.front().number);
  const std::string& config = batch.front().config;
  const bool plain = std::all_of(config.begin(), config.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
  return plain ? fmt::format("{}-run{}", config, batch.front().number) : fmt::format("process{}", index);
}

// The makefile of -e: one target a process, so that «make -j8 -k -f Runfile» runs the study without simswarm.
std::string makefile(const Dialect& dialect, const RunList& runs, std::size_t batch_size) {
  std::vector<std::string> configs;
  for (const Run run : runs) {
    if (configs.empty() || configs.back() != run.config) configs.push_back(run.config);
  }
  std::string targets;
  std::string rules;
  std::size_t index = 0;
  for (const std::vector<Run>& batch : processes(dialect, runs, batch_size)) {
    const std::string target = target_name(batch, index++, configs.size() > 1);
    targets += " " + target;
    rules += target + ":\n\t";
    for (const std::string& word : dialect.command_line(batch)) rules += recipe_word(word) + " ";
    rules.back() = '\n';
    rules += "\n";
  }
  return fmt::format(
      "# Runs of {}. Run them with: make -j$(nproc) -k -f THIS_FILE\n\nTARGETS ={}\n\n.PHONY: all $(TARGETS)\n\n"
      "all: $(TARGETS)\n\t@echo All runs completed.\n\n{}",
      join(configs, ", "), targets, rules);
}

// Where no campaign tells them. What is broken is said by with_broken().
void tell_remarks(const Dialect& dialect) {
  const std::vector<std::string> broken = dialect.broken();
  for (const std::string& remark : dialect.remarks()) {
    if (std::find(broken.begin(), broken.end(), remark) == broken.end()) std::cerr << "note: " << remark << "\n";
  }
}

Result<ExitCode> export_makefile(const RunallArguments& arguments, Dialect& dialect) {
  SIMSWARM_TRY(const RunList runs, dialect.list_runs());
  const auto batch = static_cast<std::size_t>(arguments.campaign.batch_size.value_or(1));
  SIMSWARM_CHECK(write_file_atomically(arguments.export_file, makefile(dialect, runs, batch)));
  tell_remarks(dialect);
  print(fmt::format("{} written: {} runs\n", arguments.export_file, runs.size()));
  return ExitCode::kOk;
}

// What is broken keeps a campaign from being complete, whatever became of the rest. Said last, where it is seen.
ExitCode with_broken(ExitCode code, const Dialect& dialect) {
  const std::vector<std::string> broken = dialect.broken();
  for (const std::string& sentence : broken) std::cerr << "simswarm: not run: " << sentence << "\n";
  if (broken.empty()) return code;
  return code == ExitCode::kOk ? ExitCode::kSomeRunsIncomplete : code;
}

}  // namespace

Result<ExitCode> runall(const RunallArguments& arguments) {
  SIMSWARM_TRY(const fs::path folder, working_folder());
  SIMSWARM_TRY(const Settings settings, settings_of("", folder));
  SIMSWARM_TRY(campaign::Options options, campaign_options(arguments.campaign, settings.campaign, folder));
  if (arguments.shared_files != "refuse" && arguments.shared_files != "serial") {
    return usage_error("--shared-files={}: expected refuse or serial", arguments.shared_files);
  }
  CmdenvRequest request;
  request.words = arguments.campaign.words;
  request.working_folder = folder;
  request.all_configs = arguments.all_configs;
  request.shared_files = arguments.shared_files == "serial" ? SharedFiles::kSerial : SharedFiles::kRefuse;
  request.distinct_names = arguments.distinct_names;
  request.run_number_unused = arguments.run_number_unused;
  request.environment = settings.campaign.environment;
  request.environment.insert(request.environment.end(), arguments.campaign.environment.begin(),
                             arguments.campaign.environment.end());
  if (!arguments.campaign.swarm.on.empty() && !arguments.campaign.swarm.prebuilt) {
    if (request.words.empty())
      return usage_error("runall: which simulation? simswarm runall --on NAME -- ./sim -c Config");
    if (!arguments.export_file.empty()) return usage_error("-e: the makefile is for this machine: without --on");
    if (arguments.shared_files == "serial")
      return usage_error("--shared-files=serial: runs that append to one file cannot be shared by workers");
    return build_there(arguments.campaign, settings, std::move(options), {folder, std::move(request)},
                       arguments.run_number_unused);
  }
  if (!request.words.empty()) {
    SIMSWARM_TRY(const fs::path program, exec::find_program(request.words.front(), folder));
    const auto user = exec::unprivileged_user(plan::project_of(folder), folder, program, options.run_as);
    if (user) request.run_as = {user->uid, user->gid};
  }
  SIMSWARM_TRY(const auto dialect, make_cmdenv_dialect(request));
  if (!arguments.export_file.empty()) {
    SIMSWARM_TRY(const ExitCode exported, export_makefile(arguments, *dialect));
    return with_broken(exported, *dialect);
  }
  if (!arguments.campaign.queue.queue.empty() || !arguments.campaign.swarm.on.empty()) {
    SIMSWARM_TRY(const ExitCode enqueued, enqueue(arguments.campaign, settings.campaign, std::move(options),
                                                  {folder, std::move(request)}, *dialect));
    return with_broken(enqueued, *dialect);
  }
  SIMSWARM_TRY(const ExitCode code, carry_out(arguments.campaign, std::move(options), *dialect));
  if (arguments.campaign.dry_run && !arguments.campaign.quiet) tell_remarks(*dialect);
  return with_broken(code, *dialect);
}

}  // namespace simswarm::cli
