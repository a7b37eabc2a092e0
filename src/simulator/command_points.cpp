#include "simulator/command_points.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_set>

#include "base/text.h"
#include "simulator/command_text.h"

namespace simswarm {
namespace {

constexpr std::uint64_t kMostPoints = 100'000'000;
constexpr std::size_t kLongestLabel = 200;  // bytes; file names end at 255
constexpr std::array<std::string_view, 5> kReserved{"repetition", "run", "name", "point", "results"};

Status check_name(const std::string& name, const std::vector<std::string>& known) {
  if (!is_identifier(name)) {
    return usage_error("«{}» cannot name a parameter: letters, digits and «_» are taken, not beginning with a digit",
                       name);
  }
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
    return usage_error("a parameter cannot be called «{0}»: the placeholder {{{0}}} is simswarm's own", name);
  }
  if (std::find(known.begin(), known.end(), name) != known.end())
    return usage_error("parameter «{}» is there twice", name);
  return {};
}

// A tuple as one text; different tuples give different texts.
std::string packed(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += fmt::format("{}:{},", value.size(), value);
  return text;
}

// A list may have a million values: sorting their numbers takes less memory than a set of them.
Status check_distinct(const std::vector<Parameter>& group) {
  std::vector<std::uint32_t> order(group.front().values.size());
  std::iota(order.begin(), order.end(), 0);
  const auto compared = [&](std::uint32_t a, std::uint32_t b) {
    for (const Parameter& parameter : group) {
      if (const int sign = parameter.values[a].compare(parameter.values[b]); sign != 0) return sign;
    }
    return 0;
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return compared(a, b) < 0; });
  const auto same = [&](std::uint32_t a, std::uint32_t b) { return compared(a, b) == 0; };
  const auto found = std::adjacent_find(order.begin(), order.end(), same);
  if (found == order.end()) return {};
  std::vector<std::string> words;
  for (const Parameter& parameter : group) words.push_back(parameter.name + "=" + parameter.values[*found]);
  return usage_error("duplicate point: «{}» is listed twice", join(words, ","));
}

std::string shown_lengths(const std::vector<Parameter>& group) {
  std::vector<std::string> lengths;
  for (const Parameter& parameter : group)
    lengths.push_back(fmt::format("«{}» has {}", parameter.name, parameter.values.size()));
  return join(lengths, ", ");
}

}  // namespace

Result<Points> Points::of(const SweepSpec& spec) {
  Points result;
  SIMSWARM_CHECK(result.add_names(spec));
  const bool product = !spec.grid.empty() || !spec.zipped.empty();
  result.products_ = product || spec.points.empty() ? 1 : 0;
  for (const Parameter& parameter : spec.grid) SIMSWARM_CHECK(result.add_dimension({parameter}));
  for (const auto& group : spec.zipped) SIMSWARM_CHECK(result.add_dimension(group));
  for (std::size_t i = 0; i < spec.points.size(); ++i) SIMSWARM_CHECK(result.add_point(spec.points[i], i + 1));
  SIMSWARM_CHECK(result.check_duplicate_points());
  return result;
}

Status Points::add_names(const SweepSpec& spec) {
  const auto add = [&](const std::string& name) -> Status {
    SIMSWARM_CHECK(check_name(name, names_));
    names_.push_back(name);
    return {};
  };
  for (const Parameter& parameter : spec.grid) SIMSWARM_CHECK(add(parameter.name));
  for (const auto& group : spec.zipped) {
    for (const Parameter& parameter : group) SIMSWARM_CHECK(add(parameter.name));
  }
  if (!names_.empty() || spec.points.empty()) return {};
  for (const Variable& variable : spec.points.front()) SIMSWARM_CHECK(add(variable.name));
  return {};
}

