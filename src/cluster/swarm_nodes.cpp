#include "cluster/swarm_nodes.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "base/time.h"
#include "cluster/swarm_engine.h"

namespace simswarm::cluster {
namespace {

constexpr double kJoinTimeout = 90;  // seconds; docker gives up after 20
constexpr double kUpWithin = 30;

// True: it has come in time.
template <typename Condition>
bool wait_for(double seconds, Condition condition) {
  constexpr auto kStep = std::chrono::milliseconds(200);
  const Monotonic start = system_clock().monotonic();
  while (!condition()) {
    if (Seconds(system_clock().monotonic() - start).count() > seconds) return false;
    std::this_thread::sleep_for(kStep);
  }
  return true;
}

struct Host {
  Machine machine;
  HostFacts facts;
};

// What all computers of a call are, after a look that found nothing wrong.
struct Survey {
  Host manager;
  std::vector<Host> workers;
  std::vector<SwarmNode> nodes;  // where there is a swarm already
  Findings findings;
};

class Maker {
 public:
  Maker(SwarmRecord record, const NodesOptions& options) : record_(std::move(record)), options_(options) {}

  Result<NodesOutcome> make(const std::vector<std::string>& workers, const std::string& address);
  Result<NodesOutcome> add(const std::vector<std::string>& workers);

 private:
  Result<Survey> survey(const std::vector<std::string>& workers) const;
  Status check_state(Survey& survey) const;
  Result<std::vector<TakenSubnet>> taken(const Survey& survey) const;
  Status begin(const Survey& survey, const std::string& address);
  Status make_secrets();
  Result<NodesOutcome> join_all(const Survey& survey);
  Status join(const Host& worker, const JoinCommand& command);
  Status await_node(const Host& worker);
  NodesOutcome would_join(const Survey& survey) const;
  void remember(const std::string& target);
  void say(Step::Kind kind, const std::string& where, std::string what) const {
    options_.say({kind, where, std::move(what)});
  }
  [[nodiscard]] Machine manager() const { return *Machine::at(record_.manager); }

  SwarmRecord record_;
  const NodesOptions& options_;
};

void add_all(Findings& findings, const Findings& more) {
  findings.insert(findings.end(), more.begin(), more.end());
}

Result<std::vector<Machine>> machines_at(const std::vector<std::string>& targets) {
  std::vector<Machine> machines;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (std::find(targets.begin(), targets.begin() + static_cast<std::ptrdiff_t>(i), targets[i]) !=
        targets.begin() + static_cast<std::ptrdiff_t>(i))
      return usage_error("«{}» is named twice", targets[i].empty() ? "this machine" : targets[i]);
    SIMSWARM_TRY(Machine machine, Machine::at(targets[i]));
    machines.push_back(std::move(machine));
  }
  return machines;
}

constexpr const char* kDockersPool = "10.0.0.0/16";  // what Docker begins with

// Where Docker puts its own network: not upon that of the hosts.
Subnet ingress_beside(const std::vector<TakenSubnet>& routes) {
  const Subnet usual = *subnet_from(kDockersPool);
  std::vector<Subnet> taken{*subnet_from("10.192.0.0/10")};  // where ours usually are
  for (const TakenSubnet& one : routes) taken.push_back(one.subnet);
  const bool free =
      std::none_of(routes.begin(), routes.end(), [&](const auto& one) { return one.subnet.overlaps(usual); });
  return free ? Subnet{usual.address, 24} : free_subnet(taken).value_or(usual);
}

Result<Survey> Maker::survey(const std::vector<std::string>& workers) const {
  std::vector<std::string> targets{record_.manager};
  targets.insert(targets.end(), workers.begin(), workers.end());
  SIMSWARM_TRY(const std::vector<Machine> machines, machines_at(targets));
  Survey all{{machines.front(), {}}, {}, {}, {}};
  const std::vector<std::optional<HostFacts>> facts = look(machines, all.findings);
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i]) continue;
    add_all(all.findings, check_engine(*facts[i]));
    if (i == 0) {
      all.manager.facts = *facts[i];
    } else {
      all.workers.push_back({machines[i], *facts[i]});
    }
  }
  if (facts.front()) SIMSWARM_CHECK(check_state(all));
  return all;
}

