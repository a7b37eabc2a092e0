#include "scenario.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "expression.h"
#include "text.h"

namespace cmdsim {
namespace {

constexpr int kMostRuns = 1000000;

void collectReferences(const std::string& text, std::set<std::string>& names) {
  substituteDollars(text, [&](const std::string& name) {
    names.insert(name);
    return std::string();
  });
}

/// The values of one item, `from..to step n` or a text.
void expand(const std::string& item, std::vector<std::string>& values) {
  const size_t dots = item.find("..");
  if (dots == std::string::npos) {
    values.push_back(item);
    return;
  }
  const size_t stepAt = item.find("step", dots);
  const double from = evaluateNumber(item.substr(0, dots));
  const double to = evaluateNumber(item.substr(dots + 2, stepAt == std::string::npos ? stepAt : stepAt - dots - 2));
  const double step = stepAt == std::string::npos ? 1 : evaluateNumber(item.substr(stepAt + 4));
  const int count = std::max(0, static_cast<int>(std::floor((to - from + 1.000001 * step) / step)));
  for (int i = 0; i < count; ++i) values.push_back(number(from + step * i));
}

}  // namespace

ValueList::ValueList(const std::string& text) : items_(splitList(text, ',')) {
  items_.erase(std::remove(items_.begin(), items_.end(), ""), items_.end());
}

std::set<std::string> ValueList::references() const {
  std::set<std::string> names;
  for (const std::string& item : items_) collectReferences(item, names);
  return names;
}

void ValueList::restart(const LookUp& lookUp) {
  values_.clear();
  position_ = 0;
  for (const std::string& item : items_) expand(substituteDollars(item, lookUp), values_);
}

Scenario::Scenario(const std::vector<IterationVariable>& variables, std::string constraint,
                   const std::string& nestingOrder)
    : constraint_(std::move(constraint)) {
  for (const IterationVariable& variable : variables) loops_.push_back({variable, ValueList(variable.values)});
  std::vector<std::string> waiting = nesting(nestingOrder);
  std::vector<Loop> ordered;
  while (!waiting.empty()) {
    const auto ready = std::find_if(waiting.begin(), waiting.end(), [&](const std::string& name) {
      std::set<std::string> needed = loop(name).list.references();
      if (!loop(name).variable.parallel.empty()) needed.insert(loop(name).variable.parallel);
      return std::none_of(waiting.begin(), waiting.end(), [&](const std::string& w) { return needed.count(w) != 0; });
    });
    if (ready == waiting.end()) throw SimulationError("Cycle detected in iteration variable references");
    ordered.push_back(loop(*ready));
    waiting.erase(ready);
  }
  loops_ = std::move(ordered);
  restart();
}

std::vector<std::string> Scenario::nesting(const std::string& spec) const {
  std::vector<std::string> order = splitList(spec, ',');
  auto star = std::find(order.begin(), order.end(), "*");
  std::vector<std::string> others;
  for (const Loop& candidate : loops_) {
    const std::string& name = candidate.variable.name;
    if (std::find(order.begin(), order.end(), name) == order.end()) others.push_back(name);
  }
  if (star != order.end()) star = order.erase(star);
  order.insert(star, others.begin(), others.end());
  return order;
}

Scenario::Loop& Scenario::loop(const std::string& name) {
  const auto found = std::find_if(loops_.begin(), loops_.end(), [&](const Loop& l) { return l.variable.name == name; });
  if (found == loops_.end()) throw SimulationError("Undefined variable $" + name);
  return *found;
}

bool Scenario::restart() {
  return loops_.empty() || (settleInner(0) && toSatisfied());
}

bool Scenario::next() {
  return step(loops_.size()) && toSatisfied();
}

/// Increments the outer `count` loops as one counter, and restarts what is inside them.
bool Scenario::step(size_t count) {
  for (size_t i = count; i-- > 0;) {
    if (!loops_[i].variable.parallel.empty()) continue;
    loops_[i].list.next();
    if (!loops_[i].list.atEnd()) return settleInner(i + 1);
  }
  return false;
}

bool Scenario::settleInner(size_t from) {
  for (size_t i = from; i < loops_.size(); ++i) {
    ValueList& list = loops_[i].list;
    list.restart([this](const std::string& name) { return loop(name).list.value(); });
    const std::string& parallel = loops_[i].variable.parallel;
    if (!parallel.empty()) {
      list.moveTo(loop(parallel).list.position());
      if (list.atEnd()) throw SimulationError("Parallel iterator ${...!" + parallel + "} does not have enough values");
    } else if (list.atEnd()) {
      return step(i);
    }
  }
  return true;
}

bool Scenario::satisfied() {
  if (isBlank(constraint_)) return true;
  try {
    return evaluateBool(
        substituteDollars(constraint_, [this](const std::string& name) { return valueInConstraint(name); }));
  } catch (const SimulationError& e) {
    throw SimulationError(std::string("Cannot evaluate constraint expression: ") + e.what());
  }
}

std::string Scenario::valueInConstraint(const std::string& name) {
  const auto is = [&](const Loop& l) { return l.variable.name == name; };
  if (std::none_of(loops_.begin(), loops_.end(), is)) throw SimulationError("Unknown iteration variable: $" + name);
  return loop(name).list.value();
}

bool Scenario::toSatisfied() {
  while (!satisfied()) {
    if (!step(loops_.size())) return false;
  }
  return true;
}

int Scenario::countRuns() {
  if (!restart()) return 0;
  int count = 1;
  for (; next(); ++count) {
    if (count > kMostRuns) throw SimulationError("Are you sure you want to generate more than one million runs?");
  }
  return count;
}

void Scenario::goTo(int run) {
  if (!restart()) {
    throw SimulationError("Iterators or constraint too restrictive: Not even one run can be generated");
  }
  for (int i = 0; i < run; ++i) {
    if (!next()) throw SimulationError("Run number " + std::to_string(run) + " is out of range");
  }
}

std::vector<std::string> Scenario::names() const {
  std::vector<std::string> names;
  for (const Loop& l : loops_) names.push_back(l.variable.name);
  return names;
}

std::string Scenario::value(const std::string& name) const {
  const auto found = std::find_if(loops_.begin(), loops_.end(), [&](const Loop& l) { return l.variable.name == name; });
  return found->list.value();
}

std::string Scenario::text() const {
  std::string text;
  for (const Loop& l : loops_) text += ", $" + l.variable.name + "=" + l.list.value();
  return text.empty() ? text : text.substr(2);
}

}  // namespace cmdsim
