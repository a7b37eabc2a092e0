#include "campaign/provenance.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/subprocess.h"
#include "base/text.h"
#include "campaign/foretold.h"

namespace simswarm::campaign {
namespace {

constexpr double kGitSeconds = 60;

// «1 .M N... … path», «2 R. … path», «u UU … path»: a change of what git tracks; «? path»: a file that it does not.
struct GitStatus {
  std::string commit;
  bool tracked_changed = false;
  std::vector<std::string> untracked;  // relative to the project
};

GitStatus parse_status(std::string_view text) {
  constexpr std::string_view kCommit = "# branch.oid ";
  GitStatus status;
  for (const std::string_view entry : split(text, '\0')) {
    if (entry.starts_with(kCommit)) {
      const std::string_view commit = entry.substr(kCommit.size());
      if (!commit.starts_with('(')) status.commit = commit;  // «(initial)»: no commit yet
    } else if (entry.starts_with("? ")) {
      status.untracked.emplace_back(entry.substr(2));
    } else if (entry.starts_with("1 ") || entry.starts_with("2 ") || entry.starts_with("u ")) {
      status.tracked_changed = true;
    }
  }
  return status;
}

std::optional<GitStatus> ask_git(const fs::path& project) {
  std::error_code ignored;
  if (!fs::exists(project / ".git", ignored)) return std::nullopt;
  Subprocess git{{"git", "--no-optional-locks", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "status",
                  "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames", "--no-ahead-behind"},
                 project,
                 {},
                 {},
                 kGitSeconds};
  struct stat owner {};
  if (::geteuid() == 0 && ::stat(project.c_str(), &owner) == 0 && owner.st_uid != 0)
    git.run_as = {owner.st_uid, owner.st_gid};
  const Result<Answer> answer = run(git);
  if (!answer || answer->exit_code != 0) return std::nullopt;
  return parse_status(answer->output);
}

// What git does not track is a change where runs see it: results and notes that lie about are none. Nor is the program,
// which is built.
bool is_changed(const GitStatus& status, const ProvenanceRequest& request) {
  if (status.tracked_changed) return true;
  return std::any_of(status.untracked.begin(), status.untracked.end(), [&](const std::string& path) {
    const fs::path whole = absolute_from(request.project, path);
    if (whole == request.program) return false;
    if (whole.extension() == ".ini") return true;  // of these not the file is an input, but the entries
    return request.inputs.contains(whole.lexically_relative(request.working_folder).string());
  });
}

std::string digest_among(const ProvenanceRequest& request) {
  for (const fs::path& path : {request.program.lexically_relative(request.working_folder), request.program}) {
    const auto found = request.inputs.find(path.string());
    if (found != request.inputs.end()) return found->second;
  }
  return {};
}

// Where the simulator's version is remembered: by what is loaded when the program starts, since the simulator is a
// library.
std::string memo_name(const Plan& plan) {
  Hasher hasher;
  for (const KeyPart& part : plan.inputs.parts.begin()->second) {
    if (part.name == "program" || part.name == "libraries") hasher.field(part.name).field(part.value);
  }
  return "simulator of " + hasher.finish().hex();
}

std::string ask_program(const Options& options, const Plan& plan, const fs::path& program) {
  constexpr double kSeconds = 10;
  Subprocess question{{program.string(), "-v"}, options.working_folder, {}, {}, kSeconds};
  if (::geteuid() == 0) {
    const auto user = exec::unprivileged_user(plan.project, options.working_folder, program, options.run_as);
    if (user) question.run_as = {user->uid, user->gid};
  }
  const Result<Answer> answer = run(question);
  return answer ? omnetpp_version(answer->output) : std::string();
}

std::string simulator_of(const Options& options, const Dialect& dialect, const Plan& plan, const fs::path& program,
                         Ledger& ledger) {
  if (dialect.name() != "cmdenv" || program.empty() || plan.inputs.parts.empty()) return {};
  const std::string name = memo_name(plan);
  if (const auto known = ledger.recall(name); known && *known) return **known;
  if (plan.jobs.empty()) return {};
  std::string version = ask_program(options, plan, program);
  (void)ledger.remember(name, version);  // also that it says none
  return version;
}

}  // namespace

Provenance provenance_of(const ProvenanceRequest& request) {
  Provenance made;
  made.project = request.project.string();
  made.program = request.program.string();
  made.program_digest = digest_among(request);
  made.cores = static_cast<int>(std::thread::hardware_concurrency());
  if (const auto status = ask_git(request.project)) {
    made.commit = status->commit;
    made.uncommitted = is_changed(*status, request);
  }
  return made;
}

Provenance provenance_of(const Options& options, const Dialect& dialect, const Plan& plan, Ledger& ledger) {
  const Run first = plan.runs.run(0);
  const std::vector<std::string> command = dialect.command_line({&first, 1});
  if (options.foretold != nullptr) {
    // The program need not be here, and one that lies in its place may be another.
    const fs::path program = absolute_from(options.working_folder, command.front());
    Provenance made = provenance_of({plan.project, options.working_folder, program, plan.inputs.files});
    made.simulator = options.foretold->simulator;
    return made;
  }
  const fs::path program =
      exec::find_program(command.front(), options.working_folder).value_or(fs::path()).lexically_normal();
  Provenance made = provenance_of({plan.project, options.working_folder, program, plan.inputs.files});
  made.simulator = simulator_of(options, dialect, plan, program, ledger);
  return made;
}

CampaignRecord record_of(const Options& options, const Dialect& dialect, const Plan& plan, Ledger& ledger,
                         const std::string& host) {
  return {plan.campaign,
          options.name,
          std::string(dialect.name()),
          options.working_folder.string(),
          options.command,
          system_clock().stamp(),
          std::nullopt,
          "running",
          host,
          options.version,
          provenance_of(options, dialect, plan, ledger)};
}

std::string omnetpp_version(std::string_view output) {
  constexpr std::string_view kVersion = "Version: ";
  bool greeted = false;
  for (const std::string_view line : lines(output)) {
    if (greeted && line.starts_with(kVersion))
      return fmt::format("OMNeT++ {}", trim(line.substr(kVersion.size(), line.find(',') - kVersion.size())));
    greeted = line.starts_with("OMNeT++ Discrete Event Simulation");
  }
  return {};
}

}  // namespace simswarm::campaign
