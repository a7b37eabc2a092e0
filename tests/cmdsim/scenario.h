#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace cmdsim {

/// `${name=values ! parallel}`; `name` is a number for an unnamed one.
struct IterationVariable {
  std::string name;
  std::string values;
  std::string parallel;
};

/// The values of one iteration variable: `1, 2, 5..9 step 2, "text"`; they may refer to variables of outer loops.
class ValueList {
 public:
  using LookUp = std::function<std::string(const std::string&)>;

  explicit ValueList(const std::string& text);
  std::set<std::string> references() const;
  void restart(const LookUp& lookUp);
  void next() { ++position_; }
  bool atEnd() const { return position_ >= values_.size(); }
  size_t position() const { return position_; }
  void moveTo(size_t position) { position_ = position; }
  const std::string& value() const { return values_.at(position_); }

 private:
  std::vector<std::string> items_;
  std::vector<std::string> values_;
  size_t position_ = 0;
};

/// The loops of a configuration, stepped run by run.
class Scenario {
 public:
  Scenario(const std::vector<IterationVariable>& variables, std::string constraint, const std::string& nestingOrder);

  /// To the first run; false if there is none.
  bool restart();
  bool next();
  void goTo(int run);
  int countRuns();
  /// Names in the order of the loops, the outermost first.
  std::vector<std::string> names() const;
  std::string value(const std::string& name) const;
  /// `$a=1, $b=2, $repetition=0`.
  std::string text() const;

 private:
  struct Loop {
    IterationVariable variable;
    ValueList list;
  };

  Loop& loop(const std::string& name);
  bool step(size_t count);
  bool settleInner(size_t from);
  bool satisfied();
  std::string valueInConstraint(const std::string& name);
  bool toSatisfied();
  std::vector<std::string> nesting(const std::string& spec) const;

  std::vector<Loop> loops_;
  std::string constraint_;
};

}  // namespace cmdsim
