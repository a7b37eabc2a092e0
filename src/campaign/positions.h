// A set of positions of runs, a bit each.
#pragma once

#include <cstddef>
#include <vector>

namespace simswarm::campaign {

class Positions {
 public:
  void insert(std::size_t position) {
    if (position >= bits_.size()) bits_.resize(position + 1);
    if (!bits_[position]) ++count_;
    bits_[position] = true;
  }
  void erase(std::size_t position) {
    if (!contains(position)) return;
    --count_;
    bits_[position] = false;
  }
  [[nodiscard]] bool contains(std::size_t position) const { return position < bits_.size() && bits_[position]; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  // At most so many, the first ones first.
  [[nodiscard]] std::vector<std::size_t> first(std::size_t most) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < bits_.size() && found.size() < most; ++i) {
      if (bits_[i]) found.push_back(i);
    }
    return found;
  }

 private:
  std::vector<bool> bits_;
  std::size_t count_ = 0;
};

}  // namespace simswarm::campaign
