// Jobs that are not in the queue yet: a campaign may have a million of them, so that one of a single run is a number.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "queue/queue.h"

namespace simswarm::campaign {

class Backlog {
 public:
  void add(std::size_t run);
  void add(Job job);
  [[nodiscard]] std::size_t size() const { return order_.size() - taken_; }
  [[nodiscard]] bool empty() const { return size() == 0; }

  // A sample from all over comes first (campaign/expectation.h), then the others as they stand.
  void sample_first();
  // The heaviest first; equal ones keep their order.
  void sort(const std::function<double(const Job&)>& weight);
  // At most so many, from the front.
  [[nodiscard]] std::vector<Job> take(std::size_t most);

 private:
  // A run's position, or what stands in jobs_.
  struct Entry {
    std::size_t index : sizeof(std::size_t) * 8 - 1;
    std::size_t is_whole_job : 1;
  };
  [[nodiscard]] Job job(Entry entry) const;

  std::vector<Entry> order_;
  std::size_t taken_ = 0;
  std::vector<Job> jobs_;  // of several runs
};

}  // namespace simswarm::campaign
