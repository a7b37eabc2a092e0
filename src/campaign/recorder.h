// Writes down which runs a campaign has. Of a large one the first runs stand in the ledger when it begins, the others
// follow while it runs, so that the first need not wait for a million rows.
#pragma once

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
  // All that are missing; that takes some 20 s a million, and is not worth waiting for after an interrupt: the ledger
  // knows how many there are, and the next campaign writes them anew.
  [[nodiscard]] Status finish();

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
