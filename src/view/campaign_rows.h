// Campaigns and how they stand, from what the queue counts.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/records.h"
#include "view/picture.h"

namespace simswarm::view {

// How fast things end, seen over the last minutes.
class Pace {
 public:
  static constexpr Seconds kWindow{300};

  void note(const std::string& what, std::size_t done, Monotonic now);
  // A minute; nothing as long as too little has been seen.
  [[nodiscard]] std::optional<double> rate(const std::string& what, Monotonic now) const;
  void forget_others(const std::set<std::string>& known);

 private:
  std::map<std::string, std::deque<std::pair<Monotonic, std::size_t>>> seen_;
};

// Ids of campaigns that the store has marks of.
struct Marks {
  std::set<std::string> cancelled, collected;
};

// The newest first. Of campaigns that share a queue only that is known that something of them goes on.
[[nodiscard]] std::vector<CampaignRow> campaign_rows(const std::vector<store::CampaignRecord>& records,
                                                     const Marks& marks, const jobs::Survey& survey, Pace& pace,
                                                     Monotonic now);

// Those with work first, then the newest.
[[nodiscard]] std::vector<CampaignRow> with_work_first(std::vector<CampaignRow> rows, std::size_t most);

}  // namespace simswarm::view
