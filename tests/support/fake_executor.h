// An executor that executes nothing: batches end, oldest first, one in each wait, unless they are held.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exec/executor.h"

namespace simswarm::exec {

class FakeExecutor final : public Executor {
 public:
  bool hold = false;                     // nothing ends but what is stopped
  std::optional<Error> refuse;           // of every start
  std::optional<Error> trouble;          // of every batch that ends
  fs::path output;                       // of every batch
  std::vector<BatchSpec> started;        // all, in their order
  std::vector<std::size_t> beside;       // how many ran when each was started
  std::vector<std::string> ended_by_us;  // «stop 1», «kill»
  std::vector<fs::path> hidden;
  double cpu_seconds = 0;  // of every batch

  Status start(const BatchSpec& batch) override {
    if (refuse) return tl::make_unexpected(*refuse);
    beside.push_back(running_.size());
    started.push_back(batch);
    running_.emplace_back(batch.id, std::nullopt);
    return {};
  }
  std::vector<Ended> wait(std::chrono::milliseconds, const std::vector<int>&) override {
    const auto next = std::find_if(running_.begin(), running_.end(),
                                   [this](const auto& batch) { return !hold || batch.second.has_value(); });
    if (next == running_.end()) return {};
    Ended ended;
    ended.id = next->first;
    ended.evidence.ended_by_us = next->second;
    ended.trouble = trouble;
    running_.erase(next);
    return {ended};
  }
  void add_descriptors(std::vector<int>&) const override {}
  [[nodiscard]] std::chrono::milliseconds until_next_look() const override { return std::chrono::milliseconds(0); }
  void stop(std::uint64_t id, Outcome why) override {
    ended_by_us.push_back("stop " + std::to_string(id));
    for (auto& [running, reason] : running_) {
      if (running == id) reason = why;
    }
  }
  void hide(const fs::path& path) override { hidden.push_back(path); }
  void kill_all(Outcome why) override {
    ended_by_us.emplace_back("kill");
    for (auto& [running, reason] : running_) reason = why;
  }
  [[nodiscard]] std::optional<Look> look(std::uint64_t) const override {
    return Look{1000, 2.5, cpu_seconds, 0, output, nullptr};
  }

 private:
  std::vector<std::pair<std::uint64_t, std::optional<Outcome>>> running_;
};

}  // namespace simswarm::exec