// What each is in, and how they stand to each other.
Status Maker::check_state(Survey& survey) const {
  const HostFacts& manager = survey.manager.facts;
  add_all(survey.findings, check_manager_state(manager));
  if (manager.engine && manager.engine->is_manager) {
    SIMSWARM_TRY(survey.nodes, nodes(survey.manager.machine));
  } else if (manager.engine && manager.engine->swarm == "inactive") {
    add_all(survey.findings, check_room(manager));
  }
  std::vector<HostFacts> hosts{manager};
  for (const Host& worker : survey.workers) {
    add_all(survey.findings, check_worker_state(worker.facts, survey.nodes));
    if (worker.facts.engine && worker.facts.engine->swarm == "inactive")
      add_all(survey.findings, check_room(worker.facts));
    add_all(survey.findings, check_beside(manager, worker.facts));
    hosts.push_back(worker.facts);
  }
  add_all(survey.findings, check_names(hosts, survey.nodes));
  return {};
}

// Routes of all hosts, and the networks of the swarm but the stack's own.
Result<std::vector<TakenSubnet>> Maker::taken(const Survey& survey) const {
  std::vector<TakenSubnet> all;
  const auto add = [&](const HostFacts& facts) { all.insert(all.end(), facts.routes.begin(), facts.routes.end()); };
  add(survey.manager.facts);
  for (const Host& worker : survey.workers) add(worker.facts);
  if (survey.nodes.empty()) {
    all.push_back({ingress_beside(all), "Docker's own network «ingress»"});
    return all;
  }
  const std::string script =
      "ids=$(docker network ls -q --filter driver=overlay) || exit 1; [ -z \"$ids\" ] || docker network inspect "
      "--format '{{.Name}}{{range .IPAM.Config}} {{.Subnet}}{{end}}' $ids";
  SIMSWARM_TRY(const std::string text, survey.manager.machine.output({"sh", "-c", script}));
  for (const std::string_view line : lines(text)) {
    const std::vector<std::string_view> words = split(line, ' ');
    const std::string name(words.front());
    const bool is_interlink = name == record_.name + "_interlink";
    const bool is_ours = is_interlink || name == record_.name + "_buildnet";
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto subnet = subnet_from(words[i]);
      if (!subnet) continue;
      if (!is_ours) {
        all.push_back({*subnet, fmt::format("the swarm's network «{}»", name)});
      } else if (to_text(*subnet) != (is_interlink ? record_.interlink : record_.buildnet)) {
        return usage_error("the network {} has {} already: simswarm swarm delete --keep-data first, then deploy again",
                           name, to_text(*subnet));
      }
    }
  }
  return all;
}

Status Maker::make_secrets() {
  const fs::path folder = swarms_folder() / record_.name;
  std::error_code ignored;
  const bool there = fs::exists(folder / "secret" / kToken, ignored);
  for (const std::string_view secret : {kQueuePassword, kStorePassword, kToken})
    SIMSWARM_CHECK(swarm_secret(record_.name, secret));
  say(there ? Step::Kind::kAlready : Step::Kind::kDone, record_.name,
      fmt::format("its secrets are {} {}", there ? "there already, in" : "made, and kept in", folder.string()));
  return {};
}

