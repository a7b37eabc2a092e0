#include "simulator/cmdenv_details.h"

#include <algorithm>

namespace simswarm::cmdenv {
namespace {

using Entry = std::pair<std::string, std::string>;

// Values of two processes may differ in the process id and the date.
bool is_like(const Entry& one, const Entry& other, const Run& run) {
  if (one.first != other.first) return false;
  if (one.second == other.second) return true;
  const RunConfig left{run, {{one.first, without_once(one.second, run)}}};
  const RunConfig right{run, {{other.first, without_once(other.second, run)}}};
  return left.entries == right.entries || !process_id_in(left, right).number.empty();
}

}  // namespace

// Both list their entries in one order.
Details::Details(RunConfig first, const RunConfig& details) : first_(std::move(first)) {
  auto at = first_.entries.begin();
  for (const Entry& detail : details.entries) {
    const auto found =
        std::find_if(at, first_.entries.end(), [&](const Entry& entry) { return is_like(entry, detail, details.run); });
    if (found == first_.entries.end()) break;  // is_same_config() will tell
    slots_.push_back(static_cast<std::size_t>(found - first_.entries.begin()));
    at = found + 1;
  }
}

RunConfig Details::fill(const RunConfig& details) const {
  RunConfig whole{details.run, first_.entries};
  for (std::size_t i = 0; i < details.entries.size(); ++i) {
    if (i < slots_.size() && first_.entries[slots_[i]].first == details.entries[i].first) {
      whole.entries[slots_[i]].second = details.entries[i].second;
    } else {
      whole.entries.push_back(details.entries[i]);
    }
  }
  return whole;
}

bool is_same_config(RunConfig one, RunConfig other) {
  const ProcessId left = process_id_in(one, other);
  const ProcessId right = process_id_in(other, one);
  put_back_once(one, left);
  put_back_once(other, right);
  return one.entries == other.entries;
}

}  // namespace simswarm::cmdenv
