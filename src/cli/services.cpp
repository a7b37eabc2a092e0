// simswarm services: a swarm on this machine, for trying it and for tests.
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cluster/local_services.h"
#include "result/text_table.h"

namespace simswarm::cli {
namespace {

using cluster::ServicesOptions;
using cluster::ServiceState;
using nlohmann::json;

Result<ServicesOptions> options_from(const ServicesArguments& arguments) {
  ServicesOptions options;
  if (!arguments.name.empty()) options.name = arguments.name;
  SIMSWARM_CHECK(check_host_name(options.name));
  options.store = arguments.store;
  if (arguments.runners.value_or(1) < 1) return usage_error("--runners={}: at least one", *arguments.runners);
  if (arguments.distcc.value_or(0) < 0) return usage_error("--distcc={}: 0 is none", *arguments.distcc);
  if (arguments.runners) options.runners = static_cast<std::size_t>(*arguments.runners);
  if (arguments.distcc) options.distcc = static_cast<std::size_t>(*arguments.distcc);
  std::error_code error;
  options.program = fs::read_symlink("/proc/self/exe", error);
  if (error) return system_error(error.value(), "/proc/self/exe");
  return options;
}

json json_of(const ServicesOptions& options, const std::vector<ServiceState>& states) {
  json list = json::array();
  for (const ServiceState& one : states) {
    json service{{"service", one.service},
                 {"running", one.pid > 0},
                 {"pid", one.pid},
                 {"address", one.address},
                 {"log", one.log.string()}};
    if (one.pid == 0) service["last_line"] = one.last_line;
    list.push_back(std::move(service));
  }
  return {{"name", options.name},
          {"folder", cluster::services_folder(options.name).string()},
          {"hosts", hosts_file().string()},
          {"services", list}};
}

void print_json(const json& value) {
  print(value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

bool all_run(const std::vector<ServiceState>& states) {
  return !states.empty() &&
         std::all_of(states.begin(), states.end(), [](const ServiceState& one) { return one.pid > 0; });
}

Result<ExitCode> up(const ServicesArguments& arguments) {
  SIMSWARM_TRY(ServicesOptions options, options_from(arguments));
  json notes = json::array();
  options.say = [&](const std::string& line) {
    if (!arguments.json) {
      print(line + "\n");
    } else if (line.starts_with("note: ")) {
      notes.push_back(line.substr(std::string_view("note: ").size()));
    }
  };
  SIMSWARM_TRY(const std::vector<ServiceState> states, cluster::services_up(options));
  if (arguments.json) {
    json all = json_of(options, states);
    all["notes"] = notes;
    print_json(all);
  } else {
    print(fmt::format("{} is up: simswarm runall --on {} …\n", options.name, options.name));
  }
  return ExitCode::kOk;
}

Result<ExitCode> down(const ServicesArguments& arguments) {
  SIMSWARM_TRY(const ServicesOptions options, options_from(arguments));
  SIMSWARM_TRY(const std::vector<ServiceState> before, cluster::services_state(options));
  SIMSWARM_CHECK(cluster::services_down(options, arguments.forget));
  const auto ended = std::count_if(before.begin(), before.end(), [](const ServiceState& one) { return one.pid > 0; });
  if (arguments.json) {
    print_json({{"name", options.name}, {"ended", ended}, {"forgotten", arguments.forget}});
  } else {
    print(fmt::format("{}: {}{}\n", options.name,
                      ended == 0 ? "nothing ran" : fmt::format("{} service{} ended", ended, ended == 1 ? "" : "s"),
                      arguments.forget ? "; its data and its name are removed" : ""));
  }
  return ExitCode::kOk;
}

Result<ExitCode> state(const ServicesArguments& arguments) {
  SIMSWARM_TRY(const ServicesOptions options, options_from(arguments));
  SIMSWARM_TRY(const std::vector<ServiceState> states, cluster::services_state(options));
  const ExitCode code = all_run(states) ? ExitCode::kOk : ExitCode::kSomeRunsIncomplete;
  if (arguments.json) {
    print_json(json_of(options, states));
    return code;
  }
  if (states.empty()) {
    print(fmt::format("{}: nothing has been started; simswarm services up\n", options.name));
    return code;
  }
  result::TextTable table({"service", "state", "process", "address", "last line of its log"});
  for (const ServiceState& one : states) {
    table.add_row({one.service, one.pid > 0 ? "runs" : "ended", one.pid > 0 ? std::to_string(one.pid) : "-",
                   one.address, one.last_line});
  }
  result::TextTable::Style style;
  style.width = stdout_is_terminal() ? terminal_size().columns : 0;
  print(table.render(style));
  return code;
}

}  // namespace

Result<ExitCode> services_command(const ServicesArguments& arguments) {
  if (arguments.action == "up") return up(arguments);
  if (arguments.action == "down") return down(arguments);
  if (arguments.action == "status") return state(arguments);
  const auto near = near_misses(arguments.action, {"up", "down", "status"}, 1);
  return usage_error("services {}: there are up, down and status{}", arguments.action,
                     near.empty() ? "" : "; did you mean " + near.front() + "?");
}

}  // namespace simswarm::cli
