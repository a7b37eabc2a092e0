// What becomes of runs that have ended: what the queue, or the store, is told of them, and what is learned from them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/held.h"
#include "worker/outcome_json.h"
#include "worker/service.h"

namespace simswarm::worker {

inline constexpr const char* kDoneByAnother = R"({"outcome":"completed","message":"another attempt completed it"})";

class Outcomes {
 public:
  // `stored` is null where there is no store. All of them outlive it.
  Outcomes(const ServiceOptions& options, QueueLink& link, StoredRuns* stored)
      : options_(options), link_(link), stored_(stored) {}

  // The i-th run of a batch has ended, for good as far as we are concerned. What is to be told goes to `settlements`.
  void end(OpenStudy& study, const Finished& finished, std::size_t i, const Held& held,
           std::vector<jobs::Settlement>& settlements);
  void judge_trial(OpenStudy& study, const Finished& finished);
  // Runs that shared a process are told of once it is known that they may; or executed again.
  void settle_confirmed(const std::map<std::size_t, std::unique_ptr<OpenStudy>>& studies);
  void hand_back_unconfirmed();
  [[nodiscard]] bool has_unconfirmed(std::size_t study) const;

  void count_failure() { ++failed_; }
  [[nodiscard]] std::size_t complete() const { return complete_; }
  [[nodiscard]] std::size_t failed() const { return failed_; }

 private:
  void tell_of(Known known, std::vector<jobs::Settlement>& settlements);
  [[nodiscard]] Status take_files(OpenStudy& study, const Finished& finished, std::size_t i, const Held& held,
                                  const Told& told, Known& known);
  void complete(OpenStudy& study, const Finished& finished, std::size_t i, const Held& held, Told told,
                std::vector<jobs::Settlement>& settlements);
  void learn(OpenStudy& study, const Finished& finished, std::size_t i, const std::vector<ResultFile>& files,
             const std::optional<Upload>& upload);
  void hand_back(std::vector<Known>& waiting);
  [[nodiscard]] Told told_of(const OpenStudy& study, const Finished& finished, std::size_t i, const Held& held) const;
  void say_ended(const OpenStudy& study, std::size_t position, const Held& held, const Attempt& attempt);

  const ServiceOptions& options_;
  QueueLink& link_;
  StoredRuns* stored_;
  // By study and configuration: of runs that shared a process.
  std::map<std::pair<std::size_t, std::string>, std::vector<Known>> unconfirmed_;
  std::size_t complete_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace simswarm::worker
