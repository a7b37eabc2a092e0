#include "cluster/swarm_status.h"

#include <algorithm>
#include <future>

#include "base/text.h"
#include "cluster/swarm_doctor.h"
#include "cluster/swarm_secrets.h"
#include "cluster/swarm_stack.h"
#include "cluster/swarm_stack_text.h"

namespace simswarm::cluster {
namespace {

constexpr double kForLoad = 1.5;  // seconds that a node has to tell its load
constexpr double kForQueue = 5;

// A line for redis-cli: counts of all queues, then the workers whose records have not run out.
constexpr std::string_view kCounts =
    "EVAL \"local a = {0, 0, 0, 0, 0} for _, key in ipairs(redis.call('SMEMBERS', 'rq:queues')) do local queue = "
    "string.sub(key, #'rq:queue:' + 1) a[1] = a[1] + redis.call('LLEN', key) for i, kind in ipairs({'wip', 'finished', "
    "'failed'}) do a[i + 1] = a[i + 1] + redis.call('ZCARD', 'rq:' .. kind .. ':' .. queue) end end for _, worker in "
    "ipairs(redis.call('SMEMBERS', 'rq:workers')) do a[5] = a[5] + redis.call('EXISTS', worker) end return a\" 0";

// In one call, so that a manager behind SSH is asked once.
constexpr const char* kAsk = R"sh(
container=$(docker ps --quiet --filter "label=com.docker.swarm.service.name=$1_redis" | head -n1)
[ -n "$container" ] || exit 9
exec docker exec -i "$container" redis-cli -s /run/simswarm/redis.sock
)sh";

std::optional<QueueLook> ask_queue(const Machine& manager, const SwarmRecord& record) {
  const auto values = secret_values(record.name);
  if (!values) return {};
  // One of the two is refused while the password is being changed.
  std::string input;
  for (const std::string& password : values->accepted) input += fmt::format("AUTH {}\n", password);
  input += fmt::format("{}\n", kCounts);
  Call call;
  call.input = input;
  call.timeout = kForQueue;
  const auto answer = manager.run({"sh", "-c", kAsk, "sh", record.name}, call);
  return answer && answer->exit_code == 0 ? queue_from(answer->output) : std::nullopt;
}

struct Load {
  std::string node_id;
  double load = 0;
};
std::optional<Load> ask_load(const Machine& machine) {
  Call call;
  call.timeout = kForLoad;
  const auto answer = machine.run({"sh", "-c", "docker info --format '{{.Swarm.NodeID}}' && cat /proc/loadavg"}, call);
  if (!answer || answer->exit_code != 0) return {};
  const std::vector<std::string_view> said = lines(answer->output);
  if (said.size() < 2) return {};
  const auto load = parse_double(said[1].substr(0, said[1].find(' ')));
  return load ? std::optional(Load{std::string(trim(said[0])), *load}) : std::nullopt;
}

std::vector<std::future<std::optional<Load>>> ask_loads(const SwarmRecord& record, const Machine& manager) {
  std::vector<std::future<std::optional<Load>>> loads;
  loads.push_back(std::async(std::launch::async, [manager] { return ask_load(manager); }));
  for (const std::string& worker : record.workers) {
    if (const auto machine = Machine::at(worker))
      loads.push_back(std::async(std::launch::async, [machine = *machine] { return ask_load(machine); }));
  }
  return loads;
}

std::vector<NodeLook> nodes_with(const std::vector<SwarmNode>& nodes, const std::vector<SwarmTask>& tasks) {
  std::vector<NodeLook> looks;
  for (const SwarmNode& node : nodes) {
    NodeLook look;
    look.node = node;
    for (const SwarmTask& task : tasks) look.tasks += task.node_id == node.id && task.runs() ? 1U : 0U;
    looks.push_back(std::move(look));
  }
  return looks;
}

std::vector<ServiceLook> services_with(const std::vector<SwarmService>& services, const std::vector<SwarmTask>& tasks) {
  std::vector<ServiceLook> looks;
  for (const SwarmService& service : services) {
    const auto waiting = std::count_if(tasks.begin(), tasks.end(), [&](const SwarmTask& task) {
      return task.service == service.name && waits_for_room(task);
    });
    looks.push_back({service, static_cast<std::size_t>(waiting)});
  }
  return looks;
}

void add(Findings& findings, const Findings& more) {
  findings.insert(findings.end(), more.begin(), more.end());
}

Findings check_queue(const SwarmRecord& record, const SwarmLook& look) {
  const auto runs = [&](std::string_view name) {
    return std::any_of(look.services.begin(), look.services.end(), [&](const ServiceLook& one) {
      return one.service.running > 0 &&
             (one.service.name == name || one.service.name.starts_with(std::string(name) + "-"));
    });
  };
  const std::string logs = fmt::format("simswarm swarm logs {{}} --name {}", record.name);
  if (!runs("redis")) return {};  // told already
  if (!look.queue)
    return {
        {"queue", "redis", "it does not answer, or not to this password", fmt::format(fmt::runtime(logs), "redis")}};
  if (look.queue->workers == 0 && runs("runner"))
    return {{"queue", "runner", "no worker has come to the queue", fmt::format(fmt::runtime(logs), "runner")}};
  return {};
}

Findings check_updates(const SwarmRecord& record, const std::vector<SwarmService>& services) {
  Findings findings;
  for (const SwarmService& service : services) {
    if (service.update != "paused" && !service.update.starts_with("rollback")) continue;
    findings.push_back(
        {"update", service.name,
         fmt::format("its last update is {}: {}", replace_all(service.update, "_", " "), service.update_message),
         fmt::format("simswarm swarm logs {} --name {}, then simswarm swarm deploy", service.name, record.name)});
  }
  return findings;
}

}  // namespace

