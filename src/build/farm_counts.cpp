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

// «10.0.0.7:3632/4», or with its options behind a comma; null: this machine, or one too many.
HostCounts* host_named(std::string_view name, FarmCounts& counts) {
  if (name.starts_with("localhost")) return nullptr;
  const std::string host(name.substr(0, name.find('/')));
  if (counts.by_host.size() >= kMostHosts && !counts.by_host.contains(host)) return nullptr;
  return &counts.by_host[host];
}

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
  constexpr std::string_view kDone = " completed ok";
  constexpr std::string_view kBegun = "] exec on ";
  if (line.ends_with(kDone) && line.find("] compile ") != std::string_view::npos) {
    line.remove_suffix(kDone.size());
    const auto on = line.rfind(" on ");
    HostCounts* const host = on == std::string_view::npos ? nullptr : host_named(line.substr(on + 4), counts);
    if (host == nullptr) return;
    ++counts.remote;
    ++host->done;
  } else if (const auto at = line.find(kBegun); at != std::string_view::npos) {
    const std::string_view rest = line.substr(at + kBegun.size());
    HostCounts* const host = host_named(rest.substr(0, rest.find(": ")), counts);
    if (host != nullptr) ++host->begun;
  }
}

}  // namespace simswarm::build
