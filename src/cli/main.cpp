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

namespace simswarm::cli {
namespace {

void say_error(const std::string& message) {
  std::cerr << "simswarm: " << message << "\n";
}

// Where the simulation command begins; a word of ours that nobody knows must not pass for it.
Status take_words(const CLI::App& command, std::vector<std::string>& words) {
  words = command.remaining();
  const bool stated = !words.empty() && words.front() == "--";
  if (stated) {
    words.erase(words.begin());
  } else if (!words.empty() && words.front().size() > 1 && words.front().front() == '-') {
    std::vector<std::string> known;
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    const std::string word = words.front().substr(0, words.front().find('='));
    const auto near = near_misses(word, known, 1);
    return usage_error("{} has no option {}{} (options of the simulation stand behind its program)", command.get_name(),
                       word, near.empty() ? "" : ": did you mean " + near.front() + "?");
  }
  return {};
}

Result<ExitCode> document(const CLI::App& app, const std::string& form) {
  if (form != "man" && form != "markdown") return usage_error("document {}: expected man or markdown", form);
  print(form == "man" ? man_page(app) : reference(app));
  return ExitCode::kOk;
}

// -C works as for git and make: all that is relative counts from there.
Status enter(const std::string& directory) {
  if (directory.empty() || ::chdir(directory.c_str()) == 0) return {};
  return usage_error("cannot change to the folder «{}»: {}", directory, std::strerror(errno));
}

Result<ExitCode> dispatch(CLI::App& app, Arguments& arguments) {
  CLI::App& command = *app.get_subcommands().front();
  const std::string name = command.get_name();
  // opp_runall saves the makefile of -e where it was called.
  if (arguments.runall.exports) arguments.runall.export_file = fs::absolute(arguments.runall.export_file).string();
  SIMSWARM_CHECK(enter(arguments.directory));
  for (const std::string* own : {&arguments.runall.campaign.directory, &arguments.sweep.campaign.directory, &arguments.status.look.directory,
                                 &arguments.log.look.directory, &arguments.explain.look.directory, &arguments.plot.look.directory,
                                 &arguments.table.look.directory}) {
    SIMSWARM_CHECK(enter(*own));
  }
  if (name == "runall") {
    SIMSWARM_CHECK(take_words(command, arguments.runall.campaign.words));
    return runall(arguments.runall);
  }
  if (name == "sweep") {
    SIMSWARM_CHECK(take_words(command, arguments.sweep.campaign.words));
    return sweep(arguments.sweep);
  }
  if (name == "status") return status(arguments.status);
  if (name == "log") return log(arguments.log);
  if (name == "explain") return explain(arguments.explain);
  if (name == "diff") return diff(arguments.diff);
  if (name == "plot") return plot(arguments.plot);
  if (name == "table") return table(arguments.table);
  if (name == "document") return document(app, arguments.document);
  SIMSWARM_TRY(const std::string script, completion(app, arguments.completion_shell));
  print(script);
  return ExitCode::kOk;
}

int run(int argc, char** argv) {
  Arguments arguments;
  const auto app = make_app(arguments);
  try {
    app->parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return app->exit(CLI::CallForHelp());
  } catch (const CLI::CallForVersion& version) {
    return app->exit(version);
  } catch (const CLI::ParseError& error) {
    say_error(fmt::format("{} (simswarm --help lists commands, simswarm COMMAND --help its options)", error.what()));
    return static_cast<int>(ExitCode::kUsage);
  }
  const Result<ExitCode> code = dispatch(*app, arguments);
  if (code) return static_cast<int>(*code);
  say_error(code.error().message);
  return static_cast<int>(code.error().code);
}

}  // namespace
}  // namespace simswarm::cli

int main(int argc, char** argv) {
  try {
    return simswarm::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "simswarm: a defect of simswarm itself, please report it: " << error.what() << "\n";
    return static_cast<int>(simswarm::ExitCode::kEnvironment);
  }
}
