// The points of a sweep by index: nothing is stored for each of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/command.h"

namespace simswarm {

class Points {
 public:
  Points() = default;
  // Checks names, lengths and duplicates.
  [[nodiscard]] static Result<Points> of(const SweepSpec& spec);

  [[nodiscard]] const std::vector<std::string>& parameters() const { return names_; }
  [[nodiscard]] std::uint64_t count() const { return products_ + points_.size(); }
  // The values of point `index` in the order of parameters(). They stay valid as long as the object, moved or not.
  void read(std::uint64_t index, std::vector<std::string_view>& values) const;

 private:
  // Parameters whose values go side by side.
  struct Dimension {
    std::vector<std::vector<std::string>> columns;  // one a parameter, of equal length
    [[nodiscard]] std::uint64_t size() const { return columns.front().size(); }
  };

  Status add_names(const SweepSpec& spec);
  Status add_dimension(std::vector<Parameter> group);
  Status add_point(const std::vector<Variable>& point, std::size_t number);
  Status check_duplicate_points() const;
  [[nodiscard]] bool in_product(const std::vector<std::string>& point) const;
  [[nodiscard]] std::string shown(const std::vector<std::string>& point) const;

  std::vector<std::string> names_;
  std::vector<Dimension> dimensions_;
  std::vector<std::vector<std::string>> points_;  // stated one by one, in the order of names_
  std::uint64_t products_ = 0;
};

// «nodes=10,seed=3», «run» without parameters; with «-#2» for one of several repetitions. Safe as one component of a
// path, different for different points, at most 200 bytes.
[[nodiscard]] std::string point_label(const Run& run, bool repeated);

}  // namespace simswarm
