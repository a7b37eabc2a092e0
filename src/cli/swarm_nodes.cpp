// simswarm swarm: its nodes.
#include "cluster/swarm_nodes.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/screen.h"
#include "cli/swarm_actions.h"
#include "cluster/image_spread.h"
#include "cluster/swarm_doctor.h"
#include "settings/hosts.h"

namespace simswarm::cli {
namespace {

using cluster::Finding;
using cluster::Findings;
using cluster::NodesOptions;
using cluster::NodesOutcome;
using cluster::Step;
using cluster::SwarmNode;
using cluster::SwarmRecord;
using nlohmann::json;

void print_json(const json& value) {
  print(value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

json json_of(const Findings& findings) {
  json list = json::array();
  for (const Finding& one : findings)
    list.push_back({{"check", one.check}, {"where", one.where}, {"what", one.what}, {"do", one.remedy}});
  return list;
}

json json_of(const std::vector<SwarmNode>& nodes) {
  json list = json::array();
  for (const SwarmNode& node : nodes) {
    list.push_back({{"id", node.id},
                    {"host", node.hostname},
                    {"role", node.role},
                    {"availability", node.availability},
                    {"state", node.state},
                    {"address", node.address},
                    {"cores", node.cores},
                    {"memory", node.memory},
                    {"version", node.version},
                    {"architecture", node.architecture}});
  }
  return list;
}

// What an action has done, as lines while it does or as JSON at its end.
class Report {
 public:
  explicit Report(const SwarmCommandArguments& arguments) : arguments_(arguments) {}

  [[nodiscard]] NodesOptions options() {
    NodesOptions options;
    options.dry_run = arguments_.dry_run;
    options.say = [this](const Step& step) { say(step); };
    return options;
  }

  // What could not be done is an error of one line for each.
  [[nodiscard]] Result<ExitCode> end(const SwarmRecord& record, const NodesOutcome& outcome) {
    if (arguments_.json) {
      print_json({{"name", record.name},
                  {"manager", record.manager},
                  {"dry_run", arguments_.dry_run},
                  {"ok", outcome.findings.empty()},
                  {"steps", steps_},
                  {"findings", json_of(outcome.findings)},
                  {"nodes", json_of(outcome.nodes)}});
    }
    if (outcome.findings.empty()) return ExitCode::kOk;
    std::vector<std::string> lines;
    for (const Finding& one : outcome.findings) lines.push_back(one.line());
    return environment_error("{}", join(lines, "\nsimswarm: "));
  }

  void say(const Step& step) {
    if (arguments_.json) {
      steps_.push_back({{"kind", cluster::to_text(step.kind)}, {"where", step.where}, {"what", step.what}});
    } else {
      print(fmt::format("{}: {}{}\n", step.where, step.kind == Step::Kind::kNote ? "note: " : "", step.what));
    }
  }

 private:
  const SwarmCommandArguments& arguments_;
  json steps_ = json::array();
};

Status need_hosts(const SwarmCommandArguments& arguments) {
  if (!arguments.words.empty()) return {};
  return usage_error("swarm {}: which host? simswarm swarm {} HOST…", arguments.action, arguments.action);
}

Status need_no_words(const SwarmCommandArguments& arguments) {
  if (arguments.words.empty()) return {};
  return usage_error("swarm {} takes no words: «{}»", arguments.action, join(arguments.words, " "));
}

// `swarm init NAME` names it, too.
Result<std::string> new_name(SwarmCommandArguments arguments) {
  if (arguments.words.size() > 1 || (arguments.words.size() == 1 && !arguments.name.empty()))
    return usage_error("swarm init takes one name, not «{}»: nodes are named with --manager and --worker",
                       join(arguments.words, " "));
  if (arguments.words.empty()) return swarm_name(arguments);
  const std::string& name = arguments.words.front();
  if (!check_host_name(name))
    return usage_error("«{}» is no name of a swarm: nodes are named with --manager HOST and --worker HOST", name);
  return name;
}

// What is known of it, with what the command says. Another manager is another swarm.
Result<SwarmRecord> new_record(const SwarmCommandArguments& arguments) {
  SIMSWARM_TRY(const std::string name, new_name(arguments));
  SwarmRecord record;
  if (cluster::has_swarm(name)) {
    SIMSWARM_TRY(record, cluster::read_swarm(name));
    if (!arguments.manager.empty() && arguments.manager != record.manager)
      return usage_error(
          "the swarm «{}» has the manager {}: a further swarm needs a name of its own (simswarm swarm init NAME)", name,
          record.manager.empty() ? "this machine" : record.manager);
  } else {
    record.name = name;
    record.manager = arguments.manager;
  }
  if (!arguments.interlink.empty()) record.interlink = arguments.interlink;
  if (!arguments.buildnet.empty()) record.buildnet = arguments.buildnet;
  return record;
}

std::string cores_of(const std::vector<SwarmNode>& nodes) {
  double cores = 0;
  for (const SwarmNode& node : nodes) cores += node.is_ready() ? node.cores : 0;
  return fmt::format("{} node{} with {:g} cores", nodes.size(), nodes.size() == 1 ? "" : "s", cores);
}

// New nodes get the images that services run on; those that cannot be brought are named, and tasks there wait for them.
Status bring_images(const SwarmRecord& record, const std::vector<std::string>& hosts, Report& report) {
  if (!record.registry.empty()) return {};
  SIMSWARM_TRY(const cluster::Machine manager, cluster::Machine::at(record.manager));
  cluster::SpreadOptions options;
  options.folder = cluster::swarms_folder() / record.name;
  for (const std::string& host : hosts) {
    SIMSWARM_TRY(cluster::Machine machine, cluster::Machine::at(host));
    options.nodes.push_back(std::move(machine));
  }
  std::vector<std::string> images{record.image};
  for (const auto& [name, image] : record.toolchains) images.push_back(image);
  for (const std::string& image : images) {
    if (image.empty()) continue;
    options.tag = image;
    SIMSWARM_TRY(const cluster::Spread spread, cluster::spread_image(manager, options));
    for (const cluster::NodeImage& node : spread.nodes) {
      const bool failed = node.state == cluster::NodeImage::State::kFailed;
      report.say({failed ? Step::Kind::kNote : Step::Kind::kDone, node.name,
                  failed ? fmt::format("{} could not be brought: {}; simswarm swarm image --image {} tries again",
                                       image, node.error, image)
                         : fmt::format("has {}", image)});
    }
  }
  return {};
}

}  // namespace

Result<ExitCode> swarm_init(const SwarmCommandArguments& arguments) {
  SIMSWARM_TRY(const SwarmRecord record, new_record(arguments));
  // Those that joined before are looked at, too: the same call goes on where one has ended.
  Report report(arguments);
  SIMSWARM_TRY(const NodesOutcome outcome,
               cluster::make_swarm(record, arguments.workers, arguments.address, report.options()));
  SIMSWARM_TRY(const ExitCode code, report.end(record, outcome));
  if (!arguments.json && !arguments.dry_run)
    print(fmt::format("{} is there: {}; next: simswarm swarm image, simswarm swarm deploy\n", record.name,
                      cores_of(outcome.nodes)));
  return code;
}

Result<ExitCode> swarm_add(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(need_hosts(arguments));
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  Report report(arguments);
  SIMSWARM_TRY(const NodesOutcome outcome, cluster::add_nodes(record, arguments.words, report.options()));
  if (outcome.findings.empty() && !arguments.dry_run) SIMSWARM_CHECK(bring_images(record, arguments.words, report));
  return report.end(record, outcome);
}

Result<ExitCode> swarm_remove(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(need_hosts(arguments));
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  Report report(arguments);
  SIMSWARM_TRY(const NodesOutcome outcome, cluster::remove_nodes(record, arguments.words, report.options()));
  return report.end(record, outcome);
}

Result<ExitCode> swarm_join_command(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(need_no_words(arguments));
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  SIMSWARM_TRY(const cluster::JoinCommand command, cluster::join_command(record));
  if (arguments.json) {
    print_json(
        {{"name", record.name}, {"address", command.address}, {"token", command.token}, {"command", command.command}});
  } else {
    print(command.command + "\n");
    std::cerr << "note: its token lets a computer into the swarm; `docker swarm join-token --rotate worker` on the "
                 "manager makes another one\n";
  }
  return ExitCode::kOk;
}

Result<ExitCode> swarm_drain(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(need_hosts(arguments));
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  Report report(arguments);
  SIMSWARM_CHECK(cluster::set_availability(record, arguments.words, arguments.action == "drain", report.options()));
  NodesOutcome outcome;
  if (arguments.json) {
    SIMSWARM_TRY(const cluster::Machine manager, cluster::Machine::at(record.manager));
    SIMSWARM_TRY(outcome.nodes, cluster::nodes(manager));
  }
  return report.end(record, outcome);
}

Result<ExitCode> swarm_doctor(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(need_no_words(arguments));
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  const cluster::Examination all = cluster::examine(record);
  const ExitCode code = all.findings.empty() ? ExitCode::kOk : ExitCode::kSomeRunsIncomplete;
  if (arguments.json) {
    print_json({{"name", record.name},
                {"ok", all.findings.empty()},
                {"findings", json_of(all.findings)},
                {"nodes", json_of(all.nodes)}});
    return code;
  }
  for (const Finding& one : all.findings) print(one.line() + "\n");
  if (all.findings.empty()) print(fmt::format("{}: nothing is wrong ({})\n", record.name, cores_of(all.nodes)));
  return code;
}

}  // namespace simswarm::cli
