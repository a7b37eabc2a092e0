#include "simulator/command_constraints.h"

#include <algorithm>

#include "simulator/command_text.h"
#include "simulator/expression.h"

namespace simswarm {
namespace {

// An expression, and where the value of each of its names stands among those of a run.
struct Constraint {
  Expression expression;
  std::vector<std::size_t> sources;
  bool met = false;
};

tl::unexpected<Error> in_constraint(std::string_view text, const std::string& what) {
  return usage_error("constraint «{}»: {}", text, what);
}

Result<Constraint> parse(const std::string& text, const std::vector<std::string>& names) {
  auto expression = Expression::parse(text);
  if (!expression) return in_constraint(text, expression.error().message);
  Constraint constraint{std::move(*expression), {}, false};
  for (const Expression::Name& name : constraint.expression.names()) {
    const auto found = std::find(names.begin(), names.end(), name.name);
    if (found == names.end()) {
      return in_constraint(text, fmt::format("column {}: «{}» is no parameter (a text stands in quotes){}", name.column,
                                             name.name, did_you_mean(name.name, names)));
    }
    constraint.sources.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  return constraint;
}

class Filter {
 public:
  Filter(const Points& points, const SweepSpec& spec) : points_(points), spec_(spec) {}

  Status add(const std::vector<std::string>& texts) {
    std::vector<std::string> names = points_.parameters();
    names.emplace_back("repetition");
    names.emplace_back("seed");  // a parameter of this name stands before it
    for (const std::string& text : texts) {
      SIMSWARM_TRY(Constraint constraint, parse(text, names));
      constraints_.push_back(std::move(constraint));
    }
    return {};
  }

  Result<std::vector<std::uint64_t>> run() {
    std::vector<std::uint64_t> kept;
    const auto repetitions = static_cast<std::uint64_t>(spec_.repetitions);
    for (std::uint64_t point = 0; point < points_.count(); ++point) {
      for (std::uint64_t repetition = 0; repetition < repetitions; ++repetition) {
        SIMSWARM_TRY(const bool keep, meets_all(point, repetition));
        if (keep) kept.push_back(point * repetitions + repetition);
      }
    }
    for (const Constraint& constraint : constraints_) {
      if (!constraint.met) return in_constraint(constraint.expression.text(), "no point meets it");
    }
    if (kept.empty()) return usage_error("no point meets all {} constraints at once", constraints_.size());
    return kept;
  }

 private:
  Result<bool> meets_all(std::uint64_t point, std::uint64_t repetition) {
    const std::string number = std::to_string(repetition);
    const std::string seed = spec_.seeds.empty() ? std::to_string(repetition + 1) : spec_.seeds[repetition];
    points_.read(point, values_);
    values_.push_back(number);
    values_.push_back(seed);
    bool all = true;
    for (Constraint& constraint : constraints_) {
      arguments_.clear();
      for (const std::size_t source : constraint.sources) arguments_.push_back(values_[source]);
      const auto holds = constraint.expression.holds(arguments_);
      if (!holds) return in_constraint(constraint.expression.text(), holds.error().message);
      constraint.met |= *holds;
      all &= *holds;
    }
    return all;
  }

  const Points& points_;
  const SweepSpec& spec_;
  std::vector<Constraint> constraints_;
  std::vector<std::string_view> values_;     // of the parameters, the repetition and the seed
  std::vector<std::string_view> arguments_;  // those that a constraint names
};

}  // namespace

Result<std::vector<std::uint64_t>> runs_that_meet(const std::vector<std::string>& constraints, const Points& points,
                                                  const SweepSpec& spec) {
  Filter filter(points, spec);
  SIMSWARM_CHECK(filter.add(constraints));
  return filter.run();
}

}  // namespace simswarm
