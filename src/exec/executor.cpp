#include "exec/executor.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/text.h"
#include "exec/stage.h"

namespace simswarm::exec {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSampling{200};
constexpr milliseconds kOutputSampling{1000};
constexpr milliseconds kCompanionSampling{10};
constexpr std::uint64_t kMostOfCompanion = 4096;  // bytes of its last words
constexpr double kSmallestAgeToSample = 0.1;      // seconds; shorter runs are counted by the kernel's own peak

struct Running {
  BatchSpec spec;
  std::unique_ptr<Stage> stage;
  Started process;  // the companion's as long as the program waits for it
  Monotonic since;
  Stamp started;
  std::uint64_t memory = 0;
  std::uint64_t peak = 0;
  std::vector<int> cores{};
  double cpu_seconds = 0;
  bool disk_was_full = false;
  Fd network{};
  std::optional<ProcessSpec> waiting{};  // the program, until its companion is ready
  std::optional<Started> companion{};    // once the program runs
  std::string trouble{};                 // why the program did not start
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

std::uint64_t size_of(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

// No program can be sure that what it wrote is there.
bool is_full(const fs::path& place) {
  struct statvfs disk {};
  constexpr std::uint64_t kNothing = 64 * 1024;  // bytes: a block or two are no room
  if (::statvfs(place.c_str(), &disk) != 0) return false;
  return (disk.f_blocks > 0 && disk.f_bavail * disk.f_frsize < kNothing) || (disk.f_files > 0 && disk.f_favail == 0);
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double seconds_since(Monotonic since) {
  return Seconds(system_clock().monotonic() - since).count();
}

std::vector<std::string> own_environment(const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> result;
  const auto is_added = [&](std::string_view entry) {
    return std::any_of(added.begin(), added.end(),
                       [&](const auto& one) { return entry.substr(0, entry.find('=')) == one.first; });
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    // Ours are none of theirs; and the mark of an outer simswarm would make our runs look like strays of its own.
    if (!std::string_view(*entry).starts_with("SIMSWARM_") && !is_added(*entry)) result.emplace_back(*entry);
  }
  for (const auto& [name, value] : added) result.push_back(fmt::format("{}={}", name, value));
  return result;
}

std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<unsigned>(core), &set)) cores.push_back(core);
  }
  return cores;
}

class LocalExecutor final : public Executor {
 public:
  explicit LocalExecutor(ExecutorSpec spec)
      : spec_(std::move(spec)),
        layer_(spec_.layer),
        limits_(spec_.limits),
        environment_(own_environment(spec_.environment)) {
    if (spec_.inside.pids >= 0 && spec_.keeper > 0) keepers_children_.emplace(spec_.keeper);
    if (layer_.kind == LayerKind::kLinks || (!layer_.veil.empty() && !make_veil(layer_))) layer_.veil.clear();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    all_executors().push_back(this);
  }
  LocalExecutor(const LocalExecutor&) = delete;
  LocalExecutor& operator=(const LocalExecutor&) = delete;
  ~LocalExecutor() override {
    std::erase(all_executors(), this);
    kill_all(Outcome::kCancelled);
    for (auto& [id, running] : running_) {
      ::waitpid(running.process.pid, nullptr, 0);
      if (running.companion) ::waitpid(running.companion->pid, nullptr, 0);
    }
    running_.clear();
    free_.clear();
    retired_.clear();
    if (!layer_.veil.empty()) (void)remove_tree(layer_.veil);
  }

  Status start(const BatchSpec& batch) override {
    SIMSWARM_TRY(std::unique_ptr<Stage> stage, stage_for(batch));
    SIMSWARM_CHECK(stage->make_folders(batch.folders));
    ProcessSpec process;
    process.argv = batch.argv;
    process.program = known_program(batch.argv.front());
    process.inherited = &environment_;
    process.environment = {batch.mark};
    process.cores = take_cores();
    stage->apply(process);
    last_stage_ = stage->output().parent_path();
    Running running{batch, std::move(stage), {}, system_clock().monotonic(), system_clock().stamp()};
    SIMSWARM_CHECK(begin(running, process));
    running.cores = process.cores;
    running_.emplace(batch.id, std::move(running));
    return {};
  }

