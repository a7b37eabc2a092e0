// Programs on a machine that read or print more than fits into memory.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "cluster/machine.h"

namespace simswarm::cluster {

inline constexpr double kLongCall = 24 * 3600;  // seconds: what moves gigabytes over slow lines

// Runs the program there; what it reads is written by `give`, in a thread of its own. What the program says of its end
// counts more than that it did not read to the end.
[[nodiscard]] Result<Answer> run_giving(const Machine& machine, const std::vector<std::string>& words,
                                        const std::function<Status(Sink&)>& give);
// The same for what it prints. An error of `take` that is not the program's own is the result.
[[nodiscard]] Result<Answer> run_taking(const Machine& machine, const std::vector<std::string>& words,
                                        const std::function<Status(Source&)>& take);

// Counts what is written.
class CountingSink final : public Sink {
 public:
  explicit CountingSink(Sink& inner) : inner_(inner) {}  // which must outlive it
  [[nodiscard]] Status write(std::string_view bytes) override {
    size_ += bytes.size();
    return inner_.write(bytes);
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  Sink& inner_;
  std::uint64_t size_ = 0;
};

}  // namespace simswarm::cluster
