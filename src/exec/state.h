// The state folder `.simswarm/`: ledger, locks, scratch, what was kept aside.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::exec {

struct StateFolder {
  fs::path root;

  [[nodiscard]] fs::path scratch(const std::string& owner) const { return root / "scratch" / owner; }
  [[nodiscard]] fs::path kept(const std::string& campaign) const { return root / "kept" / campaign; }
  [[nodiscard]] fs::path attempts() const { return root / "attempts"; }
};

// A lock file that is held until the object dies, and by the kernel's hand when the process does.
class FileLock {
 public:
  // Waits for it.
  [[nodiscard]] static Result<FileLock> take(const fs::path& path);

 private:
  Fd file_;
};

// Says «the owner named so is alive» to other processes, as long as the object lives.
class SignOfLife {
 public:
  [[nodiscard]] static Result<SignOfLife> show(const StateFolder& state, const std::string& owner);
  SignOfLife(SignOfLife&&) = default;
  SignOfLife& operator=(SignOfLife&&) = default;
  SignOfLife(const SignOfLife&) = delete;
  SignOfLife& operator=(const SignOfLife&) = delete;
  ~SignOfLife();
  [[nodiscard]] static bool is_alive(const StateFolder& state, const std::string& owner);

 private:
  SignOfLife(Fd file, fs::path path) : file_(std::move(file)), path_(std::move(path)) {}
  Fd file_;
  fs::path path_;
};

// Ends what dead owners left running and removes what they left in scratch, but for folders that hold one of `needed`:
// verified results that could not be brought into place yet.
// Only owners whose names begin with `prefix`.
[[nodiscard]] Status sweep_scratch(const StateFolder& state, const std::vector<fs::path>& needed,
                                   std::string_view prefix = {});

// Where the campaign keeps what all its layers have in common (exec::LayerSpec::veil): outside of the project; empty
// where that cannot be.
[[nodiscard]] fs::path veil_of(const std::string& owner, const fs::path& project);

// The mark in the environment of what an owner starts; its number follows.
[[nodiscard]] std::string mark_of(const std::string& owner);

}  // namespace simswarm::exec