Status Maker::begin(const Survey& survey, const std::string& address) {
  const Host& host = survey.manager;
  if (host.facts.engine->is_manager) {
    say(Step::Kind::kAlready, host.facts.name,
        fmt::format("is the manager already, at {}", host.facts.engine->address));
  } else {
    std::vector<std::string> words{"swarm", "init"};
    if (!address.empty()) words.insert(words.end(), {"--advertise-addr", address});
    std::vector<TakenSubnet> routes = host.facts.routes;
    for (const Host& worker : survey.workers)
      routes.insert(routes.end(), worker.facts.routes.begin(), worker.facts.routes.end());
    if (const Subnet pool = ingress_beside(routes); !pool.overlaps(*subnet_from(kDockersPool)))
      words.insert(words.end(), {"--default-addr-pool", to_text(pool)});
    const Result<std::string> done = docker(host.machine, words);
    if (!done && done.error().message.find("could not choose an IP address") != std::string::npos)
      return usage_error(
          "{}: it has several addresses, and the other nodes reach one of them: name it with --address ({})",
          host.facts.name, done.error().message.substr(done.error().message.find("could not")));
    SIMSWARM_CHECK(done);
    SIMSWARM_TRY(const EngineInfo now, info(host.machine));
    say(Step::Kind::kDone, host.facts.name, fmt::format("is the manager, at {}", now.address));
  }
  SIMSWARM_CHECK(write_swarm(record_));
  return make_secrets();
}

void Maker::remember(const std::string& target) {
  if (target != record_.manager &&
      std::find(record_.workers.begin(), record_.workers.end(), target) == record_.workers.end())
    record_.workers.push_back(target);
}

// It is listed, and ready.
Status Maker::await_node(const Host& worker) {
  SIMSWARM_TRY(const EngineInfo now, info(worker.machine));
  std::string state = "not listed";
  std::vector<std::string> gone;
  const bool up = wait_for(kUpWithin, [&] {
    const Result<std::vector<SwarmNode>> all = nodes(manager());
    gone.clear();
    for (const SwarmNode& node : all.value_or(std::vector<SwarmNode>())) {
      if (node.id == now.node_id) state = node.state;
      if (node.id != now.node_id && node.hostname == now.hostname && node.state == "down") gone.push_back(node.id);
    }
    return state == "ready";
  });
  if (!up)
    return environment_error(
        "{}: it has joined, and the manager says «{}» of it; 7946/tcp and udp and 4789/udp have to be open between "
        "nodes",
        worker.facts.name, state);
  for (const std::string& id : gone) {
    if (docker(manager(), {"node", "rm", "--force", id}))
      say(Step::Kind::kDone, worker.facts.name, fmt::format("its former entry {} is removed", id));
  }
  return {};
}

Status Maker::join(const Host& worker, const JoinCommand& command) {
  // Neither our words nor those of ssh have the token.
  const std::string script = "read -r token; exec docker swarm join --token \"$token\" \"$1\"";
  const std::string input = command.token + "\n";
  SIMSWARM_TRY(const Answer answer, worker.machine.run({"sh", "-c", script, "sh", command.address},
                                                       {.input = input, .timeout = kJoinTimeout}));
  if (answer.exit_code == 0) return await_node(worker);
  // What docker goes on trying would meet the next call.
  const Result<EngineInfo> now = info(worker.machine);
  if (now && now->swarm != "inactive") (void)docker(worker.machine, {"swarm", "leave", "--force"});
  return environment_error(
      "{}: it cannot join the manager at {} ({}); 2377/tcp, 7946/tcp and udp and 4789/udp have to be open between "
      "nodes",
      worker.facts.name, command.address, replace_all(last_words(answer), command.token, "…"));
}

// One line; the name stands before it already.
Finding not_joined(const std::string& name, std::string what) {
  if (what.starts_with(name)) what = std::string(trim(std::string_view(what).substr(name.size())));
  if (what.starts_with(": ")) what = what.substr(2);
  return {"join", name, what, "when that is put right, the same call goes on from here"};
}

