// What ccache and distcc note about each compilation, read as it is appended. Internal to this room.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "build/farm.h"

namespace simswarm::build {

// Whole lines that have come since. Builds can write to these files: no more than a part is read at once.
class GrowingFile {
 public:
  explicit GrowingFile(fs::path path) : path_(std::move(path)) {}
  void read(const std::function<void(std::string_view)>& line);

 private:
  fs::path path_;
  std::uint64_t at_ = 0;
  std::string rest_;
};

// A line of ccache's log of statistics (CCACHE_STATSLOG).
void count_statistic(std::string_view line, FarmCounts& counts);
// A line of distcc's log (DISTCC_LOG): «distcc[1] exec on 10.0.0.7:3632/4: g++ -c src/a.cc», and at the end «distcc[1]
// compile src/a.cc on 10.0.0.7:3632/4 completed ok».
void count_compilation(std::string_view line, FarmCounts& counts);

}  // namespace simswarm::build
