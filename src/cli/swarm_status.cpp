// How a swarm stands, and what its services say: status, logs.
#include "cluster/swarm_status.h"

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "cli/screen.h"
#include "cli/swarm_actions.h"
#include "cluster/machine_stream.h"
#include "result/text_table.h"
#include "simulator/command_text.h"

namespace simswarm::cli {
namespace {

using cluster::Finding;
using cluster::NodeLook;
using cluster::QueueLook;
using cluster::ServiceLook;
using cluster::SwarmLook;
using cluster::SwarmRecord;
using nlohmann::json;

void print_json(const json& value) {
  print(value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

json json_of(const NodeLook& look) {
  const cluster::SwarmNode& node = look.node;
  json one{{"id", node.id},           {"host", node.hostname},
           {"role", node.role},       {"availability", node.availability},
           {"state", node.state},     {"address", node.address},
           {"cores", node.cores},     {"memory", node.memory},
           {"engine", node.version},  {"tasks", look.tasks},
           {"leader", node.is_leader}};
  one["load"] = look.load ? json(*look.load) : json();
  return one;
}

json json_of(const ServiceLook& look) {
  const cluster::SwarmService& one = look.service;
  return {{"service", one.name}, {"wanted", one.wanted},    {"running", one.running}, {"waiting", look.waiting},
          {"image", one.image},  {"global", one.is_global}, {"update", one.update}};
}

json json_of(const QueueLook& queue) {
  return {{"waiting", queue.waiting},
          {"running", queue.running},
          {"finished", queue.finished},
          {"failed", queue.failed},
          {"workers", queue.workers}};
}

json json_of(const SwarmRecord& record, const SwarmLook& look) {
  json nodes = json::array(), services = json::array(), findings = json::array();
  for (const NodeLook& one : look.nodes) nodes.push_back(json_of(one));
  for (const ServiceLook& one : look.services) services.push_back(json_of(one));
  for (const Finding& one : look.findings)
    findings.push_back({{"check", one.check}, {"where", one.where}, {"what", one.what}, {"remedy", one.remedy}});
  return {{"swarm", record.name}, {"manager", record.manager}, {"image", record.image},
          {"nodes", nodes},       {"services", services},      {"queue", look.queue ? json_of(*look.queue) : json()},
          {"findings", findings}};
}

result::TextTable::Style style() {
  result::TextTable::Style style;
  style.width = stdout_is_terminal() ? terminal_size().columns : 0;
  return style;
}

std::string number(double value) {
  return value == static_cast<double>(static_cast<long>(value)) ? fmt::format("{:.0f}", value)
                                                                : fmt::format("{:.1f}", value);
}

std::string nodes_table(const SwarmLook& look) {
  result::TextTable table({"node", "role", "state", "cores", "memory", "tasks", "load"});
  for (const NodeLook& one : look.nodes) {
    const std::string state =
        one.node.availability == "active" ? one.node.state : one.node.state + ", " + one.node.availability;
    table.add_row({one.node.hostname, one.node.role, state, number(one.node.cores), human_bytes(one.node.memory),
                   std::to_string(one.tasks), one.load ? fmt::format("{:.2f}", *one.load) : "-"});
  }
  return table.render(style());
}

std::string services_table(const SwarmLook& look) {
  result::TextTable table({"service", "running", "wanted", "waiting for room", "image"});
  for (const ServiceLook& one : look.services)
    table.add_row({one.service.name, std::to_string(one.service.running), std::to_string(one.service.wanted),
                   one.waiting == 0 ? "-" : std::to_string(one.waiting), one.service.image});
  return table.render(style());
}

std::string queue_line(const SwarmLook& look) {
  if (!look.queue) return "queue: not known\n";
  return fmt::format("queue: {} waiting, {} running, {} finished, {} failed; {} worker{}\n", look.queue->waiting,
                     look.queue->running, look.queue->finished, look.queue->failed, look.queue->workers,
                     look.queue->workers == 1 ? "" : "s");
}

void print_text(const SwarmRecord& record, const SwarmLook& look) {
  std::string text = nodes_table(look);
  if (!look.services.empty()) text += "\n" + services_table(look) + "\n" + queue_line(look);
  text += "\n";
  for (const Finding& one : look.findings) text += "wrong: " + one.line() + "\n";
  if (look.findings.empty()) text += fmt::format("{}: all is well\n", record.name);
  print(text);
}

// It ends with us, however that comes: it looks for the end of what it reads.
constexpr const char* kLogs = R"sh(
exec 3<&0
docker service logs "$@" 2>&1 &
logs=$!
{ cat >/dev/null; kill "$logs"; } <&3 >/dev/null 2>&1 &
exec 3<&-
wait "$logs"
)sh";

std::vector<std::string> logs_words(const SwarmCommandArguments& arguments, const SwarmRecord& record,
                                    const std::string& service) {
  std::vector<std::string> words{"sh", "-c", kLogs, "sh", "--tail", arguments.tail.empty() ? "100" : arguments.tail};
  if (!arguments.since.empty()) words.insert(words.end(), {"--since", arguments.since});
  if (arguments.follow) words.emplace_back("--follow");
  if (!arguments.json) words.emplace_back("--timestamps");
  words.push_back(record.name + "_" + service);
  return words;
}

Status check_logs(const SwarmCommandArguments& arguments) {
  if (arguments.words.size() != 1)
    return usage_error("swarm logs: one service is to be named (simswarm swarm status lists them)");
  const auto number = parse_int(arguments.tail);
  if (!arguments.tail.empty() && arguments.tail != "all" && (!number || *number < 0))
    return usage_error("--tail={}: expected a number of lines, or all", arguments.tail);
  if (arguments.since.starts_with('-'))
    return usage_error("--since={}: expected 10m or 2026-11-29T10:00:00", arguments.since);
  return {};
}

// «NAME.1.TASK@HOST    | what it has said», as Docker prefixes each line.
void print_line(const SwarmCommandArguments& arguments, std::string_view line) {
  constexpr std::size_t kLongest = 16384;
  if (!arguments.json) return print(clean_line(line, kLongest) + "\n");
  const std::size_t bar = line.find('|');
  const std::string_view head = bar == std::string_view::npos ? std::string_view() : trim(line.substr(0, bar));
  const std::size_t at = head.find('@');
  print_json({{"task", head.substr(0, at)},
              {"host", at == std::string_view::npos ? std::string_view() : head.substr(at + 1)},
              {"line", bar == std::string_view::npos ? line : trim(line.substr(bar + 1))}});
}

void print_lines(const SwarmCommandArguments& arguments, const Fd& from) {
  std::string waiting;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    waiting.append(buffer.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end = waiting.find('\n'); end != std::string::npos; end = waiting.find('\n', begin)) {
      print_line(arguments, std::string_view(waiting).substr(begin, end - begin));
      begin = end + 1;
    }
    waiting.erase(0, begin);
  }
  if (!waiting.empty()) print_line(arguments, waiting);
}

struct Pipe {
  Fd read, write;
};
Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<Answer> stream(const SwarmCommandArguments& arguments, const cluster::Machine& manager,
                      const std::vector<std::string>& words) {
  SIMSWARM_TRY(Pipe output, make_pipe());
  SIMSWARM_TRY(const Pipe life, make_pipe());
  std::thread printer([&, read = std::move(output.read)] { print_lines(arguments, read); });
  cluster::Call call;
  call.timeout = cluster::kLongCall;
  call.output_to = output.write.get();
  call.input_from = life.read.get();
  Result<Answer> answer = manager.run(words, call);
  output.write.reset();
  printer.join();
  return answer;
}

Result<std::string> service_meant(const cluster::Machine& manager, const SwarmRecord& record, const std::string& word) {
  SIMSWARM_TRY(const std::vector<cluster::SwarmService> all, cluster::services(manager, record.name));
  std::vector<std::string> names;
  for (const cluster::SwarmService& one : all) {
    if (one.name == word) return word;
    names.push_back(one.name);
  }
  if (names.empty())
    return environment_error("{}: no service runs: simswarm swarm status --name {}", record.name, record.name);
  return usage_error("there is no service «{}» (there are: {}){}", clean_line(word, 100), join(names, ", "),
                     did_you_mean(word, names));
}

}  // namespace

Result<ExitCode> swarm_status(const SwarmCommandArguments& arguments) {
  if (!arguments.words.empty()) return usage_error("swarm status: «{}» is no option of it", arguments.words.front());
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  SIMSWARM_TRY(const SwarmLook look, cluster::look_at_swarm(record));
  if (arguments.json) {
    print_json(json_of(record, look));
  } else {
    print_text(record, look);
  }
  return look.findings.empty() ? ExitCode::kOk : ExitCode::kSomeRunsIncomplete;
}

Result<ExitCode> swarm_logs(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(check_logs(arguments));
  SIMSWARM_TRY(const SwarmRecord record, swarm_meant(arguments));
  SIMSWARM_TRY(const cluster::Machine manager, cluster::Machine::at(record.manager));
  SIMSWARM_TRY(const std::string service, service_meant(manager, record, arguments.words.front()));
  const std::vector<std::string> words = logs_words(arguments, record, service);
  if (arguments.dry_run) {
    print(fmt::format("would: {}: docker service logs {}\n", manager.name(),
                      shell_line(std::vector<std::string>(words.begin() + 4, words.end()))));
    return ExitCode::kOk;
  }
  SIMSWARM_TRY(const Answer answer, stream(arguments, manager, words));
  if (answer.exit_code == 0) return ExitCode::kOk;
  return environment_error("{}: docker service logs {}: exit code {}", manager.name(), service, answer.exit_code);
}

}  // namespace simswarm::cli
