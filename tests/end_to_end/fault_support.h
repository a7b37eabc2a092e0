// What the fault tests share: simswarm behind the shim, and what has to be true after any fault.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support.h"

namespace simswarm::e2e {

// SIMSWARM_FAULTS=all: the long lists, as ./check --full=faults wants them.
bool all_faults();

// A place to end simswarm at: just before the numberth call that changes something of its main thread, or of the
// others.
struct KillPoint {
  bool in_main = true;
  int number = 0;
  std::string call;  // where it was counted; the name and the path
  [[nodiscard]] std::string text() const;
};

// simswarm behind the shim. `temporary`: where it and its simulations keep temporary files.
Process::Environment shim(const fs::path& temporary);
Process::Environment with_kill(Process::Environment environment, const KillPoint& point);
Process::Environment with_calls(Process::Environment environment, const fs::path& file);
// The calls that the shim has noted.
std::vector<KillPoint> calls_in(const fs::path& file);

// A campaign with a run of each way through the commit: whole, with files beside the results, failed. A file of the
// user stands in the way of the first.
class Campaign {
 public:
  enum class Results { kInProject, kOnTmpfs };  // the latter in a namespace of the test's own
  explicit Campaign(Results results = Results::kInProject);
  Campaign(const Campaign&) = delete;
  Campaign& operator=(const Campaign&) = delete;
  ~Campaign();

  [[nodiscard]] const Project& project() const { return project_; }
  [[nodiscard]] const fs::path& temporary() const { return temporary_; }
  [[nodiscard]] bool is_across() const { return results_ == Results::kOnTmpfs; }
  [[nodiscard]] Report run(const Process::Environment& environment, const Words& options = {}) const;
  [[nodiscard]] Report run() const { return run(shim(temporary_)); }

 private:
  Project project_;
  fs::path temporary_;
  Results results_;
};

// After an end at some point (`before`: what it had said), this is the last, undisturbed call: `after`.
void expect_nothing_lost(const Campaign& campaign, const std::vector<Report>& before, const Report& after,
                         const Campaign& undisturbed);
// The user's file is there.
void expect_foreign_file(const Campaign& campaign);
// Nothing is left of dead simswarm, in the state folder or among temporary files.
void expect_clean(const Project& project, const fs::path& temporary);

// The test's own mounts, which nobody else sees and which go with it. Called once, before threads.
void enter_own_namespace();
void mount_tmpfs(const fs::path& folder, std::string_view size);
void resize_tmpfs(const fs::path& folder, std::string_view size);

}  // namespace simswarm::e2e