Result<NodesOutcome> Maker::join_all(const Survey& survey) {
  NodesOutcome outcome;
  SIMSWARM_TRY(const JoinCommand command, join_command(record_));
  for (const Host& worker : survey.workers) {
    if (is_node(worker.facts, survey.nodes)) {
      say(Step::Kind::kAlready, worker.facts.name, "is in the swarm already");
    } else if (const Status joined = join(worker, command); joined) {
      say(Step::Kind::kDone, worker.facts.name, fmt::format("joined the swarm of {}", command.address));
    } else {
      outcome.findings.push_back(not_joined(worker.facts.name, joined.error().message));
      continue;
    }
    remember(worker.machine.target());
    SIMSWARM_CHECK(write_swarm(record_));
  }
  SIMSWARM_TRY(outcome.nodes, nodes(manager()));
  return outcome;
}

NodesOutcome Maker::would_join(const Survey& survey) const {
  for (const Host& worker : survey.workers) {
    const bool there = is_node(worker.facts, survey.nodes);
    say(there ? Step::Kind::kAlready : Step::Kind::kWould, worker.facts.name,
        there ? "is in the swarm already" : "would join the swarm");
  }
  return {{}, survey.nodes};
}

Result<NodesOutcome> Maker::make(const std::vector<std::string>& workers, const std::string& address) {
  // Words that are wrong are told before anyone is asked.
  SIMSWARM_CHECK(check_subnets(record_.interlink, record_.buildnet, {}));
  SIMSWARM_TRY(Survey survey, this->survey(workers));
  if (survey.findings.empty()) {
    SIMSWARM_TRY(const std::vector<TakenSubnet> taken, this->taken(survey));
    SIMSWARM_TRY(survey.findings, check_subnets(record_.interlink, record_.buildnet, taken));
  }
  if (!survey.findings.empty()) return NodesOutcome{survey.findings, {}};
  if (!options_.dry_run) {
    SIMSWARM_CHECK(begin(survey, address));
    return join_all(survey);
  }
  const bool there = survey.manager.facts.engine->is_manager;
  say(there ? Step::Kind::kAlready : Step::Kind::kWould, survey.manager.facts.name,
      there ? "is the manager already" : "would become the manager");
  return would_join(survey);
}

Result<NodesOutcome> Maker::add(const std::vector<std::string>& workers) {
  SIMSWARM_TRY(Survey survey, this->survey(workers));
  if (survey.findings.empty()) {
    if (!survey.manager.facts.engine->is_manager)
      return usage_error("{} is no manager of a swarm: simswarm swarm init", survey.manager.facts.name);
    SIMSWARM_TRY(const std::vector<TakenSubnet> taken, this->taken(survey));
    SIMSWARM_TRY(survey.findings, check_subnets(record_.interlink, record_.buildnet, taken));
  }
  if (!survey.findings.empty()) return NodesOutcome{survey.findings, {}};
  if (options_.dry_run) return would_join(survey);
  return join_all(survey);
}

}  // namespace

std::string_view to_text(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::kDone:
      return "done";
    case Step::Kind::kAlready:
      return "already";
    case Step::Kind::kWould:
      return "would";
    case Step::Kind::kNote:
      break;
  }
  return "note";
}

Result<NodesOutcome> make_swarm(SwarmRecord record, const std::vector<std::string>& workers, const std::string& address,
                                const NodesOptions& options) {
  return Maker(std::move(record), options).make(workers, address);
}

Result<NodesOutcome> add_nodes(SwarmRecord record, const std::vector<std::string>& workers,
                               const NodesOptions& options) {
  return Maker(std::move(record), options).add(workers);
}

Result<JoinCommand> join_command(const SwarmRecord& record) {
  SIMSWARM_TRY(const Machine manager, Machine::at(record.manager));
  SIMSWARM_TRY(const EngineInfo now, info(manager));
  if (!now.is_manager) return usage_error("{} is no manager of a swarm: simswarm swarm init", manager.name());
  JoinCommand command;
  command.address = now.address + ":2377";
  for (const std::string& one : now.managers) {
    if (one.starts_with(now.address + ":")) command.address = one;
  }
  SIMSWARM_TRY(command.token, docker(manager, {"swarm", "join-token", "-q", "worker"}));
  command.command = fmt::format("docker swarm join --token {} {}", command.token, command.address);
  return command;
}

}  // namespace simswarm::cluster
