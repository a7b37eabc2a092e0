#include "queue/memory_entry.h"

namespace simswarm::jobs {
namespace {

std::string text_of(const std::optional<Stamp>& stamp) {
  return stamp ? simswarm::to_text(*stamp) : std::string();
}

}  // namespace

Place place_of(State state) {
  switch (state) {
    case State::kDeferred:
      return Place::kDeferred;
    case State::kScheduled:
      return Place::kScheduled;
    case State::kQueued:
      return Place::kQueued;
    case State::kStarted:
      return Place::kStarted;
    case State::kFinished:
      return Place::kFinished;
    case State::kFailed:
    case State::kStopped:
      return Place::kFailed;
    case State::kCancelled:
      return Place::kCancelled;
  }
  return Place::kCancelled;
}

JobView view_of(const Entry& entry) {
  const Life& life = entry.life;
  JobView view;
  view.id = entry.job.id;
  view.queue = entry.job.queue;
  view.state = life.state;
  view.description = entry.job.description;
  view.attempt = life.attempt;
  view.lost_on = life.lost_on;
  view.lost = life.lost;
  view.stop_requested = life.state == State::kStarted && life.stop_requested;
  view.retries_left = life.retries_left;
  view.worker = life.worker.text;
  view.node = life.node;
  view.created_at = text_of(entry.created);
  view.enqueued_at = text_of(entry.enqueued);
  view.started_at = text_of(entry.started);
  view.ended_at = text_of(entry.ended);
  if (life.state == State::kStarted) view.progress = entry.progress;
  return view;
}

}  // namespace simswarm::jobs
