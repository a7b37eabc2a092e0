#include "worker/telling.h"

#include <algorithm>
#include <iterator>

namespace simswarm::worker {
namespace {

constexpr std::size_t kMostWatched = 1000;  // anybody may say that he looks, at whatever

bool has_tail(const jobs::Told& one) {
  return !one.tail.empty();
}

}  // namespace

void Telling::say(std::vector<jobs::Told> told, std::size_t running, double working_seconds) {
  told_ = std::move(told);
  running_ = running;
  working_seconds_ = working_seconds;
}

bool Telling::is_urgent() const {
  return std::any_of(told_.begin(), told_.end(), has_tail);
}

std::vector<jobs::Told> Telling::take_urgent() {
  const auto rest = std::stable_partition(told_.begin(), told_.end(), has_tail);
  std::vector<jobs::Told> urgent(std::make_move_iterator(told_.begin()), std::make_move_iterator(rest));
  told_.erase(told_.begin(), rest);
  return urgent;
}

void Telling::watch(const std::string& job) {
  if (watched_.size() < kMostWatched) watched_.insert(job);
}

void Telling::heard(const std::vector<jobs::Told>& told, const std::vector<bool>& watched) {
  for (std::size_t i = 0; i < told.size() && i < watched.size(); ++i) {
    if (watched[i]) {
      watched_.insert(told[i].claim.job.text);
    } else {
      watched_.erase(told[i].claim.job.text);
    }
  }
}

}  // namespace simswarm::worker
