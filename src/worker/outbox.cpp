#include "worker/outbox.h"

#include <algorithm>

#include "worker/queue_words.h"

namespace simswarm::worker {

using jobs::Settlement;

void Outbox::put(std::vector<Settlement> settlements) {
  if (settlements.empty()) return;
  for (Settlement& one : settlements) shorten(one);
  if (Status noted = spool_->note(settlements); !noted) tell_of_disk(noted.error());
  std::move(settlements.begin(), settlements.end(), std::back_inserter(all_));
}

void Outbox::adopt(bool own) {
  std::size_t adopted = 0;
  for (Settlement& one : spool_->adopt(own)) {
    shorten(one);
    if (!jobs::check_id(one.claim.job)) continue;
    all_.push_back(std::move(one));
    ++adopted;
  }
  if (adopted > 0) say_(fmt::format("{} outcomes of workers that have gone are handed in", adopted));
}

std::vector<Settlement> Outbox::first(std::size_t most) const {
  return {all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(std::min(most, all_.size()))};
}

void Outbox::drop_first(std::size_t count) {
  all_.erase(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Outbox::clear_disk() {
  if (Status cleared = spool_->clear(); !cleared) tell_of_disk(cleared.error());
}

bool Outbox::has(const jobs::Claim& claim) const {
  return std::any_of(all_.begin(), all_.end(), [&](const Settlement& one) { return one.claim == claim; });
}

void Outbox::tell_of_disk(const Error& error) {
  if (!std::exchange(told_disk_, true)) say_(fmt::format("{}: outcomes are kept in memory alone", error.message));
}

}  // namespace simswarm::worker
