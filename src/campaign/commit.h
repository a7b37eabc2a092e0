// From scratch to `results/`: digests, intents, renames, in groups; and rolling forward after a crash.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "campaign/state.h"
#include "ledger/ledger.h"
#include "model/attempt.h"

namespace simswarm::campaign {

enum class Existing { kKeep, kRefuse, kReplace };  // what becomes of a differing older file at a result's path

// A batch's scratch folder: removed when its last run lets go of it, unless something in it must stay.
class Scratch {
 public:
  explicit Scratch(fs::path folder) : folder_(std::move(folder)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();
  void keep() { kept_ = true; }
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
  std::atomic<bool> kept_ = false;
};

// One attempt of one run that has ended and been judged.
struct Ready {
  std::size_t run = 0;  // position in the campaign
  std::string label;    // tells the run apart in a file name
  Attempt attempt;
  AttemptLog log;
  std::vector<std::pair<std::string, fs::path>> files;  // path relative to the working folder, and where it lies
  std::vector<std::string> expected;  // what it might have written: older files of ours there are put aside
  bool will_retry = false;
  std::shared_ptr<Scratch> scratch;
};

struct Committed {
  std::size_t run = 0;
  Attempt attempt;  // the verdict may have become worse: results that could not be put into place
  bool will_retry = false;
  std::size_t kept = 0;  // older files that were kept aside
  // Files that another run of the campaign had left, too: «trace.csv is trace.A-#1.csv».
  std::vector<std::string> renamed;
  bool stays_in_scratch = false;  // verified, but could not be brought into place; the next start tries again
};

struct CommitStats {
  std::size_t groups = 0;
  std::size_t syncs = 0;
  std::size_t runs = 0;
};

// Has a thread and a ledger of its own.
class Committer {
 public:
  virtual ~Committer() = default;  // waits for what was handed in
  virtual void hand_in(Ready ready) = 0;
  // Nothing else comes soon: what was handed in waits for no company.
  virtual void hurry() = 0;
  // What has been committed since the last call. `descriptor()` is readable when there is something.
  [[nodiscard]] virtual std::vector<Committed> take() = 0;
  [[nodiscard]] virtual int descriptor() const = 0;
  [[nodiscard]] virtual std::size_t pending() const = 0;
  // The ledger cannot be written: what comes now could not be noted.
  [[nodiscard]] virtual bool has_trouble() const = 0;
  // After all that was handed in is done. The first trouble with the ledger itself, if any.
  [[nodiscard]] virtual Status finish() = 0;
  [[nodiscard]] virtual CommitStats stats() const = 0;
};

struct CommitPlace {
  StateFolder state;
  fs::path working_folder;
  std::string campaign;
  Existing existing = Existing::kKeep;
  std::optional<std::pair<unsigned, unsigned>> owner;  // of result files, where simulations ran as another user
  std::vector<fs::path> roots;  // canonical; results go nowhere else, whatever links a run leaves
  // Of the keys, relative to the working folder: a run that changes one leaves a copy beside it.
  std::set<std::string> inputs;
  // Whether the campaign has a run of this key; asked in the committer's thread.
  std::function<bool(const RunKey&)> is_planned = [](const RunKey&) { return false; };
};

[[nodiscard]] Result<std::unique_ptr<Committer>> make_committer(CommitPlace place);

// Finishes what a killed simswarm had noted but not done.
struct RolledForward {
  std::size_t placed = 0;        // results that were brought into place
  std::vector<fs::path> needed;  // staged files of results that could not be: they must stay
  std::string trouble;           // why
};
[[nodiscard]] Result<RolledForward> roll_forward(Ledger& ledger, const StateFolder& state);

}  // namespace simswarm::campaign
