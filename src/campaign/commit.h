// From scratch to `results/`: digests, intents, renames, in groups; and rolling forward after a crash.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "campaign/state.h"
#include "ledger/ledger.h"
#include "model/attempt.h"

namespace simswarm::campaign {

enum class Existing { kKeep, kRefuse, kReplace };  // what becomes of a differing older file at a result's path

// One attempt of one run that has ended and been judged.
struct Ready {
  std::size_t run = 0;  // position in the campaign
  Attempt attempt;
  AttemptLog log;
  std::vector<std::pair<std::string, fs::path>> files;  // path relative to the working folder, and where it lies
  bool will_retry = false;
  std::shared_ptr<void> scratch;  // the batch's scratch: removed when its last run lets go of it
};

struct Committed {
  std::size_t run = 0;
  Attempt attempt;  // the verdict may have become worse: results that could not be put into place
  bool will_retry = false;
  std::size_t kept = 0;  // older files that were kept aside
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
  // What has been committed since the last call. `descriptor()` is readable when there is something.
  [[nodiscard]] virtual std::vector<Committed> take() = 0;
  [[nodiscard]] virtual int descriptor() const = 0;
  [[nodiscard]] virtual std::size_t pending() const = 0;
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
};

[[nodiscard]] Result<std::unique_ptr<Committer>> make_committer(CommitPlace place);

// Finishes what a killed simswarm had noted but not done. The number of results that were brought into place.
[[nodiscard]] Result<std::size_t> roll_forward(Ledger& ledger, const StateFolder& state);

}  // namespace simswarm::campaign
