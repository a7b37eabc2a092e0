// Iteration over a list whose elements are made anew for each position: `list[i]` gives a value.
#pragma once

#include <cstddef>
#include <iterator>

namespace simswarm {

template <typename List>
class IndexIterator {
 public:
  // NOLINTBEGIN(readability-identifier-naming): names of the standard library
  using iterator_category = std::input_iterator_tag;
  using value_type = typename List::value_type;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = value_type;
  // NOLINTEND(readability-identifier-naming): names of the standard library

  IndexIterator(const List& list, std::size_t position) : list_(&list), position_(position) {}
  value_type operator*() const { return (*list_)[position_]; }
  IndexIterator& operator++() {
    ++position_;
    return *this;
  }
  IndexIterator operator++(int) {
    const IndexIterator before = *this;
    ++position_;
    return before;
  }
  friend bool operator==(const IndexIterator&, const IndexIterator&) = default;

 private:
  const List* list_;
  std::size_t position_;
};

}  // namespace simswarm
