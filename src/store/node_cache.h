// A folder that all workers of a machine share: what one has fetched and unpacked serves them all, and the kernel keeps
// its pages once. Processes and threads may use it at the same time; whoever dies lets go of everything.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/files.h"
#include "store/store.h"

namespace simswarm::store {

struct CacheOptions {
  fs::path folder;                     // made when it is not there
  std::uint64_t limit = 20ULL << 30U;  // bytes of what is unpacked; what is in use stays even beyond it
  std::function<bool()> gives_up = [] { return false; };  // asked while others are waited for
  std::function<void(const std::string&)> say = [](const std::string&) {};
};

// An artifact that is in use: it stays as long as this lives.
class Held {
 public:
  Held(fs::path tree, Fd lock) : tree_(std::move(tree)), lock_(std::move(lock)) {}
  [[nodiscard]] const fs::path& tree() const { return tree_; }  // its files, read-only

 private:
  fs::path tree_;
  Fd lock_;
};

class NodeCache {
 public:
  [[nodiscard]] static Result<std::unique_ptr<NodeCache>> open(CacheOptions options);

  // The artifact with this digest (of its tar), fetched and unpacked by whoever comes first; the others wait, and one
  // of them takes over when he dies. Checked byte by byte when it is unpacked, and again by the first who uses it after
  // the machine has started, or when a file of it does not look as it did: what is damaged is thrown away and fetched
  // again. An error: the store is away, has not got it, or what it has is damaged; or nothing more can be written here.
  [[nodiscard]] Result<std::unique_ptr<Held>> hold(const Digest& artifact, Store& store);

  struct Contents {
    std::uint64_t artifacts = 0;
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] Result<Contents> contents() const;

 private:
  explicit NodeCache(CacheOptions options) : options_(std::move(options)) {}
  [[nodiscard]] fs::path tree_of(const std::string& name) const { return options_.folder / name / "tree"; }
  [[nodiscard]] Result<Fd> lock(const std::string& name, int how) const;
  [[nodiscard]] tl::unexpected<Error> in_use(const Digest& artifact) const;
  [[nodiscard]] Result<bool> is_good(const Digest& artifact) const;
  [[nodiscard]] Status fetch(const Digest& artifact, Store& store) const;
  // Removes what was not used for the longest time until `more` fit; never what is in use.
  [[nodiscard]] Status make_room(std::uint64_t more) const;
  [[nodiscard]] Status note(const Digest& artifact) const;

  CacheOptions options_;
};

}  // namespace simswarm::store
