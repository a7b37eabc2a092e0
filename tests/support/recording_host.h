// A host of the worker's loop that decides what the test says.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/text.h"
#include "worker/worker.h"

namespace simswarm::worker {

// Writes down what it is told: «run 1: killed, again»; of another study than the first «study 1 run 1: killed, again».
class RecordingHost final : public Host {
 public:
  std::vector<std::string> words;
  std::vector<RunningView> views;
  std::vector<std::string> messages;
  std::function<void()> on_tick = [] {};
  int stop = 0;
  int busy_rounds = 0;
  bool draining = false;
  std::size_t batch_size = 1;
  std::size_t room = 100;                        // runs at once
  std::vector<std::vector<std::size_t>> trials;  // still to be asked for
  std::vector<Stop> stops;                       // in every round
  std::vector<std::size_t> withdrawn_jobs;
  std::function<void()> on_start = [] {};

  void started(const Batch& batch) override {
    words.push_back(study_of(batch) + "start " + shell_line(batch.argv));
    on_start();
  }
  void finished(Finished finished, const std::vector<bool>& will_retry) override {
    ASSERT_EQ(finished.judgements.size(), finished.batch.runs.size());
    if (finished.batch.is_trial) {
      ASSERT_TRUE(will_retry.empty()) << "a trial decides nothing";
      words.push_back(fmt::format("trial of {} runs", finished.batch.runs.size()));
      return;
    }
    ASSERT_EQ(will_retry.size(), finished.batch.runs.size());
    if (!finished.reason.empty()) messages.push_back(finished.reason);
    for (std::size_t i = 0; i < finished.batch.runs.size(); ++i) {
      const Verdict& verdict = finished.judgements[i].verdict;
      words.push_back(fmt::format("{}run {}: {}{}", study_of(finished.batch), finished.batch.runs[i],
                                  to_text(verdict.outcome), will_retry[i] ? ", again" : ""));
      messages.push_back(verdict.message);
    }
  }
  void tick(const std::vector<RunningView>& running) override {
    if (!running.empty()) views = running;
    on_tick();
  }
  [[nodiscard]] std::vector<int> wake_on() override { return {readable_.get()}; }
  [[nodiscard]] bool is_busy() override { return busy_rounds-- > 0; }
  [[nodiscard]] int stop_level() override { return stop; }
  [[nodiscard]] bool is_draining() override { return draining; }
  [[nodiscard]] std::size_t batch_limit(std::size_t, std::size_t) override { return batch_size; }
  [[nodiscard]] bool has_room_for(std::size_t, std::size_t run) override { return run < room; }
  [[nodiscard]] Trial next_trial() override {
    if (trials.empty()) return {};
    Trial trial{0, trials.front()};
    trials.erase(trials.begin());
    return trial;
  }
  [[nodiscard]] std::vector<Stop> to_stop() override { return stops; }
  void withdrawn(JobId job) override { withdrawn_jobs.push_back(job.index); }

 private:
  static std::string study_of(const Batch& batch) {
    return batch.study == 0 ? "" : fmt::format("study {} ", batch.study);
  }

  Fd readable_{::open("/dev/null", O_RDONLY | O_CLOEXEC)};  // so that no round takes time
};

}  // namespace simswarm::worker
