// The commands: each prints what it has to say and gives the exit code, or the error that main prints.
#pragma once

#include <string>

#include "base/error.h"
#include "cli/arguments.h"

namespace simswarm::cli {

[[nodiscard]] Result<ExitCode> runall(const RunallArguments& arguments);
[[nodiscard]] Result<ExitCode> sweep(const SweepArguments& arguments);
[[nodiscard]] Result<ExitCode> status(const StatusArguments& arguments);
[[nodiscard]] Result<ExitCode> log(const LogArguments& arguments);
[[nodiscard]] Result<ExitCode> explain(const ExplainArguments& arguments);
[[nodiscard]] Result<ExitCode> diff(const DiffArguments& arguments);
[[nodiscard]] Result<ExitCode> plot(const PlotArguments& arguments);
[[nodiscard]] Result<ExitCode> table(const PlotArguments& arguments);
[[nodiscard]] Result<ExitCode> history(const HistoryArguments& arguments);
[[nodiscard]] Result<ExitCode> provenance(const ProvenanceArguments& arguments);
[[nodiscard]] Result<ExitCode> clean(const CleanArguments& arguments);
[[nodiscard]] Result<ExitCode> worker_command(const WorkerArguments& arguments);
[[nodiscard]] Result<ExitCode> jobs_command(const JobsArguments& arguments);
[[nodiscard]] Result<ExitCode> store_command(const UpkeepArguments& arguments);
[[nodiscard]] Result<ExitCode> attach_command(const AttachArguments& arguments);
[[nodiscard]] Result<ExitCode> cancel_command(const CancelArguments& arguments);
[[nodiscard]] Result<ExitCode> services_command(const ServicesArguments& arguments);
[[nodiscard]] Result<ExitCode> dashboard_command(const DashboardArguments& arguments);
[[nodiscard]] Result<ExitCode> visualizer_command(const VisualizerArguments& arguments);
[[nodiscard]] Result<ExitCode> health_command(const HealthArguments& arguments);
[[nodiscard]] Result<ExitCode> swarm_command(const SwarmCommandArguments& arguments);

}  // namespace simswarm::cli
