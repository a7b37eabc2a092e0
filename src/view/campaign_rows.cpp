#include "view/campaign_rows.h"

#include <algorithm>

namespace simswarm::view {
namespace {

constexpr Seconds kLeast{5};  // of which a pace can be told
constexpr Seconds kStep{2};   // between two points that are kept
constexpr double kMinute = 60;

std::size_t less(std::size_t a, std::size_t b) {
  return a > b ? a - b : 0;
}

std::string state_of(const CampaignRow& row, bool is_cancelled, bool is_suspended, bool is_known) {
  if (is_cancelled) return "cancelled";
  if (row.running > 0) return "running";
  if (row.waiting > 0) return is_suspended ? "suspended" : "waiting";
  if (row.failed > 0) return "failed";
  return is_known ? "done" : "unknown";
}

}  // namespace

void Pace::note(const std::string& what, std::size_t done, Monotonic now) {
  auto& points = seen_[what];
  if (!points.empty() && done < points.back().second) points.clear();  // something was queued anew
  if (points.size() > 1 && now - points[points.size() - 2].first < kStep) points.pop_back();
  points.emplace_back(now, done);
  while (points.size() > 2 && now - points[1].first > kWindow) points.pop_front();
}

std::optional<double> Pace::rate(const std::string& what, Monotonic now) const {
  const auto found = seen_.find(what);
  if (found == seen_.end() || found->second.empty()) return std::nullopt;
  const auto& [since, before] = found->second.front();
  const Seconds span = now - since;
  if (span < kLeast) return std::nullopt;
  return static_cast<double>(found->second.back().second - before) / span.count() * kMinute;
}

void Pace::forget_others(const std::set<std::string>& known) {
  std::erase_if(seen_, [&](const auto& one) { return !known.contains(one.first); });
}

std::vector<CampaignRow> campaign_rows(const std::vector<store::CampaignRecord>& records, const Marks& marks,
                                       const jobs::Survey& survey, Pace& pace, Monotonic now) {
  std::map<std::string, const jobs::QueueRow*> queues;
  for (const jobs::QueueRow& queue : survey.queues) queues[queue.name.text] = &queue;
  std::map<std::string, int> users;
  for (const store::CampaignRecord& record : records) ++users[record.queue];
  std::vector<CampaignRow> rows;
  std::set<std::string> known;
  for (const store::CampaignRecord& record : records) {
    CampaignRow row;
    row.id = record.id;
    row.name = record.name;
    row.queue = record.queue;
    row.host = record.host;
    row.build = record.build;
    row.created = record.created;
    row.runs = record.runs;
    known.insert(record.id);
    const auto queue = queues.find(record.queue);
    const bool is_own = queue != queues.end() && users[record.queue] == 1;
    if (is_own) {
      const jobs::Counts& counts = queue->second->counts;
      row.waiting = counts.queued + counts.scheduled + counts.deferred;
      row.running = counts.started;
      row.failed = counts.failed;
      row.cancelled = counts.cancelled;
      row.priority = queue->second->priority;
      // What is not in the queue had a result before.
      row.finished = less(row.runs, row.waiting + row.running + row.failed + row.cancelled);
      pace.note(row.id, row.finished + row.failed, now);
    }
    // All results were known, or its queue is gone: all of it has been brought to where it was wanted.
    const bool is_done = !is_own && marks.collected.contains(record.id);
    if (is_done) row.finished = row.runs;
    row.state = state_of(row, marks.cancelled.contains(record.id), survey.suspended, is_own || is_done);
    if (row.state == "running") {
      row.rate = pace.rate(row.id, now);
      if (row.rate && *row.rate > 0) row.left = static_cast<double>(row.waiting + row.running) / *row.rate * kMinute;
    }
    rows.push_back(std::move(row));
  }
  pace.forget_others(known);
  return rows;
}

std::vector<CampaignRow> with_work_first(std::vector<CampaignRow> rows, std::size_t most) {
  const auto has_work = [](const CampaignRow& row) {
    return (row.running + row.waiting > 0 || row.building) && row.state != "cancelled";
  };
  std::stable_partition(rows.begin(), rows.end(), has_work);
  if (rows.size() > most) rows.resize(most);
  return rows;
}

}  // namespace simswarm::view
