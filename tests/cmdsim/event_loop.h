#pragma once

#include <cstdint>
#include <string>

#include "configuration.h"
#include "model.h"
#include "output.h"

namespace cmdsim {

/// The loop over events of one run, with status lines and limits.
class EventLoop {
 public:
  /// `runsBefore` of `runsTotal` have ended: for the total percentage.
  EventLoop(const Configuration& configuration, Model& model, Output& output, int runsBefore, int runsTotal);

  /// Runs until something ends it. Throws SimulationError with place and time in its text.
  void run();
  bool interrupted() const;
  std::string fingerprint() const;

 private:
  bool next();
  void handleEvent();
  void status();
  std::string progress() const;
  void checkLimits() const;
  std::string now() const;
  double elapsed() const;
  double processorTime() const;

  const Configuration& configuration_;
  Model& model_;
  Output& output_;
  int runsBefore_;
  int runsTotal_;
  bool express_;
  bool performance_;
  double statusEvery_;
  double timeLimit_;
  double cpuLimit_;
  double realLimit_;
  double began_ = 0;
  double beganProcessor_ = 0;
  double lastStatus_ = 0;
  double intervalBegan_ = 0;
  double intervalTime_ = 0;
  int64_t intervalEvents_ = 0;
  int64_t event_ = 0;
  double time_ = 0;
};

}  // namespace cmdsim
