#include "worker/node_room.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::worker {
namespace {

constexpr std::chrono::seconds kPatience{2};  // as long as jobs that are here wait for memory; then others get them
constexpr std::size_t kMostKinds = 10'000;

}  // namespace

const std::string& NodeRoom::obstacle() {
  look_at_disks();
  look_at_memory();
  return full_disk_.empty() ? short_of_memory_ : full_disk_;
}

void NodeRoom::look_at_disks() {
  const std::string& full = room_.full_disk();
  if (full.empty() != full_disk_.empty())
    full_disk_ = full.empty() ? "" : full + " (--min-free): nothing new starts until there is more";
}

void NodeRoom::look_at_memory() {
  if (!refused_) return;
  if (fits_now(*refused_)) {
    refused_.reset();
    short_of_memory_.clear();
  } else if (short_of_memory_.empty() && system_clock().monotonic() - refused_since_ > kPatience) {
    short_of_memory_ = fmt::format(
        "the next run may need {} of memory, more than is left here beside those that run: nothing new starts until "
        "there is more",
        human_bytes(expected(*refused_)));
  }
}

std::uint64_t NodeRoom::expected(const std::string& kind) const {
  if (kind.empty()) return 0;
  const auto known = learned_.find(kind);
  const std::uint64_t here = known == learned_.end() ? 0 : known->second;
  return seats_ == nullptr ? here : std::max(here, seats_->peak_of(kind));
}

SeatNote NodeRoom::own() const {
  SeatNote sum;
  const auto add = [&sum](const Lead& lead) {
    ++sum.running;
    sum.expected += lead.expected;
    sum.current += std::min(lead.current, lead.expected);
  };
  for (const auto& [batch, lead] : running_) add(lead);
  if (begins_) add(*begins_);
  return sum;
}

bool NodeRoom::fits_now(const std::string& kind) {
  const std::uint64_t needed = expected(kind);
  const SeatNote ours = own();
  const SeatNote others = seats_ == nullptr ? SeatNote{} : seats_->others();
  if (ours.running + others.running == 0) return true;
  return room_.fits(needed, ours.expected - ours.current + others.expected - std::min(others.current, others.expected));
}

bool NodeRoom::fits(const std::string& kind) {
  const Fd alone = seats_ == nullptr ? Fd() : seats_->lock_node();
  begins_.reset();
  if (!fits_now(kind)) {
    if (!refused_) refused_since_ = system_clock().monotonic();
    refused_ = kind;
    return false;
  }
  refused_.reset();
  short_of_memory_.clear();
  begins_ = Lead{kind, expected(kind)};
  if (seats_ != nullptr) seats_->note(own());
  return true;
}

void NodeRoom::began(std::uint64_t batch, const std::string& kind) {
  begins_.reset();
  running_[batch] = {kind, expected(kind)};
  if (seats_ != nullptr) seats_->note(own());
}

void NodeRoom::ended(std::uint64_t batch, std::uint64_t peak) {
  const auto node = running_.extract(batch);
  if (seats_ != nullptr) seats_->note(own());
  if (node.empty() || node.mapped().kind.empty() || peak == 0) return;
  if (learned_.size() >= kMostKinds) learned_.clear();
  std::uint64_t& known = learned_[node.mapped().kind];
  if (known >= peak) return;
  known = peak;
  if (seats_ != nullptr) seats_->learn_peak(node.mapped().kind, peak);
}

void NodeRoom::look(const std::map<std::uint64_t, std::uint64_t>& memory) {
  begins_.reset();
  for (auto& [batch, lead] : running_) {
    const auto now = memory.find(batch);
    if (now == memory.end()) continue;
    lead.current = now->second;
    lead.expected = std::max(lead.expected, expected(lead.kind));  // others may have learned more meanwhile
  }
  if (seats_ != nullptr) seats_->note(own());
}

}  // namespace simswarm::worker
