#include "exec/executor.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/text.h"

namespace simswarm::exec {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSampling{200};
constexpr double kSmallestAgeToSample = 0.1;  // seconds; shorter runs are counted by the kernel's own peak

struct Running {
  BatchSpec spec;
  Layer layer;
  Started process;
  Monotonic since;
  Stamp started;
  std::uint64_t memory = 0;
  std::uint64_t peak = 0;
  std::uint64_t kernel_kills = 0;
  std::optional<Outcome> ended_by_us{};
  std::optional<Monotonic> kill_at{};
};

// How many processes the kernel has killed for want of memory (proc(5), /proc/vmstat: oom_kill).
std::uint64_t kernel_memory_kills() {
  const Result<std::string> text = read_file("/proc/vmstat");
  if (!text) return 0;
  const auto at = text->find("\noom_kill ");
  if (at == std::string::npos) return 0;
  const auto line = std::string_view(*text).substr(at + 10);
  return static_cast<std::uint64_t>(parse_int(line.substr(0, line.find('\n'))).value_or(0));
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double seconds_since(Monotonic since) {
  return Seconds(system_clock().monotonic() - since).count();
}

std::vector<std::string> own_environment() {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    // The mark of an outer simswarm would make our runs look like strays of its own.
    if (!std::string_view(*entry).starts_with("SIMSWARM_ATTEMPT=")) result.emplace_back(*entry);
  }
  return result;
}

class LocalExecutor final : public Executor {
 public:
  LocalExecutor(LayerSpec layer, Limits limits)
      : layer_(std::move(layer)), limits_(limits), environment_(own_environment()) {
    if (layer_.kind == LayerKind::kLinks || (!layer_.veil.empty() && !make_veil(layer_))) layer_.veil.clear();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  LocalExecutor(const LocalExecutor&) = delete;
  LocalExecutor& operator=(const LocalExecutor&) = delete;
  ~LocalExecutor() override {
    kill_all(Outcome::kCancelled);
    for (auto& [id, running] : running_) ::waitpid(running.process.pid, nullptr, 0);
    if (!layer_.veil.empty()) (void)remove_tree(layer_.veil);
  }

  Status start(const BatchSpec& batch) override {
    SIMSWARM_TRY(Layer layer, Layer::prepare(layer_, batch.scratch));
    for (const std::string& folder : batch.folders) SIMSWARM_CHECK(layer.make_folder(folder));
    ProcessSpec process;
    process.argv = batch.argv;
    process.environment = environment_;
    process.environment.push_back(batch.mark);
    process.output = batch.scratch / "stdout";
    process.errors = batch.scratch / "stderr";
    layer.apply(process);
    const std::uint64_t kills = kernel_memory_kills();
    SIMSWARM_TRY(Started started, exec::start(process));
    Running running{batch, std::move(layer), std::move(started), system_clock().monotonic(), system_clock().stamp()};
    running.kernel_kills = kills;
    running_.emplace(batch.id, std::move(running));
    return {};
  }

  std::vector<Ended> wait(milliseconds time, const std::vector<int>& wake) override {
    std::vector<pollfd> polled;
    std::vector<std::uint64_t> ids;
    for (const auto& [id, running] : running_) {
      polled.push_back({running.process.pidfd.get(), POLLIN, 0});
      ids.push_back(id);
    }
    for (const int fd : wake) polled.push_back({fd, POLLIN, 0});
    if (!running_.empty()) time = std::min(time, until_next_look());
    ::poll(polled.data(), polled.size(), static_cast<int>(time.count()));
    std::vector<Ended> ended;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (polled[i].revents != 0) ended.push_back(reap(ids[i]));
    }
    watch();
    return ended;
  }

  void stop(std::uint64_t id, Outcome why) override {
    const auto found = running_.find(id);
    if (found != running_.end()) begin_to_end(found->second, why);
  }

  void kill_all(Outcome why) override {
    for (auto& [id, running] : running_) {
      if (!running.ended_by_us) running.ended_by_us = why;
      signal_tree(running.process.pid, SIGKILL);
    }
  }

  void hide(const fs::path& path) override { (void)hide_path(layer_, path); }

  [[nodiscard]] std::optional<Look> look(std::uint64_t id) const override {
    const auto found = running_.find(id);
    if (found == running_.end()) return std::nullopt;
    const Running& running = found->second;
    return Look{running.memory, seconds_since(running.since), running.spec.scratch / "stdout", &running.layer};
  }

 private:
  // How long nothing has to be looked at.
  [[nodiscard]] milliseconds until_next_look() const {
    const auto since = std::chrono::duration_cast<milliseconds>(system_clock().monotonic() - last_look_);
    return std::clamp(kSampling - since, milliseconds(1), kSampling);
  }

