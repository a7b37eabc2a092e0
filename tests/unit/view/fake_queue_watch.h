// A queue as a watch sees it, of the test's own.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "queue/queue_watch.h"

namespace simswarm::view {

class FakeQueueWatch final : public jobs::QueueWatch {
 public:
  // What the server has.
  jobs::Survey seen;
  std::vector<jobs::JobView> started;
  std::vector<jobs::EndedJob> ended;  // all of them, in their order
  std::map<jobs::Place, std::vector<std::string>> places;
  std::string trouble;                   // why it does not answer
  std::size_t most = kMostMoves;         // that end in one answer
  std::vector<jobs::JobDetails> builds;  // all of them, wherever they stand
  int moves_asked = 0, ids_asked = 0, details_asked = 0;

  Result<jobs::Survey> survey() override {
    if (!trouble.empty()) return environment_error("{}", trouble);
    return seen;
  }
  // What ended is forgotten, as results are that have expired.
  void forget_ended() {
    forgotten_ += ended.size();
    ended.clear();
  }
  // The mark counts what has been told.
  Result<jobs::Moves> moves(const jobs::QueueName& /*queue*/, const jobs::Mark& since) override {
    ++moves_asked;
    if (!trouble.empty()) return environment_error("{}", trouble);
    jobs::Moves moves;
    moves.started = started;
    moves.mark = since;
    const std::size_t first = std::max(since.skip[0], forgotten_);
    for (std::size_t i = first - forgotten_; i < ended.size() && moves.ended.size() < most; ++i)
      moves.ended.push_back(ended[i]);
    moves.mark.skip[0] = first + moves.ended.size();
    moves.more = moves.ended.size() >= most;
    return moves;
  }
  Result<std::vector<jobs::JobId>> ids(const jobs::QueueName& /*queue*/, jobs::Place place, std::size_t offset,
                                       std::size_t most_ids) override {
    ++ids_asked;
    if (!trouble.empty()) return environment_error("{}", trouble);
    std::vector<jobs::JobId> found;
    const std::vector<std::string>& all = places[place];
    for (std::size_t i = offset; i < all.size() && found.size() < most_ids; ++i) found.push_back({all[i]});
    return found;
  }
  Result<std::vector<std::string>> errors(const std::vector<jobs::JobId>& ids) override {
    return std::vector<std::string>(ids.size(), "it broke");
  }
  Result<std::vector<jobs::JobDetails>> details(const std::vector<jobs::PlaceAsked>& /*asked*/,
                                                std::size_t /*most*/) override {
    ++details_asked;
    if (!trouble.empty()) return environment_error("{}", trouble);
    return builds;
  }
  Result<std::optional<std::size_t>> ahead(const jobs::QueueName& /*queue*/, const jobs::JobId& /*id*/) override {
    return 3;
  }

  [[nodiscard]] jobs::Counts counts() {
    jobs::Counts counts;
    counts.queued = places[jobs::Place::kQueued].size();
    counts.scheduled = places[jobs::Place::kScheduled].size();
    counts.deferred = places[jobs::Place::kDeferred].size();
    counts.started = started.size();
    return counts;
  }

 private:
  std::size_t forgotten_ = 0;
};

}  // namespace simswarm::view