  std::vector<Ended> wait(milliseconds time, const std::vector<int>& wake) override {
    retired_.clear();
    std::vector<pollfd> polled;
    std::vector<std::uint64_t> ids;
    for (const auto& [id, running] : running_) {
      polled.push_back({running.process.pidfd.get(), POLLIN, 0});
      ids.push_back(id);
    }
    for (const int fd : wake) polled.push_back({fd, POLLIN, 0});
    time = std::min(time, until_next_look());
    ::poll(polled.data(), polled.size(), static_cast<int>(time.count()));
    std::vector<Ended> ended;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      Running& running = running_.at(ids[i]);
      if (running.waiting && !go_on(running)) {
        ended.push_back(reap_failed_companion(ids[i]));
      } else if (!running.waiting && polled[i].revents != 0 && polled[i].fd == running.process.pidfd.get()) {
        ended.push_back(reap(ids[i]));
      }
    }
    watch();
    return ended;
  }

  void add_descriptors(std::vector<int>& descriptors) const override {
    for (const auto& [id, running] : running_) descriptors.push_back(running.process.pidfd.get());
  }

  [[nodiscard]] milliseconds until_next_look() const override {
    if (running_.empty()) return milliseconds::max();
    const auto waits = [](const auto& entry) { return entry.second.waiting.has_value(); };
    if (std::any_of(running_.begin(), running_.end(), waits)) return kCompanionSampling;
    const auto since = std::chrono::duration_cast<milliseconds>(system_clock().monotonic() - last_look_);
    return std::clamp(kSampling - since, milliseconds(1), kSampling);
  }

  void stop(std::uint64_t id, Outcome why) override {
    const auto found = running_.find(id);
    if (found != running_.end()) begin_to_end(found->second, why);
  }

  void kill_all(Outcome why) override {
    for (auto& [id, running] : running_) {
      if (!running.ended_by_us) running.ended_by_us = why;
      signal_tree(running.process.pid, SIGKILL);
      if (running.companion) signal_tree(running.companion->pid, SIGKILL);
    }
  }

  void hide(const fs::path& path) override { (void)hide_path(layer_, path); }

  [[nodiscard]] std::optional<Look> look(std::uint64_t id) const override {
    const auto found = running_.find(id);
    if (found == running_.end()) return std::nullopt;
    const Running& running = found->second;
    return Look{running.memory,          seconds_since(running.since),
                running.cpu_seconds,     size_of(running.stage->output()) + size_of(running.stage->errors()),
                running.stage->output(), &running.stage->layer()};
  }

 private:
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
    looks_at_output_ = now - last_look_at_output_ >= kOutputSampling;
    if (looks_at_output_) last_look_at_output_ = now;
    const bool full = is_full(last_stage_);
    for (auto& [id, running] : running_) {
      running.disk_was_full = running.disk_was_full || full;
      watch(running, now);
    }
  }

  void watch(Running& running, Monotonic now) {
    const double age = Seconds(now - running.since).count();
    if (age < kSmallestAgeToSample) return;
    TreeUsage usage = tree_usage(running.process.pid);
    if (running.companion) {
      const TreeUsage beside = tree_usage(running.companion->pid);
      usage.memory += beside.memory;
      usage.cpu_seconds += beside.cpu_seconds;
    }
    running.memory = usage.memory;
    running.cpu_seconds = usage.cpu_seconds;
    running.peak = std::max(running.peak, running.memory);
    if (limits_.memory && running.memory > *limits_.memory && !running.ended_by_us) {
      running.ended_by_us = Outcome::kOutOfMemory;
      signal_tree(running.process.pid, SIGKILL);
    }
    if (limits_.output && !running.ended_by_us && looks_at_output_) {
      const std::uint64_t most = *limits_.output * running.spec.runs;
      const std::uint64_t streams = size_of(running.stage->output()) + size_of(running.stage->errors());
      if (streams + running.stage->layer().written(most) > most) begin_to_end(running, Outcome::kTooMuchOutput);
    }
    if (limits_.timeout && age > *limits_.timeout * static_cast<double>(running.spec.runs))
      begin_to_end(running, Outcome::kTimedOut);
    if (running.kill_at && now >= *running.kill_at) signal_tree(running.process.pid, SIGKILL);
  }

  // The companion, where there is one; else the program.
  Status begin(Running& running, ProcessSpec& process) {
    process.unix_sockets_only = spec_.unix_sockets_only;
    process.own_network = spec_.private_network && !spec_.companion;
    if (spec_.private_network && spec_.companion) {
      SIMSWARM_TRY(running.network, open_network(spec_.inside.users));
      process.inside.network = running.network.get();
    }
    if (!spec_.companion) {
      SIMSWARM_TRY(running.process, exec::start(process));
      return {};
    }
    if (!spec_.private_network && spec_.companion->port > 0 && listens(::getpid(), spec_.companion->port)) {
      return environment_error(
          "port {} of the companion is taken by another program, and no private network can be made",
          spec_.companion->port);
    }
    ProcessSpec companion = process;
    companion.argv = spec_.companion->argv;
    companion.output = running.stage->output().parent_path() / "companion.out";
    companion.errors = running.stage->output().parent_path() / "companion.err";
    // What an earlier batch of this stage left must not be taken for output of this one.
    SIMSWARM_CHECK(write_file(process.output, ""));
    SIMSWARM_CHECK(write_file(process.errors, ""));
    SIMSWARM_TRY(running.process, exec::start(companion));
    running.waiting = process;
    return {};
  }

  // False: the companion will not come.
  bool go_on(Running& running) {
    if (running.ended_by_us) return false;
    pollfd ended{running.process.pidfd.get(), POLLIN, 0};
    const bool gone = ::poll(&ended, 1, 0) > 0;
    const bool ready = spec_.companion->port == 0 || listens(running.process.pid, spec_.companion->port);
    if (gone || !ready) return !gone && seconds_since(running.since) < spec_.companion->patience;
    Result<Started> program = exec::start(*running.waiting);
    if (!program) {
      running.trouble = program.error().message;
      return false;
    }
    running.companion = std::exchange(running.process, std::move(*program));
    running.waiting.reset();
    return true;
  }

  Ended reap_failed_companion(std::uint64_t id) {
    auto node = running_.extract(id);
    Running& running = node.mapped();
    Ended ended;
    ended.id = id;
    ended.started = running.started;
    ended.ended = system_clock().stamp();
    ended.usage.wall_seconds = seconds_since(running.since);
    ended.evidence.ended_by_us = running.ended_by_us;
    const std::string what = !running.trouble.empty()     ? "was there, but " + running.trouble
                             : running.ended_by_us        ? "was stopped"
                             : has_ended(running.process) ? "has ended"
                                                          : "does not listen";
    const Result<std::string> words =
        read_tail(running.stage->output().parent_path() / "companion.err", kMostOfCompanion);
    const auto said = lines(words ? *words : std::string_view());
    ended.not_started = fmt::format(
        "its companion «{}» {}{}{}", spec_.companion->argv.front(), what,
        spec_.companion->port > 0 ? fmt::format(" before anything listens on port {}", spec_.companion->port) : "",
        said.empty() ? "" : fmt::format("; it said: {}", said.back()));
    running.companion = std::move(running.process);
    end_companion(running);
    (void)end_strays(running.spec.mark);
    if (running.stage->take_files(running.spec.scratch) && running.stage->renew() && !strangers_)
      free_.push_back(std::move(running.stage));
    return ended;
  }

  static bool has_ended(const Started& process) {
    pollfd ended{process.pidfd.get(), POLLIN, 0};
    return ::poll(&ended, 1, 0) > 0;
  }

  // It gets a moment to end by itself.
  static void end_companion(Running& running) {
    if (!running.companion) return;
    constexpr int kMoment = 100;  // milliseconds
    signal_tree(running.companion->pid, SIGTERM);
    pollfd ended{running.companion->pidfd.get(), POLLIN, 0};
    ::poll(&ended, 1, kMoment);
    signal_tree(running.companion->pid, SIGKILL);
    ::waitpid(running.companion->pid, nullptr, 0);
    running.companion.reset();
  }

  Ended reap(std::uint64_t id) {
    auto node = running_.extract(id);
    Running& running = node.mapped();
    Ended ended;
    ended.id = id;
    ended.started = running.started;
    rusage usage{};
    while (::wait4(running.process.pid, &ended.evidence.wait_status, 0, &usage) < 0 && errno == EINTR) {
    }
    if (running.companion) ended.companion_ended = has_ended(*running.companion);
    end_companion(running);
    ended.strays = end_strays(running.spec.mark);
    ended.disk_was_full = running.disk_was_full || is_full(running.stage->output());
    ended.ended = system_clock().stamp();
    ended.usage.wall_seconds = seconds_since(running.since);
    ended.usage.user_seconds = seconds_of(usage.ru_utime);
    ended.usage.system_seconds = seconds_of(usage.ru_stime);
    ended.usage.peak_memory = std::max(running.peak, static_cast<std::uint64_t>(usage.ru_maxrss) * 1024);
    fill_evidence(running, ended);
    // Who is still there may write into what it sees: a stage is handed on only when it is deserted.
    const bool serves_again = !ended.trouble && !strangers_ && running.stage->renew();
    (serves_again ? free_ : retired_).push_back(std::move(running.stage));
    return ended;
  }

  Result<std::unique_ptr<Stage>> stage_for(const BatchSpec& batch) {
    if (!free_.empty()) {
      std::unique_ptr<Stage> stage = std::move(free_.back());
      free_.pop_back();
      return stage;
    }
    const bool lasting = !spec_.stages.empty() && layer_.kind == LayerKind::kOverlay && !layer_.veil.empty();
    return Stage::make(layer_, lasting ? spec_.stages / std::to_string(++stages_) : batch.scratch, lasting,
                       spec_.inside);
  }

  // PATH is gone through once for each word, not once for each run. Empty: a path, or there is none.
  fs::path known_program(const std::string& word) {
    if (word.find('/') != std::string::npos) return {};
    fs::path& program = programs_[word];
    if (program.empty()) program = find_program(word, layer_.working_folder).value_or(fs::path());
    return program;
  }

  // Those that no batch of this process has for itself, the first of them: neighbours share caches.
  [[nodiscard]] std::vector<int> take_cores() const {
    if (spec_.cores == 0) return {};
    std::set<int> taken;
    for (const LocalExecutor* executor : all_executors()) {
      for (const auto& [id, running] : executor->running_) taken.insert(running.cores.begin(), running.cores.end());
    }
    std::vector<int> cores;
    std::copy_if(cores_.begin(), cores_.end(), std::back_inserter(cores),
                 [&](int core) { return !taken.contains(core); });
    if (cores.size() < spec_.cores) return {};
    cores.resize(spec_.cores);
    return cores;
  }

  void fill_evidence(Running& running, Ended& ended) {
    ended.evidence.ended_by_us = running.ended_by_us;
    const int status = ended.evidence.wait_status;
    const bool killed = (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
                        (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGKILL);  // as a wrapper script tells it
    if (killed && !running.ended_by_us && was_killed_for_memory()) ended.evidence.ended_by_us = Outcome::kOutOfMemory;
    ended.evidence.output = running.stage->output();
    ended.evidence.errors = running.stage->errors();
    ended.evidence.left = running.stage->beside(running.spec.scratch);
    Result<std::vector<LeftFile>> files = running.stage->take_files(running.spec.scratch);
    if (files) {
      ended.evidence.files = std::move(*files);
    } else {
      ended.trouble = files.error();
    }
  }

  bool was_killed_for_memory() {
    const std::uint64_t before = std::exchange(kernel_kills_, kernel_memory_kills());
    return kernel_kills_ > before;
  }

  // What a run started and left behind has become our child. Rounds, because killing one hands us its children.
  std::size_t end_strays(const std::string& mark) {
    constexpr int kRounds = 200;
    constexpr int kLooks = 4;  // at who has no environment: in the midst of an exec nobody has one
    // In a process-id namespace they are the keeper's to reap, and stay in the list for a moment.
    std::set<pid_t> seen;
    std::size_t killed = 1;
    strangers_ = false;
    for (int round = 0; (killed > 0 || (strangers_ && round < kLooks)) && round < kRounds; ++round) {
      if (round > 0 && (round > 1 || strangers_)) ::poll(nullptr, 0, 1);
      killed = 0;
      strangers_ = false;
      for (const pid_t pid : own_strays()) {
        if (::waitpid(pid, nullptr, WNOHANG) == pid) continue;
        if (!is_marked(pid, mark)) {
          strangers_ = true;
          continue;
        }
        signal_tree(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        ++killed;
        seen.insert(pid);
      }
    }
    return seen.size();
  }

  // A child of one executor of this process is a child of all.
  static std::vector<const LocalExecutor*>& all_executors() {
    static std::vector<const LocalExecutor*> all;
    return all;
  }

  // Its keeper, or what it has started and not yet reaped.
  [[nodiscard]] bool knows(pid_t pid) const {
    const auto is_ours = [&](const auto& entry) {
      const Running& running = entry.second;
      return running.process.pid == pid || (running.companion && running.companion->pid == pid);
    };
    return pid == spec_.keeper || std::any_of(running_.begin(), running_.end(), is_ours);
  }

  [[nodiscard]] std::vector<pid_t> own_strays() const {
    std::vector<pid_t> strays;
    const auto add = [&](pid_t pid) {
      const auto knows = [&](const LocalExecutor* executor) { return executor->knows(pid); };
      const std::vector<const LocalExecutor*>& all = all_executors();
      if (pid > 0 && std::none_of(all.begin(), all.end(), knows)) strays.push_back(pid);
    };
    own_children_.visit(add);
    if (keepers_children_) keepers_children_->visit(add);
    return strays;
  }

  static bool is_marked(pid_t pid, const std::string& mark) {
    const Result<std::string> environment = read_file(fmt::format("/proc/{}/environ", pid));
    if (!environment) return false;
    const auto entries = split(*environment, '\0');
    return std::find(entries.begin(), entries.end(), mark) != entries.end();
  }

  ExecutorSpec spec_;
  LayerSpec layer_;  // grows by what is hidden
  Limits limits_;
  std::vector<std::string> environment_;
  std::vector<std::unique_ptr<Stage>> free_;
  std::vector<std::unique_ptr<Stage>> retired_;  // hold what the evidence of the last wait() names
  fs::path last_stage_;                          // some folder on the disk that runs write to
  std::size_t stages_ = 0;
  std::map<std::string, fs::path> programs_;  // by the word that names them
  ChildList own_children_{::getpid()};
  std::optional<ChildList> keepers_children_;  // in a process-id namespace it inherits orphans
  bool strangers_ = false;                     // an orphan whose run we do not know is there
  const std::vector<int> cores_ = usable_cores();
  std::uint64_t kernel_kills_ = kernel_memory_kills();
  std::map<std::uint64_t, Running> running_;
  Monotonic last_look_{};
  Monotonic last_look_at_output_{};
  bool looks_at_output_ = false;
};

}  // namespace

std::unique_ptr<Executor> make_executor(ExecutorSpec spec) {
  return std::make_unique<LocalExecutor>(std::move(spec));
}

std::vector<Ended> wait_for(std::span<Executor* const> executors, milliseconds time, const std::vector<int>& wake) {
  if (executors.size() == 1) return executors.front()->wait(time, wake);
  std::vector<int> descriptors = wake;
  for (const Executor* executor : executors) {
    executor->add_descriptors(descriptors);
    time = std::min(time, executor->until_next_look());
  }
  std::vector<pollfd> polled;
  for (const int fd : descriptors) polled.push_back({fd, POLLIN, 0});
  ::poll(polled.data(), polled.size(), static_cast<int>(time.count()));
  std::vector<Ended> ended;
  for (Executor* executor : executors) {
    for (Ended& one : executor->wait(milliseconds(0), {})) ended.push_back(std::move(one));
  }
  return ended;
}

}  // namespace simswarm::exec
