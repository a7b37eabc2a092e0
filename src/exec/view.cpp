// Private views of the file system and the network: made once, entered by many processes.
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "exec/launch.h"

namespace simswarm::exec {

bool fail(Launch& launch, const char* step, const char* with) {
  launch.failed_step = step;
  launch.failed_with = with;
  launch.error_number = errno;
  return false;
}

bool write_text(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return written;
}

bool become_mapped_user(Launch& launch) {
  if (!launch.user_namespace) return true;
  if (!write_text("/proc/self/setgroups", "deny") && errno != ENOENT) return fail(launch, "setgroups of the namespace");
  if (!write_text("/proc/self/uid_map", launch.uid_map)) return fail(launch, "map of users");
  if (!write_text("/proc/self/gid_map", launch.gid_map)) return fail(launch, "map of groups");
  return true;
}

namespace {

// Text without allocation, for the child.
class Text {
 public:
  Text& add(const char* part) {
    while (*part != '\0' && size_ + 1 < buffer_.size()) buffer_[size_++] = *part++;
    return *this;
  }
  Text& add(int number) {
    std::array<char, 12> digits{};
    std::size_t at = digits.size() - 1;
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    return add(digits.data() + at);
  }
  [[nodiscard]] const char* get() const { return buffer_.data(); }

 private:
  std::array<char, 256> buffer_{};
  std::size_t size_ = 0;
};

// The options of a mount are separated by commas, which a path may have: the folders go by descriptors, opened here
// because an overlay takes only what is mounted in its own namespace. They close when the program starts.
bool mount_overlay(Launch& launch) {
  Text options;
  const char* lower = launch.overlay_between == nullptr ? "lowerdir=/proc/self/fd/" : ":/proc/self/fd/";
  const std::array<std::pair<const char*, const char*>, 4> folders{{{"lowerdir=/proc/self/fd/", launch.overlay_between},
                                                                    {lower, launch.overlay_place},
                                                                    {",upperdir=/proc/self/fd/", launch.overlay_upper},
                                                                    {",workdir=/proc/self/fd/", launch.overlay_work}}};
  std::array<int, 4> opened{-1, -1, -1, -1};
  std::size_t count = 0;
  const auto close_all = [&] {  // a table of descriptors may be shared with who goes on
    for (const int fd : opened) {
      if (fd >= 0) ::close(fd);
    }
  };
  for (const auto& [name, folder] : folders) {
    if (folder == nullptr) continue;
    const int fd = ::open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
      fail(launch, "folder", folder);
      close_all();
      return false;
    }
    opened[count++] = fd;
    options.add(name).add(fd);
  }
  if (launch.user_namespace || launch.inside_users) options.add(",userxattr");
  if (::mount("overlay", launch.overlay_place, "overlay", 0, options.get()) != 0) {
    fail(launch, "overlay", launch.overlay_place);
    close_all();
    return false;
  }
  close_all();
  return true;
}

// What is shown elsewhere is opened first: below an overlay its path would lead into the overlay.
bool open_binds(Launch& launch) {
  for (Launch::Bind& bind : launch.binds) {
    if (bind.late) continue;
    bind.fd = ::open(bind.source, O_PATH | O_CLOEXEC);
    if (bind.fd < 0) return fail(launch, "folder", bind.source);
  }
  return true;
}

}  // namespace

bool enter_namespaces(Launch& launch) {
  // Users first: it gives the rights to enter the others. Mounts last: paths mean something else from there on.
  const std::array<std::pair<int, int>, 4> wanted{{{launch.enter_users, CLONE_NEWUSER},
                                                   {launch.enter_pids, CLONE_NEWPID},
                                                   {launch.enter_network, CLONE_NEWNET},
                                                   {launch.enter_mounts, CLONE_NEWNS}}};
  for (const auto& [fd, kind] : wanted) {
    if (fd >= 0 && ::setns(fd, kind) != 0) return fail(launch, "entering a namespace");
  }
  int made = 0;
  if (launch.enter_users >= 0 && launch.mount_namespace) made |= CLONE_NEWNS;  // clone(2) would make it with our rights
  if (launch.network_namespace) made |= CLONE_NEWNET;
  if (made != 0 && ::unshare(made) != 0) return fail(launch, "making a namespace");
  return true;
}

