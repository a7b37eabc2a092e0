#include "campaign/expectation.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <queue>

#include "base/text.h"

namespace simswarm::campaign {
namespace {

constexpr std::size_t kMostSamples = 5000;  // of a configuration that factors are made from
constexpr std::size_t kMostKinds = 20'000;
constexpr int kRounds = 4;
constexpr double kShortest = 1e-4;    // seconds; shorter ones are noise
constexpr double kLargestStep = 4.6;  // a factor of 100 beyond what was seen

}  // namespace

std::string Expectation::kind(const Run& run) {
  std::string kind;
  for (const Variable& variable : run.variables) kind += variable.name + "=" + variable.value + ",";
  return kind;
}

void Expectation::learn(const Run& run, double seconds, std::uint64_t peak_memory) {
  Study& study = studies_[run.config];
  if (study.by_kind.size() < kMostKinds) {
    Mean& mean = study.by_kind[kind(run)];
    mean.sum += seconds;
    ++mean.count;
  }
  if (study.samples.size() < kMostSamples)
    study.samples.push_back({run.variables, std::log(std::max(seconds, kShortest))});
  study.memory = std::max(study.memory, peak_memory);
  sum_ += seconds;
  ++count_;
}

// Backfitting: each variable explains what the others leave, in turns.
void Expectation::fit(Study& study) {
  study.fitted = study.samples.size();
  study.factors.clear();
  double sum = 0;
  for (const Sample& sample : study.samples) sum += sample.log_seconds;
  study.base = sum / static_cast<double>(study.samples.size());
  const auto explained = [&](const Sample& sample, const std::string& but) {
    double value = study.base;
    for (const Variable& variable : sample.variables) {
      if (variable.name != but) value += study.factors[variable.name].of_values[variable.value];
    }
    return value;
  };
  for (int round = 0; round < kRounds; ++round) {
    for (const Variable& variable : study.samples.front().variables) {
      std::map<std::string, Mean> left;
      for (const Sample& sample : study.samples) {
        for (const Variable& own : sample.variables) {
          if (own.name != variable.name) continue;
          Mean& mean = left[own.value];
          mean.sum += sample.log_seconds - explained(sample, own.name);
          ++mean.count;
        }
      }
      auto& factors = study.factors[variable.name].of_values;
      for (const auto& [value, mean] : left) factors[value] = mean.sum / static_cast<double>(mean.count);
    }
  }
  for (auto& [name, factors] : study.factors) {
    if (!factors.of_values.empty()) draw(factors);
  }
}

// Of a value that was not seen: along the line through its neighbours, where all are positive numbers.
double Expectation::factor(const Factors& factors, const std::string& value) {
  if (const auto found = factors.of_values.find(value); found != factors.of_values.end()) return found->second;
  const std::vector<std::pair<double, double>>& points = factors.points;
  const auto wanted = parse_double(value);
  if (!wanted || *wanted <= 0 || points.size() < 2) return 0;
  const double x = std::log(*wanted);
  auto right = std::lower_bound(points.begin(), points.end(), std::pair(x, 0.0));
  right = std::clamp(right, points.begin() + 1, points.end() - 1);
  const auto& [x1, y1] = *right;
  const auto& [x0, y0] = *(right - 1);
  const double y = y0 + (y1 - y0) * (x - x0) / (x1 - x0);
  return std::clamp(y, factors.low - kLargestStep, factors.high + kLargestStep);
}

void Expectation::draw(Factors& factors) {
  factors.points.clear();
  for (const auto& [value, factor] : factors.of_values) {
    const auto number = parse_double(value);
    if (!number || *number <= 0) return factors.points.clear();
    factors.points.emplace_back(std::log(*number), factor);
  }
  std::sort(factors.points.begin(), factors.points.end());
  const auto equal = [](const auto& a, const auto& b) { return a.first == b.first; };  // «1» and «1.0»
  factors.points.erase(std::unique(factors.points.begin(), factors.points.end(), equal), factors.points.end());
  const auto [low, high] = std::minmax_element(factors.points.begin(), factors.points.end(),
                                               [](const auto& a, const auto& b) { return a.second < b.second; });
  factors.low = low->second;
  factors.high = high->second;
}

double Expectation::seconds(const Run& run) const {
  const auto found = studies_.find(run.config);
  if (found == studies_.end()) return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
  Study& study = found->second;
  if (const auto seen = study.by_kind.find(kind(run)); seen != study.by_kind.end())
    return seen->second.sum / static_cast<double>(seen->second.count);
  if (study.samples.size() >= study.fitted + study.fitted / 4 + 1 && study.fitted < kMostSamples) fit(study);
  double value = study.base;
  for (const Variable& variable : run.variables) {
    const auto factors = study.factors.find(variable.name);
    if (factors != study.factors.end()) value += factor(factors->second, variable.value);
  }
  return std::exp(value);
}

std::uint64_t Expectation::memory(const Run& run) const {
  const auto found = studies_.find(run.config);
  return found == studies_.end() ? 0 : found->second.memory;
}

std::size_t sample_size(std::size_t jobs) {
  constexpr std::size_t kFew = 20;
  constexpr std::size_t kLeast = 6;
  constexpr std::size_t kMost = 100;
  return jobs < kFew ? 0 : std::clamp(jobs / 10, kLeast, kMost);
}

std::vector<std::size_t> sampling_order(std::size_t jobs) {
  const std::size_t sample = sample_size(jobs);
  std::vector<std::size_t> order;
  std::vector<bool> taken(jobs);
  order.reserve(jobs);
  for (std::size_t i = 0; i < sample; ++i) {
    // In the middle of each part, with a step that shares no factor with the counts of repetitions that people choose.
    const std::size_t at = (2 * i + 1) * jobs / (2 * sample);
    order.push_back(at);
    taken[at] = true;
  }
  for (std::size_t i = 0; i < jobs; ++i) {
    if (!taken[i]) order.push_back(i);
  }
  return order;
}

double seconds_to_finish(std::span<const double> busy, std::span<const double> waiting, std::size_t slots) {
  std::priority_queue<double, std::vector<double>, std::greater<>> ends;
  for (const double left : busy) ends.push(std::max(0.0, left));
  while (ends.size() < std::max<std::size_t>(slots, 1)) ends.push(0);
  double last = 0;
  for (const double seconds : waiting) {
    const double begin = ends.top();
    ends.pop();
    ends.push(begin + seconds);
  }
  for (; !ends.empty(); ends.pop()) last = std::max(last, ends.top());
  return last;
}

}  // namespace simswarm::campaign
