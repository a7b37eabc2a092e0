#include "web/swarm_troubles.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::web {
namespace {

using engine::Node;
using engine::Service;

// With a name that stays the same as long as the trouble does, whatever its text says.
struct Named {
  std::string name;
  view::Trouble trouble;
};

void add_engine(const Seen<SwarmLook>& seen, Seconds looking_for, std::vector<Named>& found) {
  std::string what = seen.trouble;
  if (what.empty() && looking_for > SwarmTroubles::kSilentAfter) what = "the engine does not answer";
  if (what.empty() && seen.value) return;
  if (what.empty()) {
    found.push_back({"engine", {"the engine has not answered yet", "this page goes on looking", {}, false}});
    return;
  }
  found.push_back(
      {"engine", {what, "this page goes on as soon as it answers; on the manager: systemctl status docker", {}, true}});
}

void add_services(const engine::Swarm& swarm, std::vector<Named>& found) {
  for (const Service& service : swarm.services) {
    if (service.running > 0 || service.wanted == 0) continue;
    found.push_back({"service " + service.id,
                     {fmt::format("service {} does not run: 0 of {} tasks", service.name, service.wanted),
                      "its tasks say why, as does: docker service ps --no-trunc " + shell_quoted(service.name),
                      {},
                      true}});
  }
}

void add_nodes(const engine::Swarm& swarm, std::vector<Named>& found) {
  for (const Node& node : swarm.nodes) {
    if (node.state != "ready") {
      const std::string reason = node.message.empty() ? "" : ": " + node.message;
      found.push_back({"node " + node.id,
                       {fmt::format("node {} is {}{}", node.host, node.state, reason),
                        "its tasks go to others; if it does not come back: docker node rm " + shell_quoted(node.host),
                        {},
                        true}});
    } else if (node.role == "manager" && node.reachability == "unreachable") {
      found.push_back({"manager " + node.id,
                       {fmt::format("manager {} is unreachable", node.host),
                        "managers need port 2377 of each other; on its host: systemctl status docker",
                        {},
                        true}});
    }
  }
}

void add_updates(const engine::Swarm& swarm, std::vector<Named>& found) {
  for (const Service& service : swarm.services) {
    if (service.update != "paused" && service.update != "rollback_paused") continue;
    const std::string reason = service.update_message.empty() ? "" : ": " + service.update_message;
    found.push_back({"update " + service.id,
                     {fmt::format("the update of {} is paused{}", service.name, reason),
                      "deploy again, or go back: docker service rollback " + shell_quoted(service.name),
                      {},
                      false}});
  }
}

// The first of them, and how many more there are.
void append_some(std::vector<Named> some, const std::string& kind, std::vector<Named>& all) {
  const std::size_t more = some.size() - std::min(some.size(), SwarmTroubles::kMostOfAKind);
  some.resize(some.size() - more);
  std::ranges::move(some, std::back_inserter(all));
  if (more > 0) {
    const bool is_error = all.back().trouble.is_error;
    all.push_back({"more " + kind, {fmt::format("and {} more {}", more, kind), "", {}, is_error}});
  }
}

}  // namespace

std::vector<view::Trouble> SwarmTroubles::found(const Seen<SwarmLook>& seen, Seconds looking_for, Stamp now) {
  std::vector<Named> all;
  add_engine(seen, looking_for, all);
  if (seen.value) {
    std::vector<Named> services, nodes, updates;
    add_services(seen.value->swarm, services);
    add_nodes(seen.value->swarm, nodes);
    add_updates(seen.value->swarm, updates);
    append_some(std::move(services), "services that do not run", all);
    append_some(std::move(nodes), "nodes that are not ready", all);
    append_some(std::move(updates), "updates that are paused", all);
  }
  std::map<std::string, Stamp> there;
  std::vector<view::Trouble> troubles;
  for (Named& one : all) {
    const auto known = since_.find(one.name);
    const bool is_engine = one.name == "engine" && !seen.trouble.empty();
    const Stamp begun = is_engine ? now - std::chrono::duration_cast<Stamp::duration>(seen.trouble_for) : now;
    one.trouble.since = known == since_.end() ? begun : known->second;
    there[one.name] = one.trouble.since;
    troubles.push_back(std::move(one.trouble));
  }
  since_ = std::move(there);
  return troubles;
}

}  // namespace simswarm::web
