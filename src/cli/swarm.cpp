// simswarm swarm: which action is meant.
#include <array>
#include <utility>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/swarm_actions.h"
#include "settings/hosts.h"

namespace simswarm::cli {
namespace {

using Action = Result<ExitCode> (*)(const SwarmCommandArguments&);

constexpr std::array<std::pair<std::string_view, Action>, 17> kActions{{{"init", swarm_init},
                                                                        {"add", swarm_add},
                                                                        {"remove", swarm_remove},
                                                                        {"join-command", swarm_join_command},
                                                                        {"doctor", swarm_doctor},
                                                                        {"drain", swarm_drain},
                                                                        {"activate", swarm_drain},
                                                                        {"deploy", swarm_deploy},
                                                                        {"status", swarm_status},
                                                                        {"halt", swarm_halt},
                                                                        {"resume", swarm_halt},
                                                                        {"logs", swarm_logs},
                                                                        {"rotate-secrets", swarm_rotate},
                                                                        {"delete", swarm_delete},
                                                                        {"image", swarm_image},
                                                                        {"connect", swarm_connect},
                                                                        {"disconnect", swarm_disconnect}}};

}  // namespace

Result<std::string> swarm_name(const SwarmCommandArguments& arguments) {
  if (!arguments.name.empty()) {
    SIMSWARM_CHECK(check_host_name(arguments.name));
    return arguments.name;
  }
  const std::vector<std::string> names = cluster::swarm_names();
  if (names.size() > 1) return usage_error("which swarm? --name one of: {}", join(names, ", "));
  return names.empty() ? "swarm" : names.front();
}

Result<cluster::SwarmRecord> swarm_meant(const SwarmCommandArguments& arguments) {
  SIMSWARM_TRY(const std::string name, swarm_name(arguments));
  return cluster::read_swarm(name);
}

Result<ExitCode> swarm_command(const SwarmCommandArguments& arguments) {
  std::vector<std::string> names;
  for (const auto& [name, action] : kActions) {
    if (name == arguments.action) return action(arguments);
    names.emplace_back(name);
  }
  const auto near = near_misses(arguments.action, names, 1);
  return usage_error("swarm {}: there are {}{}", arguments.action, join(names, ", "),
                     near.empty() ? "" : "; did you mean " + near.front() + "?");
}

}  // namespace simswarm::cli
