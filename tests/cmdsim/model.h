#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "configuration.h"
#include "ill.h"
#include "result_files.h"

namespace cmdsim {

/// The simulated network: a source of events at equal distances and a sink whose results depend on all parameters, the
/// seed set, the network's NED text and a data file, and on nothing else.
class Model {
 public:
  Model(const Configuration& configuration, std::ostream& out, const std::string& nedText);

  /// Simulation time of event `n`, from 1; `last` events at most.
  double timeOf(int64_t n) const { return static_cast<double>(n) * interval_; }
  std::optional<int64_t> lastEvent() const { return lastEvent_; }

  void setUp();
  void initialize(VectorFile& vectors);
  void handle(int64_t event, double time);
  void finish(ScalarFile& scalars);
  void tearDown();

  /// ` -- in module (Sink) Net.sink (id=2)`.
  std::string place() const;
  const Ill& ill() const { return ill_; }
  int64_t messagesPresent() const { return present_; }

 private:
  void strikeAt();
  void work(double seconds) const;
  double draw();
  void alert(const std::string& text);
  void ownFiles() const;
  double number(const char* name, double otherwise) const;

  const Configuration& configuration_;
  std::ostream& out_;
  Ill ill_;
  std::string network_;
  std::string module_;
  std::uint64_t state_ = 0;
  std::uint64_t origin_ = 0;
  double interval_ = 1;
  double load_ = 1;
  std::optional<int64_t> lastEvent_;
  int64_t strikeEvent_ = 0;
  int64_t plannedEvents_ = 0;
  int64_t present_ = 1;
  int64_t handled_ = 0;
  double sum_ = 0;
  size_t dataBytes_ = 0;
  VectorFile* vectors_ = nullptr;
  int vectorCount_ = 0;
  bool recording_ = true;
};

}  // namespace cmdsim
