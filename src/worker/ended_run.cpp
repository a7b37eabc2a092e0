#include "worker/ended_run.h"

#include <sys/wait.h>

#include <algorithm>
#include <map>

#include "base/cpu.h"
#include "base/text.h"
#include "result/diff.h"

namespace simswarm::worker {

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

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

Attempt attempt_of(const exec::Limits& limits, const Finished& finished, std::size_t i) {
  const exec::Ended& ended = finished.ended;
  const auto runs = static_cast<double>(finished.batch.runs.size());
  Attempt attempt;
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
  attempt.cpu = cpu_kind();
  return attempt;
}

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

std::string label_of(const Run& run) {
  std::string label = long_name(run);
  for (char& c : label) {
    if (c == '/' || c == ':' || c == ' ' || static_cast<unsigned char>(c) < 32) c = '-';
  }
  return label;
}

std::string trial_difference(const Dialect& dialect, const Run& run, const Judgement& judgement,
                             const Evidence& evidence, const std::vector<ResultFile>& accepted,
                             const fs::path& working_folder) {
  if (!is_complete(judgement.verdict.outcome))
    return fmt::format("{} ended {} when it was tried", short_name(run), to_text(judgement.verdict.outcome));
  std::map<std::string, fs::path> tried;
  for (const auto& [path, source] : files_of(judgement, evidence)) tried.emplace(path, source);
  const std::string own = dialect.status_file(run);
  tried.erase(own);
  for (const ResultFile& file : accepted) {
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

}  // namespace simswarm::worker
