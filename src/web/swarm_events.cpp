#include "web/swarm_events.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/tasks.h"

namespace simswarm::web {
namespace {

using engine::Names;
using engine::Node;
using engine::Service;
using engine::Swarm;
using engine::Task;

template <typename T>
std::map<std::string_view, const T*> by_id(const std::vector<T>& all) {
  std::map<std::string_view, const T*> found;
  for (const T& one : all) found[one.id] = &one;
  return found;
}

std::string with_reason(const std::string& text, const std::string& reason) {
  return reason.empty() ? text : text + ": " + reason;
}

std::string count_of_tasks(std::uint64_t count) {
  return fmt::format("{} task{}", count, count == 1 ? "" : "s");
}

class Comparison {
 public:
  Comparison(const Swarm& before, const Swarm& after, Stamp from, Stamp to)
      : before_(before), after_(after), from_(from), to_(to), names_(after) {}

  std::vector<SwarmEvent> events() {
    compare(before_.nodes, after_.nodes);
    compare(before_.services, after_.services);
    compare(before_.tasks, after_.tasks);
    std::ranges::stable_sort(found_, {}, &SwarmEvent::at);
    return std::move(found_);
  }

 private:
  template <typename T>
  void compare(const std::vector<T>& before, const std::vector<T>& after) {
    const auto known = by_id(before);
    const auto present = by_id(after);
    for (const T& one : before) {
      if (!present.contains(one.id)) gone(one);
    }
    for (const T& one : after) {
      const auto old = known.find(one.id);
      old == known.end() ? came(one) : changed(*old->second, one);
    }
  }

  void came(const Node& node) { say(node, fmt::format("{} has joined, {}: {}", node.host, node.role, node.state)); }
  void gone(const Node& node) { say(node, node.host + " has left"); }
  void changed(const Node& old, const Node& node) {
    if (node.state != old.state)
      say(node, with_reason(fmt::format("{} is {}, was {}", node.host, node.state, old.state), node.message));
    if (node.availability != old.availability)
      say(node, fmt::format("{} is set to {}, was {}", node.host, node.availability, old.availability));
    if (node.role != old.role) say(node, fmt::format("{} is {}, was {}", node.host, node.role, old.role));
    if (node.leader && !old.leader) say(node, node.host + " leads the swarm");
    if (node.reachability != old.reachability && !node.reachability.empty() && !old.reachability.empty())
      say(node, fmt::format("manager {} is {}, was {}", node.host, node.reachability, old.reachability));
  }

  void came(const Service& service) {
    say(service, fmt::format("{} is deployed, {} wanted", service.name, count_of_tasks(service.wanted)));
  }
  void gone(const Service& service) { say(service, service.name + " is removed"); }
  void changed(const Service& old, const Service& service) {
    if (service.image != old.image)
      say(service, fmt::format("{} is of {}, was of {}", service.name, service.image, old.image));
    if (service.wanted != old.wanted)
      say(service, fmt::format("{}: {} wanted, were {}", service.name, count_of_tasks(service.wanted), old.wanted));
    if (service.running != old.running)
      say(service,
          fmt::format("{}: {} of {} running, were {}", service.name, service.running, service.wanted, old.running));
    if (service.update != old.update && !service.update.empty())
      say(service, with_reason(fmt::format("{}: update {}", service.name, service.update), service.update_message));
  }

  void came(const Task& task) { say(task, "is new"); }
  // The engine forgets those of the past, and a service takes its own with it.
  static void gone(const Task& /*task*/) {}
  void changed(const Task& old, const Task& task) {
    if (task.state != old.state) say(task, "was " + old.state);
  }

  void say(const Node& node, std::string what) { found_.push_back({to_, "node", std::move(what), node.id}); }
  void say(const Service& service, std::string what) {
    found_.push_back({to_, "service", std::move(what), service.id});
  }
  void say(const Task& task, const std::string& before) {
    std::string what = names_.task(task);
    if (!task.node.empty()) what += " on " + names_.host(task.node);
    what += " is " + task.state;
    if (task.exit_code.value_or(0) != 0) what += fmt::format(" ({})", *task.exit_code);
    const bool is_within = task.since > from_ && task.since < to_;
    found_.push_back({is_within ? task.since : to_, "task", with_reason(what + ", " + before, task.error), task.id});
  }

  const Swarm& before_;
  const Swarm& after_;
  Stamp from_, to_;
  Names names_;
  std::vector<SwarmEvent> found_;
};

}  // namespace

std::vector<SwarmEvent> changes_between(const Swarm& before, const Swarm& after, Stamp before_at, Stamp after_at) {
  return Comparison(before, after, before_at, after_at).events();
}

void SwarmHistory::add(std::vector<SwarmEvent> events) {
  for (SwarmEvent& event : events) events_.push_front(std::move(event));
  if (events_.size() > kMost) events_.resize(kMost);
}

std::string events_json(const std::deque<SwarmEvent>& events) {
  nlohmann::json list = nlohmann::json::array();
  for (const SwarmEvent& event : events)
    list.push_back({{"at", to_text(event.at)}, {"kind", event.kind}, {"what", event.what}, {"id", event.id}});
  return nlohmann::json{{"events", std::move(list)}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace simswarm::web
