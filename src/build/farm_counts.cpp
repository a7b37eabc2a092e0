#include "build/farm_counts.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace simswarm::build {
namespace {

constexpr std::size_t kMostAtOnce = 4 << 20;
constexpr std::size_t kMostHosts = 10'000;

// The statistics of ccache 4 of which each call of a compiler that was let through has one.
constexpr std::array<std::string_view, 20> kCompiled{"cache_miss",
                                                     "compile_failed",
                                                     "bad_compiler_arguments",
                                                     "bad_input_file",
                                                     "bad_output_file",
                                                     "compiler_check_failed",
                                                     "compiler_produced_empty_output",
                                                     "compiler_produced_no_output",
                                                     "compiler_produced_stdout",
                                                     "could_not_use_modules",
                                                     "could_not_use_precompiled_header",
                                                     "disabled",
                                                     "error_hashing_extra_file",
                                                     "internal_error",
                                                     "output_to_stdout",
                                                     "preprocessor_error",
                                                     "unsupported_code_directive",
                                                     "unsupported_compiler_option",
                                                     "unsupported_environment_variable",
                                                     "unsupported_source_language"};

}  // namespace

void GrowingFile::read(const std::function<void(std::string_view)>& line) {
  const Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::array<char, 65536> part{};
  for (std::size_t taken = 0; file.valid() && taken < kMostAtOnce;) {
    const ssize_t got = ::pread(file.get(), part.data(), part.size(), static_cast<off_t>(at_));
    if (got <= 0) break;
    at_ += static_cast<std::uint64_t>(got);
    taken += static_cast<std::size_t>(got);
    rest_.append(part.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
      line(std::string_view(rest_).substr(begin, end - begin));
    rest_.erase(0, begin);
    if (rest_.size() > kMostAtOnce) rest_.clear();
  }
}

void count_statistic(std::string_view line, FarmCounts& counts) {
  if (line == "direct_cache_hit" || line == "preprocessed_cache_hit") ++counts.hits;
  if (std::find(kCompiled.begin(), kCompiled.end(), line) != kCompiled.end()) ++counts.compiled;
}

void count_compilation(std::string_view line, FarmCounts& counts) {
  constexpr std::string_view kEnd = " completed ok";
  if (!line.ends_with(kEnd) || line.find("] compile ") == std::string_view::npos) return;
  line.remove_suffix(kEnd.size());
  const auto on = line.rfind(" on ");
  if (on == std::string_view::npos) return;
  const std::string_view host = line.substr(on + 4);
  if (host.starts_with("localhost") || counts.by_host.size() >= kMostHosts) return;
  ++counts.remote;
  ++counts.by_host[std::string(host.substr(0, host.find('/')))];
}

}  // namespace simswarm::build
