#include "view/overview.h"

#include <algorithm>

namespace simswarm::view {
namespace {

void add(jobs::Counts& totals, const jobs::Counts& more) {
  totals.deferred += more.deferred;
  totals.scheduled += more.scheduled;
  totals.queued += more.queued;
  totals.started += more.started;
  totals.finished += more.finished;
  totals.failed += more.failed;
  totals.cancelled += more.cancelled;
}

Result<QueueRow> row_of(jobs::JobQueue& queue, const jobs::QueueView& seen) {
  QueueRow row{.name = seen.name, .campaign = seen.campaign, .priority = seen.priority, .counts = {}};
  row.counts.queued = seen.queued;
  // Of a queue with a name that only RQ takes we know what waits.
  if (!jobs::check_queue(seen.name)) return row;
  SIMSWARM_TRY(row.counts, queue.counts(seen.name));
  return row;
}

}  // namespace

Result<Overview> look_over(jobs::JobQueue& queue) {
  Overview overview;
  SIMSWARM_TRY(const std::vector<jobs::QueueView> queues, queue.queues());
  for (const jobs::QueueView& seen : queues) {
    SIMSWARM_TRY(QueueRow row, row_of(queue, seen));
    add(overview.totals, row.counts);
    overview.queues.push_back(std::move(row));
  }
  SIMSWARM_TRY(overview.suspended, queue.is_suspended());
  SIMSWARM_TRY(overview.workers, queue.workers());
  for (const jobs::WorkerView& worker : overview.workers) {
    overview.slots += worker.record.slots;
    overview.running += worker.record.running;
  }
  return overview;
}

std::vector<CampaignRow> campaigns_of(const std::vector<store::CampaignRecord>& records, const Overview& overview,
                                      std::size_t most) {
  std::vector<CampaignRow> rows;
  for (const store::CampaignRecord& record : records) {
    if (rows.size() == most) break;
    CampaignRow row{.record = record, .counts = {}};
    const auto queue = std::find_if(overview.queues.begin(), overview.queues.end(),
                                    [&](const QueueRow& one) { return one.name.text == record.queue; });
    if (queue != overview.queues.end()) row.counts = queue->counts;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace simswarm::view
