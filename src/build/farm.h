// Compilers: ccache before, and distcc behind it where there are hosts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::build {

struct FarmOptions {
  fs::path folder;                          // for this build alone: links to compilers, hosts, logs; made
  fs::path cache;                           // of ccache, this project's own; made
  std::uint64_t cache_limit = 5ULL << 30U;  // bytes
  std::string cache_namespace;              // of the toolchain
  fs::path tree;                            // the checkout: paths in it do not tell cached objects apart
  std::vector<std::string>
      hosts;               // «host[:port][/limit]»; a name with several addresses («tasks.distcc») is all of them
  int host_patience = 60;  // seconds, in which a host that has a file must have said something
  std::size_t cores = 1;   // of this machine, for compilers
  std::optional<std::pair<unsigned, unsigned>> user;  // uid and gid that builds run as: it owns what they write
};

// What one host was given.
struct HostCounts {
  std::uint64_t begun = 0;
  std::uint64_t done = 0;  // the others failed there or were refused, and were compiled elsewhere; or they go on
  friend bool operator==(const HostCounts&, const HostCounts&) = default;
};

struct FarmCounts {
  std::uint64_t compiled = 0;  // by a compiler, here or elsewhere
  std::uint64_t hits = 0;      // out of the cache
  std::uint64_t remote = 0;    // of `compiled`
  std::map<std::string, HostCounts> by_host;
};

// While it lives, names are resolved and hosts looked at every other second, in a thread of its own: one that does not
// answer is left out until it does, so that compilers do not wait for it; one that has come is used.
class Farm {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Farm>> open(FarmOptions options);
  Farm() = default;
  Farm(const Farm&) = delete;
  Farm& operator=(const Farm&) = delete;
  virtual ~Farm() = default;

  // Added to the build's environment: PATH with compilers that go through the cache, CCACHE_…, DISTCC_….
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> environment() const = 0;
  [[nodiscard]] virtual std::vector<fs::path> folders() const = 0;   // that builds must see (BuildSpec::shown)
  [[nodiscard]] virtual std::size_t jobs() const = 0;                // compilers at once, by the hosts that answer now
  [[nodiscard]] virtual FarmCounts counts() = 0;                     // since open()
  [[nodiscard]] virtual std::vector<std::string> hosts() const = 0;  // that answer now
};

}  // namespace simswarm::build
