// simswarm runall: the words of opp_runall.
#include <unistd.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "simulator/cmdenv.h"

namespace simswarm::cli {
namespace {

// A word of a recipe: quoted for the shell, and «$» doubled for make.
std::string recipe_word(const std::string& word) {
  return replace_all(shell_quoted(word), "$", "$$");
}

// The makefile of -e: one target a process, so that «make -j8 -k -f Runfile» runs the study without simswarm.
std::string makefile(const Dialect& dialect, const std::vector<Run>& runs, std::size_t batch_size) {
  std::string targets;
  std::string rules;
  for (std::size_t first = 0; first < runs.size(); first += batch_size) {
    const std::span<const Run> batch(runs.data() + first, std::min(batch_size, runs.size() - first));
    const std::string target =
        batch.size() == 1 ? fmt::format("run{}", batch.front().number) : fmt::format("batch{}", first / batch_size);
    targets += " " + target;
    rules += target + ":\n\t";
    for (const std::string& word : dialect.command_line(batch)) rules += recipe_word(word) + " ";
    rules.back() = '\n';
    rules += "\n";
  }
  return fmt::format(
      "# Runs of {}. Run them with: make -j$(nproc) -k -f THIS_FILE\n\nTARGETS ={}\n\n.PHONY: all $(TARGETS)\n\n"
      "all: $(TARGETS)\n\t@echo All runs completed.\n\n{}",
      runs.front().config, targets, rules);
}

Result<ExitCode> export_makefile(const RunallArguments& arguments, Dialect& dialect) {
  SIMSWARM_TRY(const std::vector<Run> runs, dialect.list_runs());
  const auto batch = static_cast<std::size_t>(arguments.campaign.batch_size.value_or(1));
  SIMSWARM_CHECK(write_file_atomically(arguments.export_file, makefile(dialect, runs, batch)));
  print(fmt::format("{} written: {} runs\n", arguments.export_file, runs.size()));
  return ExitCode::kOk;
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
  request.shared_files = arguments.shared_files == "serial" ? SharedFiles::kSerial : SharedFiles::kRefuse;
  request.distinct_names = arguments.distinct_names;
  request.run_number_unused = arguments.run_number_unused;
  request.environment = settings.campaign.environment;
  request.environment.insert(request.environment.end(), arguments.campaign.environment.begin(),
                             arguments.campaign.environment.end());
  if (!request.words.empty()) {
    SIMSWARM_TRY(const fs::path program, exec::find_program(request.words.front(), folder));
    const auto user = exec::unprivileged_user(plan::project_of(folder), folder, program, options.run_as);
    if (user) request.run_as = {user->uid, user->gid};
  }
  SIMSWARM_TRY(const auto dialect, make_cmdenv_dialect(std::move(request)));
  if (!arguments.export_file.empty()) return export_makefile(arguments, *dialect);
  return carry_out(arguments.campaign, std::move(options), *dialect);
}

}  // namespace simswarm::cli
