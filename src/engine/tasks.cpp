#include "engine/tasks.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace simswarm::engine {
namespace {

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

bool has_failed(const Task& task) {
  return is_one_of(task.state, {"failed", "rejected", "orphaned"});
}

bool has_ended(const Task& task) {
  return has_failed(task) || is_one_of(task.state, {"complete", "shutdown", "remove"});
}

std::vector<std::size_t> restarts_of(const std::vector<Task>& tasks) {
  std::vector<std::size_t> oldest_first(tasks.size());
  std::iota(oldest_first.begin(), oldest_first.end(), std::size_t{0});
  std::ranges::stable_sort(oldest_first, {}, [&](std::size_t i) { return tasks[i].created; });
  static const std::string no_node;
  std::map<std::tuple<std::string_view, std::int64_t, std::string_view>, std::size_t> ended;
  std::vector<std::size_t> restarts(tasks.size(), 0);
  for (const std::size_t i : oldest_first) {
    const Task& task = tasks[i];
    std::size_t& before = ended[{task.service, task.slot, task.slot > 0 ? no_node : task.node}];
    restarts[i] = before;
    before += has_ended(task) ? 1 : 0;
  }
  return restarts;
}

Names::Names(const Swarm& swarm) {
  for (const Node& node : swarm.nodes) hosts_[node.id] = &node.host;
  for (const Service& service : swarm.services) services_[service.id] = &service.name;
}

std::string Names::host(const std::string& node) const {
  const auto found = hosts_.find(node);
  return found == hosts_.end() ? node : *found->second;
}

std::string Names::service(const std::string& id) const {
  const auto found = services_.find(id);
  return found == services_.end() ? id : *found->second;
}

std::string Names::task(const Task& task) const {
  return task.slot > 0 ? fmt::format("{}.{}", service(task.service), task.slot) : service(task.service);
}

}  // namespace simswarm::engine