Status Points::add_dimension(std::vector<Parameter> group) {
  if (group.empty()) return usage_error("a zipped group has no parameters");
  Dimension dimension;
  for (Parameter& parameter : group) {
    if (parameter.values.empty()) return usage_error("parameter «{}» has no values", parameter.name);
    if (parameter.values.size() != group.front().values.size()) {
      return usage_error("zipped lists have one length, but {}", shown_lengths(group));
    }
  }
  SIMSWARM_CHECK(check_distinct(group));
  for (Parameter& parameter : group) dimension.columns.push_back(std::move(parameter.values));
  if (dimension.size() > kMostPoints / products_) return usage_error("the sweep has more than {} points", kMostPoints);
  products_ *= dimension.size();
  dimensions_.push_back(std::move(dimension));
  return {};
}

Status Points::add_point(const std::vector<Variable>& point, std::size_t number) {
  std::vector<std::string> values(names_.size());
  std::vector<bool> given(names_.size());
  for (const Variable& variable : point) {
    const auto found = std::find(names_.begin(), names_.end(), variable.name);
    if (found == names_.end()) {
      return usage_error("point {} gives «{}», which is no parameter of the sweep{}", number, variable.name,
                         did_you_mean(variable.name, names_));
    }
    const auto index = static_cast<std::size_t>(found - names_.begin());
    if (given[index]) return usage_error("point {} gives «{}» twice", number, variable.name);
    values[index] = variable.value;
    given[index] = true;
  }
  const auto missing = std::find(given.begin(), given.end(), false);
  if (missing != given.end()) {
    return usage_error("point {} does not give «{}»; each point gives every parameter", number,
                       names_[static_cast<std::size_t>(missing - given.begin())]);
  }
  points_.push_back(std::move(values));
  return {};
}

Status Points::check_duplicate_points() const {
  std::unordered_set<std::string> seen;
  for (const auto& point : points_) {
    if (!seen.insert(packed(point)).second) return usage_error("duplicate point: «{}» is listed twice", shown(point));
    if (in_product(point)) return usage_error("duplicate point: «{}» is also one of the grid", shown(point));
  }
  return {};
}

bool Points::in_product(const std::vector<std::string>& point) const {
  std::size_t parameter = 0;
  for (const Dimension& dimension : dimensions_) {
    bool found = false;
    for (std::size_t row = 0; row < dimension.size() && !found; ++row) {
      found = true;
      for (std::size_t i = 0; i < dimension.columns.size(); ++i)
        found &= dimension.columns[i][row] == point[parameter + i];
    }
    if (!found) return false;
    parameter += dimension.columns.size();
  }
  return products_ > 0;
}

std::string Points::shown(const std::vector<std::string>& point) const {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < point.size(); ++i) words.push_back(names_[i] + "=" + point[i]);
  return join(words, ",");
}

void Points::read(std::uint64_t index, std::vector<std::string_view>& values) const {
  values.resize(names_.size());
  if (index >= products_) {
    std::copy(points_[index - products_].begin(), points_[index - products_].end(), values.begin());
    return;
  }
  std::size_t parameter = names_.size();
  for (auto dimension = dimensions_.rbegin(); dimension != dimensions_.rend(); ++dimension) {
    const std::uint64_t row = index % dimension->size();
    index /= dimension->size();
    for (auto column = dimension->columns.rbegin(); column != dimension->columns.rend(); ++column) {
      values[--parameter] = (*column)[row];
    }
  }
}

std::string point_label(const Run& run, bool repeated) {
  std::string label;
  for (const Variable& variable : run.variables) {
    if (!label.empty()) label += ',';
    label += variable.name;
    label += '=';
    label += safe_in_name(variable.value);
  }
  if (label.empty()) label = "run";
  const std::string ending = repeated ? fmt::format("-#{}", run.repetition) : "";
  if (label.size() + ending.size() <= kLongestLabel) return label + ending;
  const std::string digest = digest_of(label).hex().substr(0, 16);
  std::size_t kept = kLongestLabel - ending.size() - digest.size() - 1;
  while (kept > 0 && (static_cast<unsigned char>(label[kept]) & 0xc0) == 0x80) --kept;  // whole characters
  return label.substr(0, kept) + "~" + digest + ending;
}

}  // namespace simswarm
