// Writes down which runs a campaign has. Of a large one the first runs stand in the ledger when it begins, others when
// they are claimed, and the rest at its end, so that the first need not wait for a million rows.
#pragma once

#include <functional>

#include "campaign/planned.h"
#include "campaign/positions.h"
#include "ledger/ledger.h"
#include "queue/queue.h"

namespace simswarm::campaign {

class Recorder {
 public:
  // Both must outlive the object.
  Recorder(Ledger& ledger, const PlannedRuns& runs) : ledger_(ledger), runs_(runs) {}

  [[nodiscard]] Status begin(CampaignRecord record, const InputRecord& inputs);
  // What is about to be executed.
  [[nodiscard]] Status note(const std::vector<Job>& jobs);
  [[nodiscard]] std::size_t missing() const { return runs_.size() - noted_.size(); }
  // All that are missing, unless that is to be left: a million take some 10 s.
  [[nodiscard]] Status finish(const std::function<bool()>& is_left);

 private:
  [[nodiscard]] Status write(const std::vector<std::size_t>& positions);

  Ledger& ledger_;
  const PlannedRuns& runs_;
  std::string campaign_;
  Positions noted_;
};

}  // namespace simswarm::campaign
