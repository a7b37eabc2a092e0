#include "simulator/command_judge.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/text.h"

namespace simswarm {
namespace {

constexpr std::size_t kLongestQuote = 200;  // characters
constexpr int kNotExecutable = 126;         // exit codes of shells, and of what starts programs as they do
constexpr int kNotFound = 127;
constexpr int kSignalBase = 128;
constexpr std::size_t kCopySize = 256 * 1024;

bool is_crash(int number) {
  constexpr std::array kCrashes{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  return std::find(kCrashes.begin(), kCrashes.end(), number) != kCrashes.end();
}

// Signals that come from outside: of these a shell's exit code says so.
bool is_killing(int number) {
  return number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGXCPU;
}

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
}

// «: LAST LINE», out of stderr or else stdout.
std::string last_words(const Evidence& evidence) {
  std::string words = last_line(evidence.errors, kLongestQuote);
  if (words.empty()) words = last_line(evidence.output, kLongestQuote);
  return words.empty() ? words : ": " + words;
}

std::string_view why_ended(Outcome outcome) {
  switch (outcome) {
    case Outcome::kTimedOut:
      return "ended at its time limit";
    case Outcome::kStalled:
      return "ended because it made no progress";
    case Outcome::kOutOfMemory:
      return "ended at its memory limit";
    case Outcome::kTooMuchOutput:
      return "ended because it wrote too much (--max-output)";
    case Outcome::kDiskFull:
      return "ended because the disk is full";
    case Outcome::kCancelled:
      return "cancelled";
    case Outcome::kLost:
      return "lost with its supervisor";
    default:
      return "ended by simswarm";
  }
}

bool says_disk_full(const fs::path& errors) {
  return any_line(errors, [](std::string_view line) {
    return line.find("No space left on device") != std::string_view::npos ||
           line.find("Disk quota exceeded") != std::string_view::npos;
  });
}

Verdict of_signal(int number, const Evidence& evidence) {
  const Outcome outcome = is_crash(number) ? Outcome::kCrashed : Outcome::kKilled;
  const std::string_view how = is_crash(number) ? "crashed with" : "killed by";
  return {outcome, fmt::format("{} {}{}", how, signal_name(number), last_words(evidence)), {}};
}

Verdict of_failing_code(int code, const Evidence& evidence) {
  std::string what = fmt::format("exit code {}", code);
  Outcome outcome = Outcome::kModelError;
  const int number = code - kSignalBase;
  if (code == kNotFound) {
    what += ": a program was not found";
  } else if (code == kNotExecutable) {
    what += ": a program cannot be executed";
  } else if (is_crash(number) || is_killing(number)) {
    outcome = is_crash(number) ? Outcome::kCrashed : Outcome::kKilled;
    what += fmt::format(": a program that it started was ended by {}", signal_name(number));
  }
  return {outcome, what + last_words(evidence), {}};
}

bool says(const LinePattern& pattern, const Evidence& evidence) {
  const auto found = [&](std::string_view line) { return pattern.found_in(line); };
  return any_line(evidence.output, found) || any_line(evidence.errors, found);
}

Verdict of_results(const Evidence& evidence, const std::vector<LeftFile>& files, const SuccessRule& rule) {
  for (const std::string& path : rule.required) {
    const auto file = std::find_if(files.begin(), files.end(), [&](const LeftFile& left) { return left.path == path; });
    if (file == files.end()) return {Outcome::kIncomplete, fmt::format("the required file «{}» is missing", path), {}};
    if (file->size == 0) return {Outcome::kIncomplete, fmt::format("the required file «{}» is empty", path), {}};
  }
  if (!rule.pattern.empty() && !says(rule.pattern, evidence)) {
    return {Outcome::kIncomplete,
            fmt::format("the output does not say «{}»{}", rule.pattern.text(), last_words(evidence)),
            {}};
  }
  return {Outcome::kCompleted, {}, {}};
}

// Opens the folder for `path`, component by component from `root`, following no link; makes what is missing.
Result<Fd> open_folder(const fs::path& root, const fs::path& path) {
  Fd folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const fs::path& component : path) {
    if (!folder.valid()) break;
    if (::mkdirat(folder.get(), component.c_str(), 0777) != 0 && errno != EEXIST)
      return system_error(errno, path.string());
    folder = Fd(::openat(folder.get(), component.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  if (!folder.valid()) return system_error(errno, (root / path).string());
  return folder;
}

Status write_all(const Fd& to, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t done = ::write(to.get(), data.data(), data.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return system_error(errno, path);
    data.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Result<std::uint64_t> copy_all(const Fd& from, const Fd& to, const std::string& path) {
  std::string buffer(kCopySize, '\0');
  std::uint64_t total = 0;
  while (true) {
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, path);
    if (got == 0) return total;
    total += static_cast<std::uint64_t>(got);
    SIMSWARM_CHECK(write_all(to, {buffer.data(), static_cast<std::size_t>(got)}, path));
  }
}

}  // namespace

Verdict judge_process(const Evidence& evidence, const std::vector<LeftFile>& files, const SuccessRule& rule) {
  if (evidence.ended_by_us) {
    return {*evidence.ended_by_us, std::string(why_ended(*evidence.ended_by_us)) + last_words(evidence), {}};
  }
  if (says_disk_full(evidence.errors)) return {Outcome::kDiskFull, "the disk is full" + last_words(evidence), {}};
  if (WIFSIGNALED(evidence.wait_status)) return of_signal(WTERMSIG(evidence.wait_status), evidence);
  const int code = WEXITSTATUS(evidence.wait_status);
  const bool success = std::find(rule.codes.begin(), rule.codes.end(), code) != rule.codes.end();
  return success ? of_results(evidence, files, rule) : of_failing_code(code, evidence);
}

Result<std::uint64_t> keep_output(const Evidence& evidence, const std::string& path) {
  const auto taken = usage_error(
      "the program wrote «{}» itself, where its standard output is to be kept; give stdout another name", path);
  const bool written = std::any_of(evidence.files.begin(), evidence.files.end(),
                                   [&](const LeftFile& file) { return file.path == path; });
  if (written) return taken;
  const fs::path target(path);
  const Fd from(::open(evidence.output.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.valid()) return system_error(errno, evidence.output.string());
  SIMSWARM_CHECK(make_folders(evidence.left));
  SIMSWARM_TRY(const Fd folder, open_folder(evidence.left, target.parent_path()));
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const Fd to(::openat(folder.get(), target.filename().c_str(), flags, 0666));
  if (!to.valid() && errno == EEXIST) return taken;
  if (!to.valid()) return system_error(errno, path);
  return copy_all(from, to, path);
}

}  // namespace simswarm