bool raise_loopback(Launch& launch) {
  const int control = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) return fail(launch, "socket");
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = ::ioctl(control, SIOCSIFFLAGS, &request) == 0;
  ::close(control);
  return up || fail(launch, "loopback");
}

bool mount_all(Launch& launch) {
  if (!launch.mount_namespace) return true;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return fail(launch, "private mounts");
  if (!open_binds(launch)) return false;
  if (launch.overlay_place != nullptr && !mount_overlay(launch)) return false;
  for (Launch::Bind& bind : launch.binds) {
    if (bind.late) bind.fd = ::open(bind.source, O_PATH | O_CLOEXEC);
    if (bind.fd < 0) return fail(launch, "folder", bind.source);
    Text source;
    source.add("/proc/self/fd/").add(bind.fd);
    const bool mounted = ::mount(source.get(), bind.place, nullptr, MS_BIND | (bind.late ? MS_REC : 0), nullptr) == 0;
    if (!mounted) fail(launch, "bind mount", bind.place);
    ::close(bind.fd);
    if (!mounted) return false;
  }
  return true;
}

void fill_mounts(Launch& launch, const std::optional<OverlayMount>& overlay, const std::vector<BindMount>& binds) {
  launch.mount_namespace = overlay.has_value() || !binds.empty();
  if (overlay) {
    launch.overlay_place = overlay->place.c_str();
    launch.overlay_upper = overlay->upper.c_str();
    launch.overlay_work = overlay->work.c_str();
    if (!overlay->between.empty()) launch.overlay_between = overlay->between.c_str();
  }
  for (const BindMount& bind : binds) launch.binds.push_back({bind.source.c_str(), bind.place.c_str(), -1, bind.late});
}

namespace {

// The child shares our table of descriptors: what it opens is ours when it has ended, and keeps the namespace alive.
int keep_namespace(Launch& launch, const char* path) {
  launch.namespace_fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (launch.namespace_fd < 0) fail(launch, "namespace", path);
  ::_exit(launch.namespace_fd < 0 ? 127 : 0);
}

int mounts_main(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  if (!enter_namespaces(launch) || !mount_all(launch)) ::_exit(127);
  return keep_namespace(launch, "/proc/self/ns/mnt");
}

int network_main(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  if (!enter_namespaces(launch) || !raise_loopback(launch)) ::_exit(127);
  return keep_namespace(launch, "/proc/self/ns/net");
}

Result<Fd> open_namespace(int (*main)(void*), Launch& launch, int flags, std::string_view what) {
  SIMSWARM_TRY(const pid_t pid, clone_child(main, launch, flags | CLONE_FILES, nullptr));
  ::waitpid(pid, nullptr, 0);
  if (launch.failed_step != nullptr) return launch_error(launch, what);
  return Fd(launch.namespace_fd);
}

}  // namespace

Result<Fd> open_view(const OverlayMount& overlay, const std::vector<BindMount>& binds, int user_namespace) {
  Launch launch;
  launch.enter_users = user_namespace;
  const std::optional<OverlayMount> mount = overlay;
  fill_mounts(launch, mount, binds);
  launch.inside_users = user_namespace >= 0;
  return open_namespace(mounts_main, launch, user_namespace >= 0 ? 0 : CLONE_NEWNS, "a private view of the project");
}

Result<Fd> open_network(int user_namespace) {
  Launch launch;
  launch.enter_users = user_namespace;
  launch.network_namespace = true;
  return open_namespace(network_main, launch, 0, "a private network");
}

}  // namespace simswarm::exec
