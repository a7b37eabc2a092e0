#include "campaign/trial.h"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/digest.h"
#include "base/text.h"
#include "result/diff.h"

namespace simswarm::campaign {
namespace {

constexpr std::uint64_t kMostLog = 64 * 1024;        // bytes of each output that the ledger keeps of an attempt
constexpr std::uint64_t kMostLogInBatch = 4 * 1024;  // the same where runs share a process

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// What we did to a run, in words; what the run did to itself the dialect says.
std::string explain(Outcome outcome, const exec::Limits& limits) {
  switch (outcome) {
    case Outcome::kTimedOut:
      return fmt::format("took longer than {} (--timeout)", human_duration(limits.timeout.value_or(0)));
    case Outcome::kOutOfMemory:
      return limits.memory ? fmt::format("used more than {} (--memory)", human_bytes(*limits.memory))
                           : "the machine ran out of memory";
    case Outcome::kTooMuchOutput:
      return fmt::format("wrote more than {} (--max-output)", human_bytes(limits.output.value_or(0)));
    case Outcome::kCancelled:
      return "ended by the user";
    default:
      return {};
  }
}

}  // namespace

std::vector<std::pair<std::string, fs::path>> files_of(const Judgement& judgement, const Evidence& evidence) {
  const auto is_before = [](const LeftFile& file, const std::string& path) { return file.path < path; };
  std::vector<std::pair<std::string, fs::path>> files;
  files.reserve(judgement.files.size());
  for (const std::string& path : judgement.files) {
    const auto found = std::lower_bound(evidence.files.begin(), evidence.files.end(), path, is_before);
    const bool is_left = found != evidence.files.end() && found->path == path;
    files.emplace_back(path, is_left ? found->source : evidence.left / path);
  }
  return files;
}

Ready make_ready(const Dialect& dialect, const exec::Limits& limits, const Run& run, const worker::Finished& finished,
                 std::size_t i) {
  const exec::Ended& ended = finished.ended;
  const auto runs = static_cast<double>(finished.batch.runs.size());
  Ready ready;
  ready.run = finished.batch.runs[i];
  ready.label = label_of(run);
  ready.expected = dialect.expected_files(run);
  Attempt& attempt = ready.attempt;
  attempt.verdict = finished.judgements[i].verdict;
  if (!finished.reason.empty() && !is_complete(attempt.verdict.outcome)) attempt.verdict.message = finished.reason;
  if (attempt.verdict.message.empty()) attempt.verdict.message = explain(attempt.verdict.outcome, limits);
  attempt.usage = ended.usage;
  attempt.usage.events = finished.judgements[i].events;
  attempt.usage.wall_seconds /= runs;
  attempt.usage.user_seconds /= runs;
  attempt.usage.system_seconds /= runs;
  attempt.started = ended.started;
  attempt.ended = ended.ended;
  attempt.exit_code = exit_code_of(ended.evidence.wait_status);
  attempt.command = finished.batch.argv;
  const std::uint64_t most = finished.batch.runs.size() > 1 ? kMostLogInBatch : kMostLog;
  ready.log.output = read_tail(ended.evidence.output, most).value_or(std::string());
  ready.log.errors = read_tail(ended.evidence.errors, most).value_or(std::string());
  ready.files = files_of(finished.judgements[i], ended.evidence);
  if (is_complete(attempt.verdict.outcome)) return ready;  // the program's own output is among the results
  const std::string own = dialect.status_file(run);
  for (const auto& [path, staged] : ready.files) {
    if (path == own) ready.log.own = read_tail(staged, kMostLog).value_or(std::string());
  }
  return ready;
}

std::string label_of(const Run& run) {
  std::string label = long_name(run);
  for (char& c : label) {
    if (c == '/' || c == ':' || c == ' ' || static_cast<unsigned char>(c) < 32) c = '-';
  }
  return label;
}

std::string trial_difference(const Dialect& dialect, const Run& run, const Judgement& judgement,
                             const Evidence& evidence, const ResultRecord& record, const fs::path& working_folder) {
  if (!is_complete(judgement.verdict.outcome))
    return fmt::format("{} ended {} when it was tried", short_name(run), to_text(judgement.verdict.outcome));
  std::map<std::string, fs::path> tried;
  for (const auto& [path, source] : files_of(judgement, evidence)) tried.emplace(path, source);
  const std::string own = dialect.status_file(run);
  tried.erase(own);
  for (const ResultFile& file : record.files) {
    if (file.path == own) continue;
    const auto found = tried.find(file.path);
    if (found == tried.end()) return fmt::format("{} is left by one of the two only", file.path);
    const auto difference = result::file_difference(absolute_from(working_folder, file.path), found->second, file.path);
    if (!difference) return difference.error().message;
    if (*difference) return (*difference)->text;
    tried.erase(found);
  }
  return tried.empty() ? "" : fmt::format("{} is left by one of the two only", tried.begin()->first);
}

std::string batch_memo_name(const std::vector<KeyPart>& parts) {
  constexpr std::array<std::string_view, 7> kCommon{"program",   "libraries", "ned",          "data",
                                                    "arguments", "ini",       "configuration"};
  Hasher hasher;
  for (const KeyPart& part : parts) {
    if (std::find(kCommon.begin(), kCommon.end(), part.name) != kCommon.end())
      hasher.field(part.name).field(part.value);
  }
  return "batch 2 " + hasher.finish().hex();
}

}  // namespace simswarm::campaign
