// For Prometheus: its text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
#include <fmt/core.h>

#include <array>

#include "base/text.h"
#include "web/dashboard.h"
#include "web/json_of.h"

namespace simswarm::web {
namespace {

std::string quoted(const std::string& text) {
  return '"' + replace_all(replace_all(replace_all(good_utf8(text), "\\", "\\\\"), "\"", "\\\""), "\n", "\\n") + '"';
}

class Metrics {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  void add(double value, const std::vector<std::pair<std::string, std::string>>& labels = {}) {
    std::vector<std::string> words;
    for (const auto& [label, of] : labels) words.push_back(label + "=" + quoted(of));
    text_ += fmt::format("{}{} {}\n", name_, words.empty() ? "" : "{" + join(words, ",") + "}", value);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string name_, text_;
};

using Counts = jobs::Counts;
constexpr std::array<std::pair<const char*, std::size_t Counts::*>, jobs::kPlaces> kStates{
    {{"deferred", &Counts::deferred},
     {"scheduled", &Counts::scheduled},
     {"queued", &Counts::queued},
     {"started", &Counts::started},
     {"finished", &Counts::finished},
     {"failed", &Counts::failed},
     {"canceled", &Counts::cancelled}}};

void add_campaigns(Metrics& metrics, const view::Picture& picture) {
  metrics.begin("simswarm_campaign_runs", "gauge", "Runs of a campaign by how they stand.");
  for (const view::CampaignRow& row : picture.campaigns) {
    if (row.state == "unknown" || !row.is_planned) continue;
    const std::array<std::pair<const char*, std::size_t>, 5> counts{{{"waiting", row.waiting},
                                                                     {"running", row.running},
                                                                     {"finished", row.finished},
                                                                     {"failed", row.failed},
                                                                     {"canceled", row.cancelled}}};
    for (const auto& [state, count] : counts)
      metrics.add(static_cast<double>(count), {{"campaign", row.id}, {"name", row.name}, {"state", state}});
  }
  metrics.begin("simswarm_campaign_seconds_left", "gauge",
                "Time that a running campaign still takes, as it goes on now.");
  for (const view::CampaignRow& row : picture.campaigns) {
    if (row.left) metrics.add(*row.left, {{"campaign", row.id}, {"name", row.name}});
  }
}

void add_workers(Metrics& metrics, const view::Picture& picture) {
  metrics.begin("simswarm_workers", "gauge", "Workers that are there, by state.");
  std::map<std::string, std::size_t> states;
  std::size_t obstacles = 0;
  double working = 0;
  std::size_t finished = 0;
  std::size_t failed = 0;
  for (const jobs::WorkerView& worker : picture.survey.workers) {
    ++states[worker.record.state];
    obstacles += worker.record.obstacle.empty() ? 0 : 1;
    working += worker.record.working_seconds;
    finished += worker.record.finished;
    failed += worker.record.failed;
  }
  for (const auto& [state, count] : states) metrics.add(static_cast<double>(count), {{"state", state}});
  metrics.begin("simswarm_workers_with_obstacle", "gauge", "Workers that take nothing new.");
  metrics.add(static_cast<double>(obstacles));
  metrics.begin("simswarm_slots", "gauge", "Runs that all workers can have at once.");
  metrics.add(static_cast<double>(picture.slots));
  metrics.begin("simswarm_slots_busy", "gauge", "Of these, those that run something.");
  metrics.add(static_cast<double>(picture.busy));
  // Workers come and go with what they have counted: sums that fall are no counters.
  metrics.begin("simswarm_worker_jobs", "gauge", "Jobs that the workers which are there now have ended, by outcome.");
  metrics.add(static_cast<double>(finished), {{"outcome", "finished"}});
  metrics.add(static_cast<double>(failed), {{"outcome", "failed"}});
  metrics.begin("simswarm_worker_busy_seconds", "gauge", "Durations of these jobs, summed.");
  metrics.add(working);
}

}  // namespace

std::string metrics_text(const view::Picture& picture, std::size_t streams) {
  Metrics metrics;
  metrics.begin("simswarm_up", "gauge", "Whether Redis answered within the last seconds.");
  const bool is_up = picture.has_queue && age_of(picture) <= Seconds(view::Watch::kOldAfter).count();
  metrics.add(is_up ? 1 : 0);
  metrics.begin("simswarm_suspended", "gauge", "Whether no worker takes a job.");
  metrics.add(picture.survey.suspended ? 1 : 0);
  metrics.begin("simswarm_jobs", "gauge", "Jobs of a queue by state.");
  for (const jobs::QueueRow& row : picture.survey.queues) {
    for (const auto& [state, count] : kStates)
      metrics.add(static_cast<double>(row.counts.*count), {{"queue", row.name.text}, {"state", state}});
  }
  add_campaigns(metrics, picture);
  add_workers(metrics, picture);
  metrics.begin("simswarm_open_pages", "gauge", "Pages that are told of changes.");
  metrics.add(static_cast<double>(streams));
  return metrics.take();
}

}  // namespace simswarm::web
