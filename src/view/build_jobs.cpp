#include "view/build_jobs.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::view {
namespace {

using jobs::Place;

constexpr std::string_view kQueue = "build";
constexpr std::string_view kEnd = "-build";  // of a job's id

}  // namespace

bool is_build_queue(std::string_view name) {
  return name == kQueue || (name.starts_with(kQueue) && name.substr(kQueue.size()).starts_with('-'));
}

std::string campaign_of_build(std::string_view job_id) {
  return job_id.ends_with(kEnd) ? std::string(job_id.substr(0, job_id.size() - kEnd.size())) : std::string();
}

Status BuildJobs::look(jobs::QueueWatch& queue, const jobs::Survey& survey, Monotonic now) {
  std::vector<jobs::PlaceAsked> asked;
  std::string counts;
  bool goes_on = false;
  for (const jobs::QueueRow& row : survey.queues) {
    if (!is_build_queue(row.name.text) || !jobs::check_queue(row.name)) continue;
    const jobs::Counts& c = row.counts;
    for (const auto& [place, count] :
         {std::pair{Place::kStarted, c.started}, std::pair{Place::kQueued, c.queued},
          std::pair{Place::kFailed, c.failed}, std::pair{Place::kCancelled, c.cancelled}}) {
      if (count > 0) asked.push_back({row.name, place});
    }
    counts += fmt::format("{} {} {} {} {}\n", row.name.text, c.started, c.queued, c.failed, c.cancelled);
    goes_on = goes_on || c.started > 0;
  }
  if (!goes_on && counts == counts_ && now - asked_at_ < kKeepFor) return {};
  SIMSWARM_TRY(jobs_, queue.details(asked, kMost));
  counts_ = std::move(counts);
  asked_at_ = now;
  count_ahead(survey);
  return {};
}

// Of a queue they are told the newest first, and the oldest is the next.
void BuildJobs::count_ahead(const jobs::Survey& survey) {
  ahead_.clear();
  std::map<std::string, std::size_t> seen;
  for (const jobs::JobDetails& one : jobs_) {
    if (one.job.state != jobs::State::kQueued) continue;
    const auto row = std::ranges::find(survey.queues, one.job.queue, &jobs::QueueRow::name);
    if (row == survey.queues.end()) continue;
    const std::size_t behind = ++seen[one.job.queue.text];
    ahead_[one.job.id.text] = row->counts.queued - std::min(row->counts.queued, behind);
  }
}

void BuildRequests::want(const std::vector<jobs::JobDetails>& jobs) {
  wanted_.clear();
  std::set<std::string> there;
  for (const jobs::JobDetails& one : jobs) {
    there.insert(one.job.id.text);
    if (!read_[one.job.id.text]) wanted_.emplace(one.job.id.text, one);
  }
  std::erase_if(read_, [&](const auto& one) { return !there.contains(one.first); });
}

std::optional<jobs::JobDetails> BuildRequests::next() const {
  return wanted_.empty() ? std::nullopt : std::optional(wanted_.rbegin()->second);  // the newest
}

void BuildRequests::take(const jobs::JobId& job, BuildAsked asked) {
  wanted_.erase(job.text);
  const auto one = read_.find(job.text);
  if (one != read_.end()) one->second = std::move(asked);
}

void BuildRequests::complete(CampaignRow& row) const {
  const auto one = read_.find(row.build);
  if (one == read_.end() || !one->second) return;
  row.host = one->second->host;
  row.queue = one->second->queue;
}

void EarlyRows::take(std::vector<CampaignRow> rows, Monotonic now) {
  std::set<std::string> there;
  for (CampaignRow& row : rows) {
    const auto known = there.insert(row.id).first;
    rows_[*known] = {std::move(row), std::nullopt};
  }
  for (auto& [id, early] : rows_) {
    if (!there.contains(id) && !early.gone) early.gone = now;
  }
  // Of a build that failed or was cancelled nothing is to come.
  std::erase_if(rows_, [&](const auto& one) {
    const Early& early = one.second;
    return early.gone && (!early.row.building || now - *early.gone > kLongest);
  });
}

void EarlyRows::listed(Monotonic asked) {
  std::erase_if(rows_, [&](const auto& one) { return one.second.gone && *one.second.gone < asked; });
}

bool EarlyRows::wants_list() const {
  return std::ranges::any_of(rows_, [](const auto& one) { return one.second.gone.has_value(); });
}

void EarlyRows::add_to(std::vector<CampaignRow>& rows) const {
  std::set<std::string> known;
  for (CampaignRow& row : rows) {
    const auto early = rows_.find(row.id);
    if (early == rows_.end()) continue;
    known.insert(row.id);
    if (row.state != "unknown" || !early->second.row.building) continue;
    row.state = early->second.row.state;
    row.building = early->second.row.building;
  }
  if (known.size() == rows_.size()) return;
  for (const auto& [id, early] : rows_) {
    if (!known.contains(id)) rows.push_back(early.row);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
}

}  // namespace simswarm::view