  void begin_to_end(Running& running, Outcome why) {
    if (running.ended_by_us) return;
    running.ended_by_us = why;
    running.kill_at = system_clock().monotonic() + milliseconds(static_cast<std::int64_t>(limits_.patience * 1000));
    signal_tree(running.process.pid, SIGTERM);
  }

  void watch() {
    const Monotonic now = system_clock().monotonic();
    if (now - last_look_ < kSampling) return;
    last_look_ = now;
    for (auto& [id, running] : running_) watch(running, now);
  }

  void watch(Running& running, Monotonic now) {
    const double age = Seconds(now - running.since).count();
    if (age < kSmallestAgeToSample) return;
    running.memory = tree_memory(running.process.pid);
    running.peak = std::max(running.peak, running.memory);
    if (limits_.memory && running.memory > *limits_.memory && !running.ended_by_us) {
      running.ended_by_us = Outcome::kOutOfMemory;
      signal_tree(running.process.pid, SIGKILL);
    }
    if (limits_.timeout && age > *limits_.timeout * static_cast<double>(running.spec.runs))
      begin_to_end(running, Outcome::kTimedOut);
    if (running.kill_at && now >= *running.kill_at) signal_tree(running.process.pid, SIGKILL);
  }

  Ended reap(std::uint64_t id) {
    const auto node = running_.extract(id);
    const Running& running = node.mapped();
    Ended ended;
    ended.id = id;
    ended.started = running.started;
    rusage usage{};
    while (::wait4(running.process.pid, &ended.evidence.wait_status, 0, &usage) < 0 && errno == EINTR) {
    }
    ended.strays = end_strays(running.spec.mark);
    ended.ended = system_clock().stamp();
    ended.usage.wall_seconds = seconds_since(running.since);
    ended.usage.user_seconds = seconds_of(usage.ru_utime);
    ended.usage.system_seconds = seconds_of(usage.ru_stime);
    ended.usage.peak_memory = std::max(running.peak, static_cast<std::uint64_t>(usage.ru_maxrss) * 1024);
    fill_evidence(running, ended);
    return ended;
  }

  void fill_evidence(const Running& running, Ended& ended) const {
    ended.evidence.ended_by_us = running.ended_by_us;
    const int status = ended.evidence.wait_status;
    const bool killed = (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
                        (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGKILL);  // as a wrapper script tells it
    if (killed && !running.ended_by_us && kernel_memory_kills() > running.kernel_kills) {
      ended.evidence.ended_by_us = Outcome::kOutOfMemory;
    }
    ended.evidence.output = running.spec.scratch / "stdout";
    ended.evidence.errors = running.spec.scratch / "stderr";
    ended.evidence.left = running.layer.working_folder_in_layer();
    Result<std::vector<LeftFile>> files = running.layer.left_files();
    if (files) {
      ended.evidence.files = std::move(*files);
    } else {
      ended.trouble = files.error();
    }
  }

  // What a run started and left behind has become our child. Rounds, because killing one hands us its children.
  std::size_t end_strays(const std::string& mark) {
    std::size_t ended = 0;
    for (std::size_t killed = 1; killed > 0; ended += killed) {
      killed = 0;
      for (const pid_t pid : own_strays()) {
        if (::waitpid(pid, nullptr, WNOHANG) == pid || !is_marked(pid, mark)) continue;
        signal_tree(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        ++killed;
      }
    }
    return ended;
  }

  [[nodiscard]] std::vector<pid_t> own_strays() const {
    std::vector<pid_t> strays;
    const Result<std::string> list = read_file(fmt::format("/proc/self/task/{}/children", ::getpid()));
    if (!list) return strays;
    for (const std::string_view word : split(*list, ' ')) {
      const auto pid = static_cast<pid_t>(parse_int(trim(word)).value_or(0));
      const auto is_ours = [&](const auto& entry) { return entry.second.process.pid == pid; };
      if (pid > 0 && std::none_of(running_.begin(), running_.end(), is_ours)) strays.push_back(pid);
    }
    return strays;
  }

  static bool is_marked(pid_t pid, const std::string& mark) {
    const Result<std::string> environment = read_file(fmt::format("/proc/{}/environ", pid));
    if (!environment) return false;
    const auto entries = split(*environment, '\0');
    return std::find(entries.begin(), entries.end(), mark) != entries.end();
  }

  LayerSpec layer_;
  Limits limits_;
  std::vector<std::string> environment_;
  std::map<std::uint64_t, Running> running_;
  Monotonic last_look_{};
};

}  // namespace

std::unique_ptr<Executor> make_executor(LayerSpec layer, Limits limits) {
  return std::make_unique<LocalExecutor>(std::move(layer), limits);
}

}  // namespace simswarm::exec
