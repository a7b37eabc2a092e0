// The command line, in one place: its options are also the reference, the man page and the completions.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "cli/arguments.h"

namespace CLI {
class App;
}

namespace simswarm::cli {

struct Arguments {
  std::string directory;  // -C before the command
  RunallArguments runall;
  SweepArguments sweep;
  StatusArguments status;
  LogArguments log;
  ExplainArguments explain;
  DiffArguments diff;
  PlotArguments plot, table;
  HistoryArguments history;
  ProvenanceArguments provenance;
  CleanArguments clean;
  WorkerArguments worker;
  JobsArguments jobs;
  UpkeepArguments store;
  ServicesArguments services;
  SwarmCommandArguments swarm;
  DashboardArguments dashboard;
  VisualizerArguments visualizer;
  HealthArguments health;
  AttachArguments attach;
  CancelArguments cancel;
  std::string completion_shell;
  std::string document;
};

[[nodiscard]] std::unique_ptr<CLI::App> make_app(Arguments& arguments);

// From the app itself: completion for a shell, the man page, the reference.
[[nodiscard]] Result<std::string> completion(const CLI::App& app, const std::string& shell);
[[nodiscard]] std::string man_page(const CLI::App& app);
[[nodiscard]] std::string reference(const CLI::App& app);

}  // namespace simswarm::cli
