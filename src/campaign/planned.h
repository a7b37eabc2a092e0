// What is planned for the runs of a campaign, and what became of them: a campaign may have a million, most of which
// need no words, so that only what there is to tell is held.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/indexed.h"
#include "model/outcome.h"
#include "model/run.h"
#include "model/run_list.h"

namespace simswarm::campaign {

enum class Decision : std::uint8_t {
  kRun,
  kKnown,       // complete, verified, not run again
  kKnownError,  // a deterministic error of an equal key: listed, not repeated
  kElsewhere,   // another simswarm of this folder is at it
};

// The attempt that decides what is done about a run.
struct KnownAttempt {
  int number = 0;
  std::string campaign;
  Verdict verdict;
};

// The reason that most runs have to run.
constexpr std::string_view kNew = "new, or something that it can see has changed";

struct Planned {
  Run run;
  RunKey key;
  Decision decision = Decision::kRun;
  std::string reason{kNew};           // why, in words
  std::optional<KnownAttempt> known;  // where there is one
  int distrusted = 0;                 // the attempt whose result is not what was accepted any more; 0: none
};

// The runs of a campaign by position. Elements are made anew when asked for.
class PlannedRuns {
 public:
  using value_type = Planned;  // NOLINT(readability-identifier-naming): as in std

  void reserve(std::size_t runs);
  void push_back(const Planned& planned);
  // All but the run and its key.
  void set(std::size_t position, const Planned& planned);

  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] bool empty() const { return keys_.empty(); }
  [[nodiscard]] Planned operator[](std::size_t position) const;
  [[nodiscard]] Planned at(std::size_t position) const;  // throws std::out_of_range
  [[nodiscard]] Run run(std::size_t position) const { return runs_[position]; }
  [[nodiscard]] RunKey key(std::size_t position) const { return {Digest::of_bytes(keys_[position])}; }
  [[nodiscard]] Decision decision(std::size_t position) const { return decisions_[position]; }
  [[nodiscard]] std::size_t count(Decision decision) const;
  [[nodiscard]] const RunList& runs() const { return runs_; }
  // Two runs with one key, where there are such. To be asked once all are there: `has` needs it.
  [[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> equal_keys();
  // Whether a run has this key. Several threads may ask.
  [[nodiscard]] bool has(const RunKey& key) const;

  [[nodiscard]] IndexIterator<PlannedRuns> begin() const { return {*this, 0}; }
  [[nodiscard]] IndexIterator<PlannedRuns> end() const { return {*this, size()}; }

 private:
  // Complete since another campaign, and no more to tell.
  struct Complete {
    std::uint32_t attempt = 0;   // 0: that is not so
    std::uint32_t campaign = 0;  // in campaigns_
  };
  struct Told {
    std::string reason;
    std::optional<KnownAttempt> known;
    int distrusted = 0;
  };
  [[nodiscard]] std::uint32_t number_of(const std::string& campaign);

  RunList runs_;
  std::vector<DigestBytes> keys_;
  std::vector<std::uint32_t> by_key_;  // positions, sorted by their keys
  std::vector<Decision> decisions_;
  std::vector<Complete> complete_;  // empty while there is none
  std::vector<std::string> campaigns_;
  std::unordered_map<std::size_t, Told> told_;
};

struct Final {
  Outcome outcome = Outcome::kNotStarted;
  std::string message;
  Place place;
  int attempts = 0;  // in this campaign
  bool was_known = false;
};

// What became of the runs of a campaign, by position.
class Finals {
 public:
  using value_type = Final;  // NOLINT(readability-identifier-naming): as in std

  void resize(std::size_t runs) { rows_.resize(runs); }
  void push_back(const Final& final);
  void set(std::size_t position, const Final& final);
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] Final operator[](std::size_t position) const;
  [[nodiscard]] Outcome outcome(std::size_t position) const { return rows_[position].outcome; }
  [[nodiscard]] IndexIterator<Finals> begin() const { return {*this, 0}; }
  [[nodiscard]] IndexIterator<Finals> end() const { return {*this, size()}; }

 private:
  struct Row {
    Outcome outcome = Outcome::kNotStarted;
    std::uint16_t attempts = 0;
    bool was_known = false;
  };
  struct Told {
    std::string message;
    Place place;
  };
  std::vector<Row> rows_;
  std::unordered_map<std::size_t, Told> told_;
};

}  // namespace simswarm::campaign
