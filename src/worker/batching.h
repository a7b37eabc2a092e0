// How many runs share a process. Start-up is paid once for all of them; but models keep static variables, so a process
// may serve several only where runs gave equal files alone and together.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/run.h"

namespace simswarm::worker {

// Pure: it is told what happened, and asked. Positions are those of runs in the campaign.
class Batching {
 public:
  Batching(std::size_t jobs, std::string campaign) : jobs_(jobs), campaign_(std::move(campaign)) {}

  // The beginning of the memo of a campaign that has batched, and did not come to confirm that it might.
  static constexpr std::string_view kUnconfirmedMemo = "unconfirmed ";

  // What an earlier campaign with the same program and data has found of a configuration: the text of memo().
  void recall(const std::string& config, const std::string& memo);
  // To be kept for the next campaign, once: nothing before there is a finding.
  [[nodiscard]] std::optional<std::string> memo(const std::string& config);

  // A run that was alone in its process is complete and in place.
  void completed_alone(std::size_t position, const Run& run, double wall_seconds);
  // A run that shared its process is complete and in place; `last` of the process.
  void completed_in_batch(std::size_t position, const Run& run, bool last);
  // Runs to execute in one process only to be compared with what they gave before; `waiting` runs have not begun.
  [[nodiscard]] std::vector<std::size_t> next_trial(std::size_t waiting);
  // What became of it: the first difference; empty when all files were equal. True: what has been batched of this
  // configuration is not to be believed: take_batched() names it.
  bool tried(const Run& run, double wall_seconds, const std::string& difference);
  // The trial says nothing: it was ended from outside. It comes again, but not for ever.
  void put_off(const std::string& config);
  [[nodiscard]] std::vector<std::size_t> take_batched(const std::string& config);

  // How many runs the process that begins with one of this configuration takes: `work` is seconds that the run takes
  // but for the start, `waiting` how many have not begun. Shrinks towards the end, so that no process lasts when all
  // others are done.
  [[nodiscard]] std::size_t limit(const std::string& config, double work, std::size_t waiting) const;
  // Seconds of a start, where a trial has told.
  [[nodiscard]] double start(const std::string& config) const;
  [[nodiscard]] bool differs(const std::string& config) const;
  // Runs have shared processes of which it is not settled yet whether they are to be believed; and: they are.
  [[nodiscard]] bool is_undecided(const std::string& config) const;
  [[nodiscard]] bool is_confirmed(const std::string& config) const;

 private:
  enum class Trust { kUnknown, kOnTrial, kEqual, kConfirming, kConfirmed, kDiffers, kGivenUp };
  struct State {
    Trust trust = Trust::kUnknown;
    double start = 0;                    // seconds that a process takes before its first run and after its last
    std::vector<std::size_t> samples;    // completed alone
    double sample_seconds = 0;           // sum
    std::optional<std::size_t> suspect;  // the last run of the first batch, to be repeated alone
    std::vector<std::size_t> batched;
    int put_off = 0;
    std::string difference;
    bool is_news = false;
  };
  std::size_t jobs_;
  std::string campaign_;
  std::map<std::string, State> states_;
};

}  // namespace simswarm::worker
