#include "builder/project_folders.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <thread>

#include "base/text.h"
#include "base/time.h"

namespace simswarm::builder {
namespace {

constexpr uid_t kFirstUser = 42'000;  // of builds; between users of the system and those of name services
constexpr uid_t kUsers = 10'000;
constexpr std::chrono::milliseconds kPause{50};

// Not valid: somebody has it.
Result<Fd> lock_of(const fs::path& project) {
  Fd file(::open((project / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return system_error(errno, (project / "lock").string());
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno != EWOULDBLOCK && errno != EINTR) return system_error(errno, (project / "lock").string());
  return Fd();
}

std::optional<uid_t> noted_user(const fs::path& project) {
  const Result<std::string> text = read_file(project / "user");
  const auto number = text ? parse_int(trim(*text)) : std::nullopt;
  if (!number || *number < kFirstUser || *number >= kFirstUser + kUsers) return std::nullopt;
  return static_cast<uid_t>(*number);
}

std::vector<fs::path> projects_in(const fs::path& folder) {
  std::vector<fs::path> projects;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error) && !entry.path().filename().string().starts_with(".")) projects.push_back(entry);
  }
  return projects;
}

std::int64_t last_use(const fs::path& project) {
  struct stat info {};
  return ::stat((project / "used").c_str(), &info) == 0 ? info.st_mtim.tv_sec : 0;
}

}  // namespace

std::uint64_t ProjectFolder::compilations() const {
  const Result<std::string> text = read_file(folder / "compilations");
  const auto number = text ? parse_int(trim(*text)) : std::nullopt;
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

void ProjectFolder::note_compilations(std::uint64_t count) const {
  (void)write_file(folder / "compilations", fmt::format("{}\n", count));
}

// Names of users need not exist: a number that nobody else has is enough to keep projects apart.
Result<exec::User> ProjectFolders::user_of(const fs::path& project) const {
  if (const auto known = noted_user(project)) return exec::User{*known, *known};
  std::set<uid_t> taken;
  for (const fs::path& other : projects_in(folder_)) {
    if (const auto user = noted_user(other)) taken.insert(*user);
  }
  for (uid_t user = kFirstUser; user < kFirstUser + kUsers; ++user) {
    if (taken.contains(user)) continue;
    SIMSWARM_CHECK(write_file_atomically(project / "user", fmt::format("{}\n", user)));
    return exec::User{user, user};
  }
  return environment_error("{} projects have a user of their own, as many as may", kUsers);
}

Status ProjectFolders::make_room(const std::string& name) const {
  std::vector<fs::path> projects = projects_in(folder_);
  std::erase_if(projects, [&](const fs::path& one) { return one.filename() == name; });
  std::sort(projects.begin(), projects.end(),
            [](const fs::path& a, const fs::path& b) { return last_use(a) < last_use(b); });
  for (std::size_t i = 0; projects.size() - i + 1 > most_ && i < projects.size(); ++i) {
    SIMSWARM_TRY(const Fd lock, lock_of(projects[i]));
    if (lock.valid()) SIMSWARM_CHECK(remove_tree(projects[i]));
  }
  return {};
}

Result<ProjectFolder> ProjectFolders::take(const std::string& name, const std::function<bool()>& gives_up) {
  ProjectFolder project;
  project.folder = folder_ / name;
  while (true) {
    {
      const std::lock_guard guard(mutex_);
      SIMSWARM_CHECK(make_folders(project.folder));
      SIMSWARM_TRY(project.lock, lock_of(project.folder));
      if (project.lock.valid()) {
        SIMSWARM_CHECK(write_file(project.folder / "used", ""));
        SIMSWARM_CHECK(make_room(name));
        if (::geteuid() != 0) return project;
        SIMSWARM_TRY(project.user, user_of(project.folder));
        // Builds go through it and see what is theirs alone.
        if (::chmod(project.folder.c_str(), 0711) != 0) return system_error(errno, project.folder.string());
        return project;
      }
    }
    if (gives_up()) return tl::make_unexpected(Error{ExitCode::kInterrupted, "cancelled", true});
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace simswarm::builder
