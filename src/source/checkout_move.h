// One move of a checkout.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_set>

#include "source/checkout.h"
#include "source/checkout_ground.h"
#include "source/checkout_rules.h"
#include "source/checkout_state.h"

namespace simswarm::source {

// What lies beside the files of a checkout.
struct CheckoutPlace {
  fs::path folder;
  [[nodiscard]] fs::path tree() const { return folder / "tree"; }
  [[nodiscard]] fs::path state() const { return folder / "state"; }
  [[nodiscard]] fs::path staging() const { return folder / "staging"; }
  [[nodiscard]] fs::path trash() const { return folder / "trash"; }
  [[nodiscard]] fs::path ignore() const { return folder / "ignore"; }      // the tree's .gitignore files
  [[nodiscard]] fs::path moving() const { return folder / "moving"; }      // mark: the tree that it is moved to
  [[nodiscard]] fs::path building() const { return folder / "building"; }  // mark: when the build began
  [[nodiscard]] fs::path built() const { return folder / "built"; }        // mark: when the last build ended
};

// Removes all that is neither a file of the tree nor a folder that holds one, where `goes` says so. How many.
[[nodiscard]] Result<std::uint64_t> sweep(Ground& ground, const TreeFiles& files,
                                          const std::function<bool(const Ground::Entry&)>& goes);

class Move {
 public:
  Move(CheckoutPlace place, fs::path git_dir) : place_(std::move(place)), git_dir_(std::move(git_dir)) {}
  [[nodiscard]] Result<Moved> run(const TreeId& tree, const std::string& recipe);
  // When run() gave an error: what git says of objects that it cannot read; empty when it was something else.
  [[nodiscard]] const std::string& damage() const { return damage_; }

 private:
  [[nodiscard]] Result<TreeFiles> list(const std::string& hex);
  [[nodiscard]] Status look_back(const TreeId& tree, const std::string& recipe);
  [[nodiscard]] Status look_at_interrupted_move();
  [[nodiscard]] std::string reason(Ground& ground, const std::string& recipe);
  [[nodiscard]] std::string mentioned(Ground& ground, const std::vector<std::string>& names) const;
  [[nodiscard]] Status throw_away(Ground& ground);
  [[nodiscard]] Status remove_cut(Ground& ground);
  [[nodiscard]] Status remove_gone(Ground& ground);
  [[nodiscard]] Status write(Ground& ground, const std::vector<std::size_t>& doubtful);
  [[nodiscard]] Status keep_ignore_rules();
  [[nodiscard]] Status finish();

  CheckoutPlace place_;
  fs::path git_dir_;
  std::string damage_;
  bool known_ = false;        // what the checkout held before
  bool cut_ = false;          // the last build
  bool interrupted_ = false;  // the last move
  TreeFiles interrupted_files_;
  CheckoutState before_;
  CheckoutState now_;
  Difference difference_;
  std::string reason_;
  Moved moved_;
};

// What is noted when a build begins. `cut_since` gives the time from which on all may be cut off (ns since the epoch);
// nothing where that is not clear, since a clock was set.
[[nodiscard]] std::string build_mark();
[[nodiscard]] std::optional<std::int64_t> cut_since(const std::string& mark);

}  // namespace simswarm::source
