#include "build/build_run.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "base/time.h"
#include "build/build_run_output.h"
#include "build/build_run_view.h"
#include "build/build_run_watch.h"
#include "exec/rooted.h"

namespace simswarm::build {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLooking{50};
constexpr milliseconds kTick{200};
constexpr milliseconds kPatience{2000};      // between SIGTERM and SIGKILL
constexpr std::size_t kAtOnce = 1 << 20;     // bytes of output between two looks
constexpr std::uint64_t kRoomForOthers = 4;  // builds that share a user

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<fs::path> program_of(const std::string& word, const fs::path& folder, const std::string& path) {
  if (word.find('/') != std::string::npos) return exec::find_program(word, folder);
  for (const std::string_view place : split(path, ':')) {
    fs::path program = absolute_from(folder, fs::path(place)) / word;
    std::error_code ignored;
    if (::access(program.c_str(), X_OK) == 0 && fs::is_regular_file(program, ignored)) return program;
  }
  return environment_error("program «{}» is in no folder of the build's PATH ({})", word, path);
}

class Build {
 public:
  Build(const BuildSpec& spec, const BuildEars& ears, BuildView view)
      : spec_(spec), ears_(ears), view_(std::move(view)), watch_(spec), output_(spec.limits.output, ears.output) {}

  Result<BuildEnd> run() {
    for (const Step& step : spec_.steps) {
      SIMSWARM_CHECK(run_step(step));
      if (end_.outcome != BuildOutcome::kBuilt) break;
    }
    output_.end();
    finish();
    return end_;
  }

 private:
  // A program that is not there is a failure of the build; an error: nothing can be started at all.
  Status run_step(const Step& step) {
    std::vector<std::string> argv = step.argv;
    for (std::string& word : argv) word = replace_all(word, "{jobs}", std::to_string(spec_.jobs));
    const std::string words =
        step.shown.empty() ? shell_line(argv) : replace_all(step.shown, "{jobs}", std::to_string(spec_.jobs));
    if (ears_.cancelled()) return end_as({BuildOutcome::kCancelled, "cancelled"}, words, 0);
    const fs::path folder = (spec_.tree / step.folder).lexically_normal();
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored))
      return end_as({BuildOutcome::kFailed, fmt::format("its folder {} is not there", folder.string())}, words, 127);
    const auto program = program_of(argv.front(), folder, view_.path);
    if (!program) return end_as({BuildOutcome::kFailed, program.error().message}, words, 127);
    SIMSWARM_TRY(Terminal terminal, open_terminal());
    exec::ProcessSpec process;
    process.argv = std::move(argv);
    process.program = *program;
    process.environment = view_.environment;
    process.working_folder = folder;
    process.binds = view_.binds;
    process.run_as = spec_.user;
    process.stream = terminal.theirs.get();
    process.processes = spec_.limits.processes * kRoomForOthers;
    SIMSWARM_TRY(exec::Rooted tree, exec::start_rooted(process, view_.apart));
    terminal.theirs.reset();
    watch_step(tree, terminal.ours, words);
    return {};
  }

  void watch_step(exec::Rooted& tree, Fd& terminal, const std::string& words) {
    std::optional<Verdict> verdict;
    bool ended = false;
    while (!ended) {
      std::array<pollfd, 2> polled{{{tree.status.get(), POLLIN, 0}, {terminal.get(), POLLIN, 0}}};
      ::poll(polled.data(), polled.size(), static_cast<int>(kLooking.count()));
      read_output(terminal);
      ended = polled[0].revents != 0;
      tick();
      if (ended) break;
      if (!verdict) verdict = look(tree);
      if (verdict && may_kill(*verdict, tree)) break;
    }
    const int status = ended ? exec::status_of(tree) : SIGKILL;
    if (!verdict && status != 0) verdict = watch_.reason_of_failure(tree);
    exec::end_tree(tree);
    end_strays();
    while (read_output(terminal)) {
    }
    patience_.reset();
    if (!verdict && status != 0) verdict = Verdict{BuildOutcome::kFailed, words_of(status)};
    if (verdict) (void)end_as(*verdict, words, exit_code_of(status));
  }

  std::optional<Verdict> look(const exec::Rooted& tree) {
    if (ears_.cancelled()) return Verdict{BuildOutcome::kCancelled, "cancelled", false};
    return watch_.look(tree, output_.size());
  }

  // First asks all of it to end, where there is time for that.
  bool may_kill(const Verdict& verdict, const exec::Rooted& tree) {
    const Monotonic now = system_clock().monotonic();
    if (verdict.at_once) return true;
    if (!patience_) {
      patience_ = now + kPatience;
      for (const pid_t pid : exec::below_root(tree)) ::kill(pid, SIGTERM);
    }
    return now >= *patience_;
  }

  // Without process ids of its own a build of our user can kill its root, and leave.
  void end_strays() const {
    if (view_.apart == exec::Apart::kWhole || spec_.mark.empty()) return;
    constexpr int kRounds = 50;
    for (int round = 0; round < kRounds; ++round) {
      const std::vector<pid_t> left = exec::marked(spec_.mark);
      if (left.empty()) return;
      for (const pid_t pid : left) exec::signal_tree(pid, SIGKILL);
    }
  }

  // A part of what is there; false: there is none now.
  bool read_output(Fd& terminal) {
    std::array<char, 65536> buffer{};
    for (std::size_t taken = 0; taken < kAtOnce && terminal.valid();) {
      const ssize_t got = ::read(terminal.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return false;
      if (got <= 0) {  // nobody has it open any more
        terminal.reset();
        return false;
      }
      taken += static_cast<std::size_t>(got);
      output_.take({buffer.data(), static_cast<std::size_t>(got)});
    }
    return terminal.valid();
  }

  void tick() {
    const Monotonic now = system_clock().monotonic();
    if (now < next_tick_) return;
    next_tick_ = now + kTick;
    ears_.tick();
  }

  static std::string words_of(int status) {
    return WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status))
                               : fmt::format("ended with code {}", WEXITSTATUS(status));
  }

  Status end_as(const Verdict& verdict, const std::string& step, int exit_code) {
    end_.outcome = verdict.outcome;
    end_.exit_code = exit_code;
    end_.step = step;
    end_.message = fmt::format("{}: {}", step, verdict.words);
    return {};
  }

  void finish() {
    end_.seconds = watch_.seconds();
    end_.peak_memory = watch_.peak_memory();
    end_.output = output_.size();
    if (end_.outcome != BuildOutcome::kFailed || !output_.first_error()) return;
    end_.error = output_.first_error();
    end_.message = fmt::format("{}: {}", end_.step, end_.error->text);
  }

  const BuildSpec& spec_;
  const BuildEars& ears_;
  BuildView view_;
  BuildWatch watch_;
  BuildOutput output_;
  BuildEnd end_;
  Monotonic next_tick_{};
  std::optional<Monotonic> patience_;
};

}  // namespace

Result<BuildEnd> run_build(const BuildSpec& spec, const BuildEars& ears) {
  SIMSWARM_TRY(BuildView view, make_view(spec, exec::apart_here()));
  auto end = Build(spec, ears, std::move(view)).run();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(spec.temporary, ignored)) (void)remove_tree(entry.path());
  return end;
}

}  // namespace simswarm::build
