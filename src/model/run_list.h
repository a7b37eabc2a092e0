// The runs of a study in little memory: what they have in common is held once, so that a million of them takes some
// 50 MB where as many Run objects would take 200.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/indexed.h"
#include "model/run.h"

namespace simswarm {

class RunList {
 public:
  using value_type = Run;  // NOLINT(readability-identifier-naming): as in std

  RunList() = default;
  RunList(std::initializer_list<Run> runs);
  explicit RunList(const std::vector<Run>& runs);

  void push_back(const Run& run);
  void reserve(std::size_t runs) { rows_.reserve(runs); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Made anew on each call.
  [[nodiscard]] Run operator[](std::size_t position) const;
  [[nodiscard]] Run at(std::size_t position) const;  // throws std::out_of_range
  [[nodiscard]] Run front() const { return (*this)[0]; }
  [[nodiscard]] const std::string& config(std::size_t position) const;

  [[nodiscard]] IndexIterator<RunList> begin() const { return {*this, 0}; }
  [[nodiscard]] IndexIterator<RunList> end() const { return {*this, size()}; }

 private:
  // What runs of one configuration have in common.
  struct Shape {
    std::string config;
    std::vector<std::string> names;  // of the iteration variables
  };
  struct Row {
    std::int64_t number;
    std::int64_t repetition;
    std::uint64_t texts;  // where its texts begin
    std::uint32_t shape;
  };

  std::uint32_t shape_of(const Run& run);
  void add_text(std::string_view text);
  std::string_view text_at(std::uint64_t& position) const;

  std::vector<Shape> shapes_;
  std::vector<Row> rows_;
  std::string texts_;  // of each run the seed set and the values, each behind its length
};

}  // namespace simswarm
