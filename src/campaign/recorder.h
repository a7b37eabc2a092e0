// Writes down which runs a campaign has. Of a large one the first runs stand in the ledger when it begins, the others
// follow while it runs, so that the first need not wait for a million rows.
#pragma once

#include <functional>

#include "base/time.h"
#include "campaign/planned.h"
#include "ledger/ledger.h"

namespace simswarm::campaign {

class Recorder {
 public:
  // Both must outlive the object.
  Recorder(Ledger& ledger, const PlannedRuns& runs) : ledger_(ledger), runs_(runs) {}

  [[nodiscard]] Status begin(CampaignRecord record, const InputRecord& inputs);
  // A few more, if some time has passed since the last.
  [[nodiscard]] Status go_on();
  [[nodiscard]] std::size_t missing() const { return runs_.size() - written_; }
  // All that are missing, unless that is to be left: a million take some 10 s.
  [[nodiscard]] Status finish(const std::function<bool()>& is_left);

 private:
  [[nodiscard]] std::vector<PlannedRun> next(std::size_t most);
  [[nodiscard]] Status write(std::size_t most);

  Ledger& ledger_;
  const PlannedRuns& runs_;
  std::string campaign_;
  std::size_t written_ = 0;
  Monotonic last_{};
};

}  // namespace simswarm::campaign
