// A dialect without a program: runs, names and outcomes are what the test says.
#pragma once

#include <deque>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "simulator/dialect.h"

namespace simswarm {

class FakeDialect final : public Dialect {
 public:
  // Runs «Study#0», «Study#1», … each with one variable and one result file.
  explicit FakeDialect(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      runs.push_back({"Study", static_cast<std::int64_t>(i), {{"load", std::to_string(i)}}, 0, std::to_string(i)});
    }
  }

  std::vector<Run> runs;
  bool batches = true;
  std::vector<std::vector<std::size_t>> groups;
  // Of a run's attempts in their order; completed when there are no more.
  std::map<std::int64_t, std::deque<Outcome>> outcomes;
  std::map<std::int64_t, Outcome> when_ended;  // of runs of a process that we end; else what we say
  std::vector<KeyPart> words;                  // of every run's key
  std::string folder_of_runs;
  std::string program = "./model";

  [[nodiscard]] std::string_view name() const override { return "fake"; }
  [[nodiscard]] Result<RunList> list_runs() override { return RunList(runs); }
  [[nodiscard]] std::vector<std::string> command_line(std::span<const Run> batch) const override {
    std::vector<std::string> command{program};
    for (const Run& run : batch) command.push_back(std::to_string(run.number));
    return command;
  }
  [[nodiscard]] bool can_batch() const override { return batches; }
  [[nodiscard]] std::vector<std::vector<std::size_t>> inseparable() const override { return groups; }
  [[nodiscard]] std::vector<std::string> expected_files(const Run& run) const override {
    return {"results/" + std::to_string(run.number) + ".csv"};
  }
  [[nodiscard]] std::vector<std::string> result_folders() const override { return {"results"}; }
  [[nodiscard]] std::string run_folder(const Run& run) const override {
    return folder_of_runs.empty() ? "" : folder_of_runs + "/" + std::to_string(run.number);
  }
  [[nodiscard]] std::string status_file(const Run&) const override { return {}; }
  // «25%» is a quarter.
  [[nodiscard]] std::optional<Progress> read_progress(std::string_view tail) const override {
    if (tail != "25%") return std::nullopt;
    Progress progress;
    progress.fraction = 0.25;
    return progress;
  }
  [[nodiscard]] std::vector<Judgement> judge(std::span<const Run> batch, const Evidence& evidence) const override {
    std::vector<Judgement> judgements;
    for (const Run& run : batch) {
      auto& planned = coming_.try_emplace(run.number, of(run)).first->second;
      Outcome outcome = Outcome::kCompleted;
      if (!planned.empty()) {
        outcome = planned.front();
        planned.pop_front();
      }
      if (evidence.ended_by_us) {
        const auto own = when_ended.find(run.number);
        outcome = own == when_ended.end() ? *evidence.ended_by_us : own->second;
      }
      judgements.push_back({{outcome, "", {}}, 0, {}});
      for (const LeftFile& file : evidence.files) {
        if (file.path == expected_files(run).front()) judgements.back().files.push_back(file.path);
      }
    }
    return judgements;
  }
  [[nodiscard]] KeySources key_sources() const override { return {}; }
  [[nodiscard]] std::vector<KeyPart> key_parts(const Run& run) const override {
    std::vector<KeyPart> parts = words;
    parts.push_back({"run number", std::to_string(run.number)});
    return parts;
  }

 private:
  [[nodiscard]] std::deque<Outcome> of(const Run& run) const {
    const auto found = outcomes.find(run.number);
    return found == outcomes.end() ? std::deque<Outcome>() : found->second;
  }
  mutable std::map<std::int64_t, std::deque<Outcome>> coming_;
};

}  // namespace simswarm
