#include "campaign/live_observer.h"

#include <unistd.h>

#include <algorithm>

#include "base/host.h"
#include "worker/outcome_json.h"

namespace simswarm::campaign {

LiveObserver::~LiveObserver() {
  if (!last_.empty()) remove_live(state_.root, campaign_);
}

void LiveObserver::planned(const Plan& plan) {
  campaign_ = plan.campaign;
  looked_ = clock_.monotonic();
  sweep_live(state_.root, [this](const std::string& owner) { return SignOfLife::is_alive(state_, owner); });
  next_.planned(plan);
}

void LiveObserver::started(const Planned& run, int attempt) {
  Open& open = open_[run.key];
  ++open.count;
  open.attempt = attempt;
  open.started = clock_.stamp();
  next_.started(run, attempt);
}

void LiveObserver::put_back(const Planned& run) {
  close(run.key);
  next_.put_back(run);
}

void LiveObserver::ended(const Planned& run, const Attempt& attempt, bool will_retry, const Tally& tally) {
  close(run.key);
  next_.ended(run, attempt, will_retry, tally);
}

void LiveObserver::close(const RunKey& key) {
  const auto found = open_.find(key);
  if (found != open_.end() && --found->second.count <= 0) open_.erase(found);
}

void LiveObserver::progress(const std::vector<worker::RunningView>& running, const Plan& plan, const Tally& tally) {
  next_.progress(running, plan, tally);
  const Monotonic now = clock_.monotonic();
  if (now - looked_ < kPace) return;
  looked_ = now;
  const Live live = live_of(running, plan, tally);
  std::string text = to_json(live);
  if (text == last_ && now - written_ < kSign) return;
  if (!write_live(state_.root, live.campaign, text)) return;
  written_ = now;
  last_ = std::move(text);
}

// Those whose progress is seen first: of a process with several runs that is one, the others begin and end in it
// unseen.
Live LiveObserver::live_of(const std::vector<worker::RunningView>& running, const Plan& plan,
                           const Tally& tally) const {
  Live live;
  live.campaign = campaign_;
  live.host = host_name();
  live.process = ::getpid();
  live.slots = plan.slots;
  live.busy = std::min(running.size(), plan.slots);
  live.running = tally.running;
  std::map<RunKey, const worker::RunningView*> views;
  for (const worker::RunningView& view : running) views.emplace(plan.runs.key(view.run), &view);
  const auto add = [&live](const RunKey& key, const Open& open, const worker::RunningView* view) {
    LiveRun run{key, open.attempt, open.started, {}, {}, {}};
    if (view != nullptr) {
      run.progress = worker::progress_json(*view);
      run.output = view->output.string();
      run.output_owner = view->output_owner;
    }
    live.runs.push_back(std::move(run));
  };
  for (const auto& [key, view] : views) {
    if (const auto open = open_.find(key); open != open_.end()) add(key, open->second, view);
  }
  for (const auto& [key, open] : open_) {
    if (live.runs.size() >= Live::kMostRuns) break;
    if (!views.contains(key)) add(key, open, nullptr);
  }
  return live;
}

}  // namespace simswarm::campaign
