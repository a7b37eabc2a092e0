#include "cli/program.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "base/files.h"
#include "base/text.h"
#include "cli/app.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/words.h"
#include "exec/layer.h"

namespace simswarm::cli {
namespace {

int say_error(const Error& error) {
  std::cerr << "simswarm: " << error.message << "\n";
  return static_cast<int>(error.code);
}

Result<ExitCode> document(const CLI::App& app, const std::string& form) {
  if (form != "man" && form != "markdown") return usage_error("document {}: expected man or markdown", form);
  print(form == "man" ? man_page(app) : reference(app));
  return ExitCode::kOk;
}

// -C works as for git and make: all that is relative counts from there.
Status enter(const std::string& directory) {
  if (directory.empty() || ::chdir(directory.c_str()) == 0) return {};
  return environment_error("cannot change to the folder «{}»: {}", directory, std::strerror(errno));
}

Status enter_folders(Arguments& arguments) {
  // opp_runall saves the makefile of -e where it was called.
  std::string& exported = arguments.runall.export_file;
  if (!exported.empty()) exported = fs::absolute(exported).string();
  SIMSWARM_CHECK(enter(arguments.directory));
  for (std::string* own :
       {&arguments.runall.campaign.directory, &arguments.sweep.campaign.directory, &arguments.status.look.directory,
        &arguments.log.look.directory, &arguments.explain.look.directory, &arguments.plot.look.directory,
        &arguments.table.look.directory, &arguments.history.look.directory, &arguments.provenance.look.directory,
        &arguments.clean.look.directory, &arguments.attach.campaign.directory}) {
    SIMSWARM_CHECK(enter(*own));
    // For the commands that messages name.
    *own = own->empty() ? arguments.directory : (fs::path(arguments.directory) / *own).string();
  }
  return {};
}

// The events end with this where a campaign came to no summary.
Result<ExitCode> tell_error(const CampaignArguments& arguments, Result<ExitCode> code) {
  if (!code && arguments.json) print(error_json(code.error()));
  return code;
}

Result<ExitCode> dispatch(const CLI::App& app, Arguments& arguments) {
  const std::string name = app.get_subcommands().front()->get_name();
  SIMSWARM_CHECK(enter_folders(arguments));
  if (name == "runall") return tell_error(arguments.runall.campaign, runall(arguments.runall));
  if (name == "sweep") return tell_error(arguments.sweep.campaign, sweep(arguments.sweep));
  if (name == "status") return status(arguments.status);
  if (name == "log") return log(arguments.log);
  if (name == "explain") return explain(arguments.explain);
  if (name == "diff") return diff(arguments.diff);
  if (name == "plot") return plot(arguments.plot);
  if (name == "table") return table(arguments.table);
  if (name == "history") return history(arguments.history);
  if (name == "provenance") return provenance(arguments.provenance);
  if (name == "clean") return clean(arguments.clean);
  if (name == "worker") return worker_command(arguments.worker);
  if (name == "jobs") return jobs_command(arguments.jobs);
  if (name == "store") return store_command(arguments.store);
  if (name == "attach") return tell_error(arguments.attach.campaign, attach_command(arguments.attach));
  if (name == "cancel") return cancel_command(arguments.cancel);
  if (name == "services") return services_command(arguments.services);
  if (name == "dashboard") return dashboard_command(arguments.dashboard);
  if (name == "visualizer") return visualizer_command(arguments.visualizer);
  if (name == "health") return health_command(arguments.health);
  if (name == "swarm") return swarm_command(arguments.swarm);
  if (name == "document") return document(app, arguments.document);
  SIMSWARM_TRY(const std::string script, completion(app, arguments.completion_shell));
  print(script);
  return ExitCode::kOk;
}

bool is_program(const fs::path& folder, const std::string& word) {
  return exec::find_program(word, folder).has_value();
}

}  // namespace

int run(const std::vector<std::string>& words) {
  Arguments arguments;
  const auto app = make_app(arguments);
  std::error_code gone;
  Result<SplitWords> split = split_words(*app, words, fs::current_path(gone), is_program);
  if (!split) return say_error(split.error());
  arguments.runall.campaign.words = arguments.sweep.campaign.words = std::move(split->command);
  try {
    app->parse(std::vector<std::string>(split->own.rbegin(), split->own.rend()));  // CLI11 takes them from the back
  } catch (const CLI::CallForHelp& help) {
    return app->exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app->exit(version);
  } catch (const CLI::ParseError& error) {
    const auto used = app->get_subcommands();
    const std::string help = used.empty() ? "simswarm" : "simswarm " + used.front()->get_name();
    return say_error({ExitCode::kUsage, fmt::format("{} (see {} --help)", error.what(), help), false});
  }
  if (app->get_subcommands().empty()) {
    return say_error({ExitCode::kUsage, "a command is missing (simswarm --help lists them)", false});
  }
  const Result<ExitCode> code = dispatch(*app, arguments);
  return code ? static_cast<int>(*code) : say_error(code.error());
}

}  // namespace simswarm::cli
