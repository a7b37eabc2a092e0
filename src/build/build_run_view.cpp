#include "build/build_run_view.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>

#include "base/text.h"

namespace simswarm::build {
namespace {

constexpr std::string_view kUsualPath = "/usr/local/bin:/usr/bin:/bin";

// Seen at these places are the build's own folders, named so below `BuildSpec::temporary`.
constexpr std::array<std::pair<const char*, const char*>, 3> kPrivate{
    {{"/tmp", "tmp"}, {"/var/tmp", "var-tmp"}, {"/dev/shm", "shm"}}};

struct Place {
  fs::path path;   // where it is seen
  fs::path cover;  // what is seen there instead; empty: it is shown as it is
};

fs::path real(const fs::path& path) {
  std::error_code error;
  fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : canonical;
}

Status make_own_folder(const fs::path& folder, const BuildSpec& spec) {
  SIMSWARM_CHECK(make_folders(folder));
  if (spec.user && ::lchown(folder.c_str(), spec.user->uid, spec.user->gid) != 0)
    return system_error(errno, folder.string());
  return {};
}

class View {
 public:
  explicit View(const BuildSpec& spec) : spec_(spec) {}

  Result<std::vector<exec::BindMount>> binds() {
    for (const auto& [place, name] : kPrivate) {
      std::error_code ignored;
      if (fs::is_directory(place, ignored)) wanted_.emplace(real(place), spec_.temporary / name);
    }
    for (const fs::path& hidden : spec_.hidden) SIMSWARM_CHECK(cover(real(hidden)));
    for (const fs::path& path : spec_.shown) wanted_[real(path)] = fs::path();
    wanted_[real(spec_.tree)] = fs::path();
    wanted_[real(spec_.temporary / "home")] = fs::path();
    for (const auto& [path, cover] : wanted_) SIMSWARM_CHECK(mount({path, cover}));
    SIMSWARM_CHECK(show_elsewhere());
    return binds_;
  }

 private:
  Status cover(const fs::path& hidden) {
    std::error_code ignored;
    if (!fs::exists(hidden, ignored)) return {};
    const fs::path covers = spec_.temporary / "covers";
    SIMSWARM_CHECK(make_folders(covers));
    fs::path folder = covers / std::to_string(wanted_.size());
    if (fs::is_directory(hidden, ignored)) {
      SIMSWARM_CHECK(make_folders(folder));
    } else {
      SIMSWARM_CHECK(write_file(folder, ""));
    }
    wanted_.emplace(hidden, std::move(folder));
    return {};
  }

  // The innermost that it lies in; they come in the order of their paths, whatever is above first.
  [[nodiscard]] const Place* around(const fs::path& path) const {
    const auto found =
        std::find_if(kept_.rbegin(), kept_.rend(), [&](const Place& place) { return lies_in(place.path, path); });
    return found == kept_.rend() ? nullptr : &*found;
  }

  Status mount(const Place& place) {
    const Place* outer = around(place.path);
    const bool is_covered = outer != nullptr && !outer->cover.empty();
    if (place.cover.empty() && !is_covered) return {};  // seen already
    if (!place.cover.empty() && is_covered) return {};  // not seen anyway
    if (is_covered) SIMSWARM_CHECK(make_folders(outer->cover / place.path.lexically_relative(outer->path)));
    binds_.push_back({place.cover.empty() ? place.path : place.cover, place.path});
    kept_.push_back(place);
    return {};
  }

  Status show_elsewhere() {
    if (spec_.seen_at.empty()) return {};
    const fs::path place = real(spec_.seen_at);
    const Place* outer = around(place);
    if (outer != nullptr && !outer->cover.empty())
      SIMSWARM_CHECK(make_folders(outer->cover / place.lexically_relative(outer->path)));
    binds_.push_back({real(spec_.tree), place, true});
    return {};
  }

  const BuildSpec& spec_;
  std::map<fs::path, fs::path> wanted_;  // std::filesystem orders paths by their components: outer ones first
  std::vector<Place> kept_;
  std::vector<exec::BindMount> binds_;
};

std::vector<std::pair<std::string, std::string>> bare_environment(const BuildSpec& spec, bool has_private_tmp) {
  const char* path = std::getenv("PATH");
  std::vector<std::pair<std::string, std::string>> environment{
      {"PATH", path == nullptr ? std::string(kUsualPath) : path},
      {"LANG", "C.UTF-8"},
      {"HOME", (spec.temporary / "home").string()},
      {"TMPDIR", has_private_tmp ? "/tmp" : (spec.temporary / "tmp").string()},
      {"TERM", "xterm-256color"},  // compilers colour their words for a terminal, which the build has
      {"PAGER", "cat"},
      {"GIT_PAGER", "cat"},
      {"GIT_TERMINAL_PROMPT", "0"}};
  for (const auto& [name, value] : spec.environment) {
    const auto same = [&name = name](const auto& entry) { return entry.first == name; };
    const auto found = std::find_if(environment.begin(), environment.end(), same);
    if (found == environment.end()) {
      environment.emplace_back(name, value);
    } else {
      found->second = value;
    }
  }
  return environment;
}

}  // namespace

Result<BuildView> make_view(const BuildSpec& spec, exec::Apart apart) {
  BuildView view;
  view.apart = apart;
  SIMSWARM_CHECK(make_folders(spec.temporary));
  for (const auto& [place, name] : kPrivate) SIMSWARM_CHECK(make_own_folder(spec.temporary / name, spec));
  SIMSWARM_CHECK(make_own_folder(spec.temporary / "home", spec));
  const auto environment = bare_environment(spec, apart != exec::Apart::kBare);
  for (const auto& [name, value] : environment) {
    view.environment.push_back(fmt::format("{}={}", name, value));
    if (name == "PATH") view.path = value;
  }
  if (!spec.mark.empty()) view.environment.push_back(spec.mark);
  if (apart == exec::Apart::kBare) return view;
  SIMSWARM_TRY(view.binds, View(spec).binds());
  return view;
}

}  // namespace simswarm::build
