#include "campaign/submission.h"

#include <algorithm>
#include <thread>

#include "base/text.h"
#include "store/upkeep.h"
#include "worker/assignment.h"

namespace simswarm::campaign {
namespace {

constexpr std::size_t kAtOnce = 1000;
constexpr std::chrono::seconds kResultTtl{7 * 86'400};  // how long it can be asked what became of a job

// What was done is not done twice, so it can be repeated.
Status put_in(jobs::JobQueue& queue, const std::vector<jobs::NewJob>& some) {
  constexpr int kTries = 10;
  for (int tries = 1;; ++tries) {
    const auto done = queue.enqueue(some);
    if (done) return {};
    if (!done.error().can_retry || tries == kTries) return propagate(done.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

// Of those that stand there now.
Status each(const store::CampaignRecord& campaign, jobs::JobQueue& queue, jobs::Place place,
            const std::function<Status(const jobs::JobId&)>& visit) {
  std::vector<jobs::JobId> ids;
  for (std::size_t offset = 0;; offset += kAtOnce) {
    SIMSWARM_TRY(const jobs::Page page, queue.list({campaign.queue}, place, offset, kAtOnce));
    for (const jobs::JobView& job : page.jobs) {
      if (position_of(campaign.id, job.id)) ids.push_back(job.id);
    }
    if (page.jobs.size() < kAtOnce) break;
  }
  for (const jobs::JobId& id : ids) SIMSWARM_CHECK(visit(id));
  return {};
}

}  // namespace

Result<EndedRuns> end_runs(const store::CampaignRecord& campaign, jobs::JobQueue& queue) {
  EndedRuns ended;
  if (campaign.queue.ends_with("run-" + campaign.id)) {
    SIMSWARM_TRY(ended.waiting, queue.cancel_waiting({campaign.queue}));
  } else {
    SIMSWARM_CHECK(each(campaign, queue, jobs::Place::kQueued, [&](const jobs::JobId& id) -> Status {
      SIMSWARM_TRY(const jobs::Answer answer, queue.cancel(id));
      ended.waiting += answer == jobs::Answer::kDone ? 1 : 0;
      return {};
    }));
  }
  SIMSWARM_CHECK(each(campaign, queue, jobs::Place::kStarted, [&](const jobs::JobId& id) -> Status {
    SIMSWARM_TRY(const jobs::Answer answer, queue.request_stop(id));
    ended.running += answer == jobs::Answer::kDone ? 1 : 0;
    return {};
  }));
  return ended;
}

Result<Digest> keep_keys(const std::vector<RunKey>& keys, store::Store& store) {
  std::string bytes;
  bytes.reserve(keys.size() * sizeof(DigestBytes));
  for (const RunKey& key : keys) {
    const DigestBytes one = key.digest.bytes();
    bytes.append(one.begin(), one.end());
  }
  TextSource source(bytes);
  SIMSWARM_TRY(const store::Blob blob, store.put(source));
  return blob.digest;
}

jobs::JobId job_of(const std::string& campaign, std::size_t position) {
  return {fmt::format("{}-{}", campaign, position)};
}

std::optional<std::size_t> position_of(const std::string& campaign, const jobs::JobId& job) {
  const std::string_view text = job.text;
  if (!text.starts_with(campaign) || text.size() <= campaign.size() + 1 || text[campaign.size()] != '-') return {};
  const auto number = parse_int(text.substr(campaign.size() + 1));
  if (!number || *number < 0) return {};
  return static_cast<std::size_t>(*number);
}

Status submit(const store::CampaignRecord& campaign, const std::vector<std::size_t>& order,
              const std::function<std::string(std::size_t)>& name_of, jobs::JobQueue& queue) {
  SIMSWARM_CHECK(queue.keep_manifest(campaign.id, campaign.study));
  std::vector<jobs::NewJob> some;
  for (const std::size_t position : order) {
    jobs::NewJob& job = some.emplace_back();
    job.id = job_of(campaign.id, position);
    job.queue.text = campaign.queue;
    job.payload = worker::payload_of(campaign.id, position);
    job.description = name_of(position);
    job.retries = campaign.retries;
    job.max_lost = campaign.max_lost;
    job.result_ttl = kResultTtl;
    if (some.size() < kAtOnce) continue;
    SIMSWARM_CHECK(put_in(queue, some));
    some.clear();
  }
  return some.empty() ? Status() : put_in(queue, some);
}

Status submit(const store::CampaignRecord& campaign, const Positions& runs,
              const std::function<std::string(std::size_t)>& name_of, jobs::JobQueue& queue) {
  return submit(campaign, runs.first(runs.size()), name_of, queue);
}

Result<std::size_t> restore(const store::CampaignRecord& campaign, store::Store& store, jobs::JobQueue& queue) {
  SIMSWARM_TRY(const std::vector<RunKey> keys, store::keys_in_plan(store, campaign));
  Positions missing;
  for (std::size_t begin = 0; begin < keys.size(); begin += kAtOnce) {
    const auto some = std::span(keys).subspan(begin, std::min(kAtOnce, keys.size() - begin));
    SIMSWARM_TRY(const auto known, store.results(some, store::Part::kBody));
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (!known[i]) missing.insert(begin + i);
    }
  }
  const auto name_of = [&](std::size_t position) { return fmt::format("{}#{}", campaign.name, position); };
  SIMSWARM_CHECK(submit(campaign, missing, name_of, queue));
  return missing.size();
}

}  // namespace simswarm::campaign
