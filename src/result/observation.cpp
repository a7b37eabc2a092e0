#include "result/observation.h"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "result/statistics.h"
#include "result/tokens.h"

namespace simswarm::result {

namespace {

std::string unit_of(const std::vector<Entry>& attributes) {
  for (const Entry& entry : attributes) {
    if (entry.name == "unit") return entry.value;
  }
  return {};
}

class Collector : public ResultVisitor {
 public:
  explicit Collector(const Selection& selection) : selection_(selection) {}

  void run(const RunInfo& run) override {
    finish_vectors();
    run_ = std::make_shared<const RunInfo>(run);
  }

  void scalar(const Scalar& scalar) override {
    if (takes(scalar.module, scalar.name)) add(scalar.module, scalar.name, scalar.value, unit_of(scalar.attributes));
  }

  void statistic(const Statistic& statistic) override {
    for (const Field& field : statistic.fields) {
      const std::string name = statistic.name + ":" + field.name;
      if (!takes(statistic.module, statistic.name) && !takes(statistic.module, name)) continue;
      add(statistic.module, name, field.value, field.name == "count" ? "" : unit_of(statistic.attributes));
    }
  }

  void vector(const VectorDeclaration& vector) override {
    if (!pattern_matches(selection_.module, vector.module)) return;
    if (chosen_fields(vector).empty()) return;
    vectors_.emplace(vector.id, Open{vector, {}, 0});
  }

  void sample(const Sample& sample) override {
    const auto found = vectors_.find(sample.vector);
    if (found == vectors_.end()) return;
    found->second.values.add(sample.value);
    found->second.last = sample.value;
  }

  std::vector<Observation> take() {
    finish_vectors();
    return std::move(observations_);
  }

 private:
  struct Open {
    VectorDeclaration vector;
    Accumulator values;
    double last = 0;
  };

  [[nodiscard]] bool takes(const std::string& module, const std::string& name) const {
    return pattern_matches(selection_.module, module) && pattern_matches(selection_.name, name);
  }

  // The fields of a vector that are selected.
  [[nodiscard]] std::vector<std::string> chosen_fields(const VectorDeclaration& vector) const {
    std::vector<std::string> chosen;
    const bool all = takes(vector.module, vector.name);
    for (const char* field : {"count", "mean", "stddev", "min", "max", "last"}) {
      if (all || takes(vector.module, vector.name + ":" + field)) chosen.emplace_back(field);
    }
    return chosen;
  }

  static double field_of(const Open& open, const std::string& field) {
    if (field == "count") return static_cast<double>(open.values.count());
    if (field == "mean") return open.values.mean();
    if (field == "stddev") return open.values.stddev();
    if (field == "min") return open.values.min();
    return field == "max" ? open.values.max() : open.last;
  }

  void finish_vectors() {
    for (const auto& [id, open] : vectors_) {
      for (const std::string& field : chosen_fields(open.vector)) {
        if (open.values.count() == 0 && field != "count") continue;
        add(open.vector.module, open.vector.name + ":" + field, field_of(open, field),
            field == "count" ? "" : unit_of(open.vector.attributes));
      }
    }
    vectors_.clear();
  }

  void add(const std::string& module, const std::string& name, double value, std::string unit) {
    if (run_ == nullptr) run_ = std::make_shared<const RunInfo>();
    observations_.push_back({run_, module, name, value, std::move(unit)});
  }

  const Selection& selection_;
  std::shared_ptr<const RunInfo> run_;
  std::map<std::int64_t, Open> vectors_;
  std::vector<Observation> observations_;
};

bool has_one_of(const fs::path& path, const std::vector<std::string>& extensions) {
  return std::find(extensions.begin(), extensions.end(), path.extension().string()) != extensions.end();
}

}  // namespace

Result<std::vector<Observation>> read_observations(const fs::path& file, const Selection& selection) {
  Collector collector(selection);
  SIMSWARM_CHECK(read_results(file, collector));
  return collector.take();
}

Result<std::vector<Observation>> read_observations(const std::vector<fs::path>& files, const Selection& selection) {
  std::vector<Observation> all;
  for (const fs::path& file : files) {
    SIMSWARM_TRY(std::vector<Observation> some, read_observations(file, selection));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

Result<std::vector<fs::path>> files_below(const fs::path& folder, const std::vector<std::string>& extensions) {
  std::error_code failure;
  std::vector<fs::path> found;
  for (fs::recursive_directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored) && has_one_of(at->path(), extensions)) found.push_back(at->path());
  }
  if (failure) return system_error(failure.value(), folder.string());
  std::sort(found.begin(), found.end(),
            [](const fs::path& a, const fs::path& b) { return natural_less(a.native(), b.native()); });
  return found;
}

}  // namespace simswarm::result
