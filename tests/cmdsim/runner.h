#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "configuration.h"
#include "model.h"
#include "output.h"
#include "result_files.h"

namespace cmdsim {

/// Makes the selected runs one after the other, and says what happens as Cmdenv does.
class Runner {
 public:
  Runner(const Arguments& arguments, Configuration& configuration, Output& output);

  /// The exit code.
  int run();

 private:
  /// One run's parts; they live from set-up to teardown.
  struct Parts {
    std::unique_ptr<Model> model;
    std::unique_ptr<ScalarFile> scalars;
    std::unique_ptr<VectorFile> vectors;
  };

  bool makeRun(const std::string& config, int run);
  void announce(const std::string& config, int run);
  void setUp(Parts& parts);
  /// Returns the fingerprint.
  std::string simulate(Parts& parts);
  void finish(Parts& parts, int run, const std::string& fingerprint);
  void closeResults(Parts& parts);
  void tearDown(Parts& parts);
  void checkFingerprint(const std::string& calculated);
  void loadNed();
  void loadLibraries() const;
  std::string nedTextOf(const std::string& network) const;
  std::string fileName(const std::string& option) const;

  const Arguments& arguments_;
  Configuration& configuration_;
  Output& output_;
  std::vector<std::string> nedTexts_;
  int runsTotal_ = 0;
  int runsTried_ = 0;
  int errors_ = 0;
  bool interrupted_ = false;
};

}  // namespace cmdsim
