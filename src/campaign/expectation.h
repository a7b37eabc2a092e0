// What is expected of runs that have not run: from those that have, in this campaign and earlier ones.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "model/run.h"

namespace simswarm::campaign {

// Durations are products of a factor for the value of each iteration variable, as far as is known: what was seen of
// «n=10,load=1» and «n=20,load=2» tells of «n=20,load=1». Between numbers that were seen it goes along a power of the
// number, and beyond them.
class Expectation {
 public:
  void learn(const Run& run, double seconds, std::uint64_t peak_memory);
  [[nodiscard]] bool knows() const { return count_ > 0; }
  // 0 when nothing is known of its configuration nor of any other.
  [[nodiscard]] double seconds(const Run& run) const;
  // Bytes: the most that a run of its configuration has used; 0 when none is known.
  [[nodiscard]] std::uint64_t memory(const Run& run) const;

 private:
  struct Mean {
    double sum = 0;
    std::size_t count = 0;
  };
  struct Sample {
    std::vector<Variable> variables;
    double log_seconds = 0;
  };
  // Of a variable's values, as logarithms.
  struct Factors {
    std::map<std::string, double> of_values;
    std::vector<std::pair<double, double>> points;  // logarithm of the value and factor, where all are positive numbers
    double low = 0, high = 0;
  };
  // Of one configuration.
  struct Study {
    std::map<std::string, Mean> by_kind;  // runs that differ in their repetition only
    std::vector<Sample> samples;
    std::uint64_t memory = 0;
    std::size_t fitted = 0;  // samples that the factors were made from
    double base = 0;
    std::map<std::string, Factors> factors;  // of each variable
  };
  static std::string kind(const Run& run);
  static void fit(Study& study);
  static void draw(Factors& factors);
  static double factor(const Factors& factors, const std::string& value);

  mutable std::map<std::string, Study> studies_;  // fitted when asked
  double sum_ = 0;
  std::size_t count_ = 0;
};

// How many jobs of so many are executed first, where nothing is known of any, so that something is known of all; 0: too
// few for that to pay.
[[nodiscard]] std::size_t sample_size(std::size_t jobs);
// The order that begins with a sample spread over all: sample_size() of them, then the others as they stood.
[[nodiscard]] std::vector<std::size_t> sampling_order(std::size_t jobs);

// Seconds until all is done on so many slots: `busy` is what the running ones still need, `waiting` comes in this
// order.
[[nodiscard]] double seconds_to_finish(std::span<const double> busy, std::span<const double> waiting,
                                       std::size_t slots);

}  // namespace simswarm::campaign
