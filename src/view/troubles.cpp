#include "view/troubles.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::view {
namespace {

constexpr std::size_t kMostOfAKind = 5;

void add_obstacles(const Picture& picture, std::vector<Trouble>& troubles) {
  std::map<std::string, std::vector<std::string>> by_obstacle;
  for (const jobs::WorkerView& worker : picture.survey.workers) {
    if (!worker.record.obstacle.empty()) by_obstacle[worker.record.obstacle].push_back(worker.record.name.text);
  }
  for (const auto& [obstacle, names] : by_obstacle) {
    const std::string who = names.size() == 1 ? "worker " + names.front()
                                              : fmt::format("{} workers, {} among them,", names.size(), names.front());
    troubles.push_back({fmt::format("{} takes nothing new: {}", who, obstacle), "", {}, false});
  }
}

// Jobs wait where nobody works.
void add_unserved(const Picture& picture, std::vector<Trouble>& troubles) {
  const auto is_served = [&](const jobs::QueueName& queue) {
    return std::ranges::any_of(picture.survey.workers, [&](const auto& worker) { return serves(worker, queue); });
  };
  std::size_t told = 0;
  for (const jobs::QueueRow& queue : picture.survey.queues) {
    if (queue.counts.queued == 0 || is_served(queue.name) || told++ >= kMostOfAKind) continue;
    troubles.push_back(
        {fmt::format("{} jobs wait in {}, and no worker serves it", queue.counts.queued, queue.name.text),
         fmt::format("start one: simswarm worker run --queues {}", shell_quoted(queue.name.text)),
         {},
         true});
  }
}

void add_failures(const Picture& picture, std::vector<Trouble>& troubles) {
  std::size_t told = 0;
  for (const CampaignRow& row : picture.campaigns) {
    if (row.failed == 0 || row.running + row.waiting == 0 || told++ >= kMostOfAKind) continue;
    troubles.push_back({fmt::format("{} of {} runs of campaign {} failed", row.failed, row.runs, row.name),
                        fmt::format("see why: simswarm log, or the campaign's page; what is mended runs again with the "
                                    "same call"),
                        {},
                        false});
  }
}

}  // namespace

std::vector<Trouble> troubles_of(const Picture& picture, const Servers& servers) {
  std::vector<Trouble> troubles;
  if (!servers.queue_trouble.empty())
    troubles.push_back(
        {servers.queue_trouble, "nothing is lost: workers and pages go on when Redis is back", {}, true});
  if (!servers.store_trouble.empty())
    troubles.push_back(
        {"the store: " + servers.store_trouble, "nothing is lost: results wait with the workers", {}, true});
  if (picture.survey.suspended)
    troubles.push_back({"suspended: no worker takes a job", "simswarm jobs resume, or Resume here", {}, true});
  add_unserved(picture, troubles);
  add_obstacles(picture, troubles);
  add_failures(picture, troubles);
  std::stable_partition(troubles.begin(), troubles.end(), [](const Trouble& one) { return one.is_error; });
  return troubles;
}

// Numbers in a text change while the trouble stays: they do not count.
void TroubleTimes::date(std::vector<Trouble>& troubles, Stamp now) {
  const auto name_of = [](const Trouble& trouble) {
    std::string name;
    for (const std::string_view word : split(trouble.what, ' ')) {
      if (!parse_int(word)) name += std::string(word) + " ";
    }
    return name;
  };
  std::map<std::string, Stamp> there;
  for (Trouble& trouble : troubles) {
    const std::string name = name_of(trouble);
    const auto known = since_.find(name);
    trouble.since = known == since_.end() ? now : known->second;
    there[name] = trouble.since;
  }
  since_ = std::move(there);
}

}  // namespace simswarm::view
