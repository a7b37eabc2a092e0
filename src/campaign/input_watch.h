// Inputs were digested for the keys; a run that may have seen another state of them is not believed.
#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/time.h"

namespace simswarm::campaign {

// An input file as it was when the keys were made. It has to stay so as long as runs see it.
struct WatchedInput {
  fs::path path;
  FileIdentity identity;
};

class InputWatch {
 public:
  // Whether it looked: it takes no more than a twentieth of the time, unless it `must`. What ended before a look that
  // found nothing has seen the inputs as they were.
  [[nodiscard]] bool look(const std::vector<WatchedInput>& inputs, bool must);
  [[nodiscard]] bool has_changed() const { return !changed_.empty(); }
  [[nodiscard]] const std::string& changed() const { return changed_; }

 private:
  std::string changed_;  // empty: none
  Monotonic next_{};
};

}  // namespace simswarm::campaign
