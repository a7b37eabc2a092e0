#include "source/checkout.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "source/checkout_move.h"
#include "source/checkout_place.h"

namespace simswarm::source {
namespace {

using User = std::pair<unsigned, unsigned>;

// What lies beside the files is nobody's but ours; builds pass through the folder itself.
Status make_own_folder(const fs::path& folder) {
  constexpr mode_t kOwn = 0700;
  SIMSWARM_CHECK(make_folders(folder));
  if (::chmod(folder.c_str(), kOwn) != 0) return system_error(errno, folder.string());
  return {};
}

Status give_folder(Ground& ground, std::string_view path, User user) {
  const int folder = ground.folder(path);
  struct stat info {};
  if (folder < 0 || ::fstat(folder, &info) != 0) return system_error(errno, ground.name_of(path).string());
  if (info.st_uid == user.first && info.st_gid == user.second) return {};
  if (::fchown(folder, user.first, user.second) != 0) return system_error(errno, ground.name_of(path).string());
  return {};
}

// Only files that are still those that we have written: another with its name may be anybody's, by a second name.
Result<bool> give_file(Ground& ground, TreeFile& file, User user) {
  const auto info = ground.look(file.path);
  if (!info || identity_of(*info) != file.identity) return false;
  if (info->st_uid == user.first && info->st_gid == user.second) return false;
  const std::size_t slash = file.path.rfind('/');
  const std::string folder = slash == std::string::npos ? std::string() : file.path.substr(0, slash);
  const std::string name = file.path.substr(slash + 1);  // npos + 1 is 0
  if (::fchownat(ground.folder(folder), name.c_str(), user.first, user.second, AT_SYMLINK_NOFOLLOW) != 0)
    return system_error(errno, ground.name_of(file.path).string());
  const auto given = ground.look(file.path);
  if (given) file.identity = identity_of(*given);
  return true;
}

Result<bool> give_all(Ground& ground, TreeFiles& files, User user) {
  bool any = false;
  std::string last;
  SIMSWARM_CHECK(give_folder(ground, "", user));
  for (TreeFile& file : files) {
    const std::size_t slash = file.path.rfind('/');
    const std::string folder = slash == std::string::npos ? std::string() : file.path.substr(0, slash);
    if (folder != last) {
      for (std::size_t end = folder.find('/'); end != std::string::npos; end = folder.find('/', end + 1))
        SIMSWARM_CHECK(give_folder(ground, std::string_view(folder).substr(0, end), user));
      SIMSWARM_CHECK(give_folder(ground, folder, user));
    }
    last = folder;
    SIMSWARM_TRY(const bool given, give_file(ground, file, user));
    any = any || given;
  }
  return any;
}

tl::unexpected<Error> nothing_known(const fs::path& folder) {
  return environment_error("{} holds no tree yet: it was not moved to one", folder.string());
}

}  // namespace

Result<Checkout> Checkout::open(const fs::path& folder, const Trees& trees) {
  const CheckoutPlace place{folder};
  SIMSWARM_CHECK(make_folders(place.tree()));
  SIMSWARM_CHECK(make_own_folder(place.trash()));
  return Checkout(folder, trees);
}

Result<Moved> Checkout::move_to(const TreeId& tree, const std::string& recipe) {
  SIMSWARM_TRY(const bool here, trees_.has(tree));
  if (!here) return environment_error("{} has not come to {}: send it", tree.text, trees_.folder_.string());
  SIMSWARM_TRY(Fd lock, trees_.lock(LOCK_SH));
  Move move({folder_}, trees_.git_dir(tree.format()));
  Result<Moved> moved = move.run(tree, recipe);
  lock.reset();
  if (!moved && !move.damage().empty()) return propagate(trees_.set_aside(tree, move.damage()));
  return moved;
}

Status Checkout::give_to(const std::optional<User>& user) {
  const CheckoutPlace place{folder_};
  auto state = read_state(place.state());
  if (!state) return nothing_known(folder_);
  const User wanted = user.value_or(User{::geteuid(), ::getegid()});
  const std::string owner = user ? fmt::format("{}:{}", wanted.first, wanted.second) : std::string();
  SIMSWARM_TRY(Ground ground, Ground::open(place.tree(), place.trash()));
  const bool is_another = state->owner != owner;
  if (is_another) SIMSWARM_CHECK(clean());
  SIMSWARM_TRY(const bool any, give_all(ground, state->files, wanted));
  if (!any && !is_another) return {};
  state->owner = owner;
  SIMSWARM_CHECK(write_state(place.state(), *state));
  wait_for_tick(folder_, now_ns());
  return {};
}

Status Checkout::clean() {
  const CheckoutPlace place{folder_};
  const auto state = read_state(place.state());
  SIMSWARM_TRY(Ground ground, Ground::open(place.tree(), place.trash()));
  return sweep(ground, state ? state->files : TreeFiles(), [](const Ground::Entry&) { return true; })
      .map([](std::uint64_t) {});
}

Status Checkout::empty_trash() {
  const CheckoutPlace place{folder_};
  SIMSWARM_TRY(Ground ground, Ground::open(place.tree(), place.trash()));
  return ground.empty_trash();
}

Status Checkout::build_begins() {
  const CheckoutPlace place{folder_};
  std::error_code ignored;
  if (fs::exists(place.building(), ignored)) return {};  // what an earlier one has left is still there
  return put_file(place.building(), build_mark());
}

Status Checkout::build_ends() {
  const CheckoutPlace place{folder_};
  SIMSWARM_CHECK(put_file(place.built(), fmt::format("{}\n", now_ns())));
  std::error_code error;
  fs::remove(place.building(), error);
  if (error) return system_error(error.value(), place.building().string());
  return {};
}

Result<std::vector<std::string>> Checkout::files() const {
  const auto state = read_state(CheckoutPlace{folder_}.state());
  if (!state) return nothing_known(folder_);
  std::vector<std::string> paths;
  paths.reserve(state->files.size());
  for (const TreeFile& file : state->files) paths.push_back(file.path);
  return paths;
}

}  // namespace simswarm::source
