// The services of a swarm: deploy, halt, resume, rotate-secrets, delete.
#include "cluster/swarm_stack.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/queue_url.h"
#include "cli/screen.h"
#include "cli/swarm_actions.h"

namespace simswarm::cli {
namespace {

using cluster::Finding;
using cluster::StackOptions;
using cluster::StackOutcome;
using cluster::Step;
using cluster::SwarmRecord;
using nlohmann::json;

std::string line_of(const Step& step) {
  switch (step.kind) {
    case Step::Kind::kWould:
      return fmt::format("would: {}: {}\n", step.where, step.what);
    case Step::Kind::kNote:
      return fmt::format("note: {}: {}\n", step.where, step.what);
    default:
      return fmt::format("{}: {}\n", step.where, step.what);
  }
}

// What is said on the way: lines at once, JSON at the end.
class Report {
 public:
  explicit Report(const SwarmCommandArguments& arguments) : arguments_(arguments) {}

  StackOptions options() {
    StackOptions options;
    options.dry_run = arguments_.dry_run;
    options.say = [this](const Step& step) { add(step); };
    return options;
  }

  // Prints the end; with findings the exit code is 3.
  Result<ExitCode> end(const SwarmRecord& record, const StackOutcome& outcome, const std::string& last) {
    if (arguments_.json) {
      print_json(record, outcome);
      return outcome.findings.empty() ? ExitCode::kOk : ExitCode::kEnvironment;
    }
    if (outcome.findings.empty()) {
      if (!arguments_.dry_run && !last.empty()) print(last + "\n");
      return ExitCode::kOk;
    }
    std::string all;
    for (const Finding& one : outcome.findings) all += (all.empty() ? "" : "\nsimswarm: ") + one.line();
    return environment_error("{}", all);
  }

 private:
  void add(const Step& step) {
    if (!arguments_.json) return print(line_of(step));
    steps_.push_back({{"kind", cluster::to_text(step.kind)}, {"where", step.where}, {"what", step.what}});
  }

  void print_json(const SwarmRecord& record, const StackOutcome& outcome) {
    json findings = json::array(), services = json::array();
    for (const Finding& one : outcome.findings)
      findings.push_back({{"check", one.check}, {"where", one.where}, {"what", one.what}, {"remedy", one.remedy}});
    for (const cluster::SwarmService& one : outcome.services)
      services.push_back({{"service", one.name}, {"wanted", one.wanted}, {"running", one.running}});
    const json all{
        {"swarm", record.name}, {"action", arguments_.action}, {"dry_run", arguments_.dry_run}, {"image", record.image},
        {"steps", steps_},      {"services", services},        {"findings", findings}};
    print(all.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  }

  const SwarmCommandArguments& arguments_;
  json steps_ = json::array();
};

Status no_words(const SwarmCommandArguments& arguments) {
  if (arguments.words.empty()) return {};
  return usage_error("swarm {}: «{}» is no option of it", arguments.action, arguments.words.front());
}

// What the words of the command change in the record.
Status choose(const SwarmCommandArguments& arguments, SwarmRecord& record) {
  if (!arguments.image.empty()) record.image = arguments.image;
  if (arguments.stack == "-") {
    record.stack_override.clear();
    record.settings.erase("SIMSWARM_STORE");
    record.settings.erase("SIMSWARM_STORE_PASSWORD_FILE");
  } else if (!arguments.stack.empty()) {
    record.stack_override = fs::absolute(arguments.stack).lexically_normal().string();
  }
  if (!arguments.runners.empty() && arguments.runners != "replicas" && arguments.runners != "nodes")
    return usage_error("--runners={}: there are replicas and nodes", arguments.runners);
  if (!arguments.runners.empty()) record.runner_per_node = arguments.runners == "nodes";
  SIMSWARM_TRY(record.settings, cluster::stack_settings(record, [](const char* name) -> const char* {
                 return std::string_view(name) == "SIMSWARM_STORE" ? said_store() : std::getenv(name);
               }));
  return {};
}

std::string way_on(const SwarmRecord& record) {
  return fmt::format("{} runs: simswarm swarm connect --name {}", record.name, record.name);
}

bool is_sure(const SwarmRecord& record, const SwarmCommandArguments& arguments) {
  print(fmt::format("Remove all of that{}? (yes/no) ",
                    arguments.keep_data ? "" : ", with all results that nobody has fetched"));
  std::string answer;
  std::getline(std::cin, answer);
  if (trim(answer) == "yes" || trim(answer) == "y") return true;
  print(fmt::format("{}: nothing was removed\n", record.name));
  return false;
}

// False: the user does not want it.
Result<bool> asked(const SwarmRecord& record, const SwarmCommandArguments& arguments) {
  if (arguments.yes || arguments.dry_run) return true;
  if (::isatty(STDIN_FILENO) != 1 || arguments.json)
    return usage_error("swarm delete removes the services of {}{}: say --yes (--dry-run says what goes)", record.name,
                       arguments.keep_data ? "" : " and their data");
  StackOptions look;
  look.dry_run = true;
  look.say = [](const Step& step) { print(line_of(step)); };
  SIMSWARM_CHECK(cluster::delete_stack(record, arguments.keep_data, look));
  return is_sure(record, arguments);
}

std::string after_deletion(const SwarmRecord& record, bool keep_data) {
  return fmt::format(
      "{}the swarm of Docker itself stays: «docker swarm leave --force» on each node ends it",
      keep_data ? fmt::format("data and secrets stay (simswarm swarm deploy --name {}); ", record.name) : "");
}

}  // namespace

Result<ExitCode> swarm_deploy(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(no_words(arguments));
  SIMSWARM_TRY(SwarmRecord record, swarm_meant(arguments));
  SIMSWARM_CHECK(choose(arguments, record));
  Report report(arguments);
  SIMSWARM_TRY(const StackOutcome outcome, cluster::deploy_stack(record, report.options()));
  return report.end(record, outcome, way_on(record));
}

// Halt, and resume: a deployment as it is recorded.
Result<ExitCode> swarm_halt(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(no_words(arguments));
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  Report report(arguments);
  if (arguments.action == "resume") {
    SIMSWARM_TRY(const StackOutcome outcome, cluster::deploy_stack(record, report.options()));
    return report.end(record, outcome, way_on(record));
  }
  SIMSWARM_TRY(const StackOutcome outcome, cluster::halt_stack(record, report.options()));
  return report.end(
      record, outcome,
      fmt::format("{} is halted, its data stays: simswarm swarm resume --name {}", record.name, record.name));
}

Result<ExitCode> swarm_rotate(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(no_words(arguments));
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  Report report(arguments);
  SIMSWARM_TRY(const StackOutcome outcome, cluster::rotate_secrets(record, report.options()));
  return report.end(record, outcome,
                    fmt::format("on computers that were connected: simswarm swarm connect --name {}", record.name));
}

Result<ExitCode> swarm_delete(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(no_words(arguments));
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  SIMSWARM_TRY(const bool wanted, asked(record, arguments));
  if (!wanted) return ExitCode::kOk;
  Report report(arguments);
  SIMSWARM_TRY(const StackOutcome outcome, cluster::delete_stack(record, arguments.keep_data, report.options()));
  return report.end(record, outcome, after_deletion(record, arguments.keep_data));
}

}  // namespace simswarm::cli