std::optional<QueueLook> queue_from(std::string_view printed) {
  std::vector<std::size_t> numbers;
  for (const std::string_view line : lines(printed)) {
    if (const auto number = parse_int(trim(line)); number && *number >= 0)
      numbers.push_back(static_cast<std::size_t>(*number));
  }
  if (numbers.size() != 5) return {};
  return QueueLook{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]};
}

Findings check_presence(const SwarmRecord& record, const std::vector<SwarmService>& services) {
  if (services.empty())
    return {{"stack", record.name, record.secrets.empty() ? "nothing is deployed" : "no service runs",
             fmt::format("simswarm swarm {} --name {}", record.secrets.empty() ? "deploy" : "resume", record.name)}};
  const auto text = stack_text(record);
  if (!text) return {{"stack", record.name, text.error().message, "simswarm swarm image"}};
  Findings findings;
  for (const std::string& name : service_names(*text)) {
    const bool is_there =
        std::any_of(services.begin(), services.end(), [&](const SwarmService& one) { return one.name == name; });
    if (!is_there)
      findings.push_back(
          {"service", name, "it is not there", fmt::format("simswarm swarm deploy --name {}", record.name)});
  }
  return findings;
}

Result<SwarmLook> look_at_swarm(const SwarmRecord& record) {
  SIMSWARM_TRY(const Machine manager, Machine::at(record.manager));
  auto loads = ask_loads(record, manager);
  auto queue = std::async(std::launch::async, [&] { return ask_queue(manager, record); });
  auto found_nodes = std::async(std::launch::async, [&] { return nodes(manager); });
  auto found_tasks = std::async(std::launch::async, [&] { return tasks(manager, record.name); });
  SIMSWARM_TRY(const std::vector<SwarmService> all_services, services(manager, record.name));
  SIMSWARM_TRY(const std::vector<SwarmNode> all_nodes, found_nodes.get());
  SIMSWARM_TRY(const std::vector<SwarmTask> all_tasks, found_tasks.get());
  SwarmLook look;
  look.nodes = nodes_with(all_nodes, all_tasks);
  look.services = services_with(all_services, all_tasks);
  look.queue = queue.get();
  for (auto& load : loads) {
    const auto one = load.get();
    for (NodeLook& node : look.nodes) {
      if (one && node.node.id == one->node_id) node.load = one->load;
    }
  }
  add(look.findings, check_nodes(all_nodes));
  add(look.findings, check_presence(record, all_services));
  add(look.findings, check_services(all_services, all_tasks, all_nodes));
  add(look.findings, check_updates(record, all_services));
  add(look.findings, check_queue(record, look));
  return look;
}

}  // namespace simswarm::cluster
