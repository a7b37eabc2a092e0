#include "exec/keeper.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_set>

#include "base/text.h"
#include "exec/cgroup.h"
#include "exec/launch.h"

namespace simswarm::exec {
namespace {

constexpr std::array<std::pair<Containment, std::string_view>, 3> kNames{{{Containment::kCgroup, "cgroup"},
                                                                          {Containment::kPidNamespace, "pid-namespace"},
                                                                          {Containment::kGuardian, "guardian"}}};
constexpr int kRounds = 50;
constexpr char kReady = 'r';
constexpr char kLetLive = 'l';

// Until there are none: a process may start another while the list is made. All in the sessions of what is marked, too:
// children need not keep the environment.
void end_marked(const std::string& mark) {
  std::unordered_set<pid_t> sessions;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<pid_t> left = marked(mark);
    for (const pid_t pid : left) sessions.insert(::getsid(pid));
    for (const pid_t session : sessions) {
      if (session > 1 && session != ::getsid(0)) signal_tree(session, SIGKILL);
    }
    if (left.empty()) return;
    for (const pid_t pid : left) signal_tree(pid, SIGKILL);
  }
}

// What the keeper needs, before it is born.
struct Life {
  KeeperSpec spec;
  Containment containment = Containment::kGuardian;
  fs::path cgroup;
  int orders = -1;   // read: until its end, which is ours
  int answers = -1;  // written: ready, or what failed
  std::string uid_map, gid_map;
};

void leave_everything(const Life& life) {
  ::setsid();
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGCHLD}) ::signal(number, SIG_IGN);
  ::prctl(PR_SET_NAME, "simswarm-keeper");
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  (void)!::chdir("/");
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {0, 1, 2}) ::dup2(nothing, standard);
  // Whoever waits for the end of a pipe that simswarm had must not wait for us.
  const int low = std::min(life.orders, life.answers);
  const int high = std::max(life.orders, life.answers);
  if (low > 3) ::syscall(SYS_close_range, 3U, static_cast<unsigned>(low - 1), 0U);
  if (high - low > 1) ::syscall(SYS_close_range, static_cast<unsigned>(low + 1), static_cast<unsigned>(high - 1), 0U);
  ::syscall(SYS_close_range, static_cast<unsigned>(high + 1), ~0U, 0U);
}

int keeper_main(void* argument) {
  const Life& life = *static_cast<const Life*>(argument);
  leave_everything(life);
  if (life.containment == Containment::kPidNamespace) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Launch launch;
  launch.user_namespace = life.spec.user_namespace;
  launch.uid_map = life.uid_map;
  launch.gid_map = life.gid_map;
  const char answer = become_mapped_user(launch) ? kReady : 'f';
  (void)!::write(life.answers, &answer, 1);
  ::close(life.answers);
  if (answer != kReady) ::_exit(1);
  char order = 0;
  while (::read(life.orders, &order, 1) < 0 && errno == EINTR) {
  }
  if (order == kLetLive || life.containment == Containment::kPidNamespace) ::_exit(0);  // with us all of it ends
  if (life.containment == Containment::kCgroup) end_cgroup(life.cgroup);
  if (life.containment == Containment::kGuardian) end_marked(life.spec.mark);
  ::_exit(0);
}

class LivingKeeper final : public Keeper {
 public:
  LivingKeeper(pid_t pid, Fd orders, Containment containment, fs::path cgroup)
      : pid_(pid), orders_(std::move(orders)), containment_(containment), cgroup_(std::move(cgroup)) {}
  LivingKeeper(const LivingKeeper&) = delete;
  LivingKeeper& operator=(const LivingKeeper&) = delete;
  ~LivingKeeper() override {
    // We leave the group that is about to be ended.
    if (!home_.empty() && !join_cgroup(home_)) (void)!::write(orders_.get(), &kLetLive, 1);
    orders_.reset();
    ::waitpid(pid_, nullptr, 0);
  }

  Status open_namespaces(bool users) {
    if (users) {
      SIMSWARM_TRY(users_, open("user"));
    }
    if (containment_ == Containment::kPidNamespace) {
      SIMSWARM_TRY(pids_, open("pid"));
    }
    return {};
  }

  // Runs are born into the group that we are in; the keeper stays outside.
  Status move_from(const fs::path& home) {
    SIMSWARM_CHECK(join_cgroup(cgroup_));
    home_ = home;
    return {};
  }

  [[nodiscard]] Containment containment() const override { return containment_; }
  [[nodiscard]] Inside inside() const override { return {users_.get(), pids_.get(), -1, -1}; }
  [[nodiscard]] pid_t pid() const override { return pid_; }

 private:
  [[nodiscard]] Result<Fd> open(std::string_view kind) const {
    const std::string path = fmt::format("/proc/{}/ns/{}", pid_, kind);
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return system_error(errno, path);
    return fd;
  }

  pid_t pid_;
  Fd orders_;
  Fd users_, pids_;
  Containment containment_;
  fs::path cgroup_;
  fs::path home_;  // the cgroup we come from; empty: we have not moved
};

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<std::unique_ptr<LivingKeeper>> start_as(Containment containment, const KeeperSpec& spec) {
  fs::path home;
  Life life{
      spec, containment, {}, -1, -1, fmt::format("{0} {0} 1", ::geteuid()), fmt::format("{0} {0} 1", ::getegid())};
  if (containment == Containment::kCgroup) {
    SIMSWARM_TRY(home, own_cgroup());
    life.cgroup = cgroup_of(home, spec.owner);
  }
  SIMSWARM_TRY(Pipe orders, make_pipe());
  SIMSWARM_TRY(Pipe answers, make_pipe());
  life.orders = orders.read.get();
  life.answers = answers.write.get();
  int flags = SIGCHLD;
  if (spec.user_namespace) flags |= CLONE_NEWUSER;
  if (containment == Containment::kPidNamespace) flags |= CLONE_NEWPID;
  std::vector<char> stack(1024 * 1024);
  const pid_t pid = ::clone(keeper_main, stack.data() + stack.size(), flags, &life);
  if (pid < 0) return system_error(errno, fmt::format("cannot start a keeper ({})", to_text(containment)));
  orders.read.reset();
  answers.write.reset();
  auto keeper = std::make_unique<LivingKeeper>(pid, std::move(orders.write), containment, life.cgroup);
  char answer = 0;
  if (::read(answers.read.get(), &answer, 1) != 1 || answer != kReady) {
    return environment_error("cannot start a keeper ({}): no user namespace", to_text(containment));
  }
  SIMSWARM_CHECK(keeper->open_namespaces(spec.user_namespace));
  if (containment == Containment::kCgroup) SIMSWARM_CHECK(keeper->move_from(home));
  return keeper;
}

}  // namespace

std::string_view to_text(Containment containment) {
  return std::find_if(kNames.begin(), kNames.end(), [&](const auto& name) { return name.first == containment; })
      ->second;
}

std::optional<Containment> containment_from(std::string_view text) {
  for (const auto& [containment, name] : kNames) {
    if (name == text) return containment;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Keeper>> Keeper::start(const KeeperSpec& wanted) {
  KeeperSpec spec = wanted;
  const auto try_as = [&](Containment containment) -> Result<std::unique_ptr<Keeper>> {
    KeeperSpec own = spec;
    // pid_namespaces(7): only root makes one outside of a user namespace.
    own.user_namespace = own.user_namespace || (containment == Containment::kPidNamespace && ::geteuid() != 0);
    SIMSWARM_TRY(auto keeper, start_as(containment, own));
    return std::unique_ptr<Keeper>(std::move(keeper));
  };
  if (spec.wanted) return try_as(*spec.wanted);
  for (const Containment containment : {Containment::kCgroup, Containment::kPidNamespace}) {
    if (auto keeper = try_as(containment)) return keeper;
  }
  return try_as(Containment::kGuardian);
}

void end_contained(const std::string& owner, const std::string& mark) {
  if (const auto home = own_cgroup()) end_cgroup(cgroup_of(*home, owner));
  end_marked(mark);
}

}  // namespace simswarm::exec
