// simswarm explain: why a run was, or was not, run again. Compares the newest campaign with the one before that had it.
#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "view/runs.h"

namespace simswarm::cli {
namespace {

constexpr std::size_t kMostFiles = 10;

// Runs are the same to a person when configuration, variables and repetition are.
bool same_words(const Run& a, const Run& b) {
  return a.config == b.config && a.variables == b.variables && a.repetition == b.repetition;
}

std::vector<std::string> changed_files(const InputRecord& before, const InputRecord& now) {
  std::vector<std::string> changes;
  for (const auto& [path, digest] : now.files) {
    const auto old = before.files.find(path);
    if (old == before.files.end()) {
      changes.push_back(path + " is new");
    } else if (old->second != digest) {
      changes.push_back(path + " has changed");
    }
  }
  for (const auto& [path, digest] : before.files) {
    if (!now.files.contains(path)) changes.push_back(path + " is gone");
  }
  return changes;
}

bool is_of_run(const std::string& part) {
  return part == "ini" || part == "repetition" || part == "seed set" || part == "run number" || part.starts_with("$");
}

std::vector<std::string> changed_words(const InputRecord& before, const InputRecord& now, const std::string& config) {
  std::vector<std::string> changes;
  const auto old_parts = before.parts.find(config);
  const auto new_parts = now.parts.find(config);
  if (old_parts == before.parts.end() || new_parts == now.parts.end()) return changes;
  for (const KeyPart& part : new_parts->second) {
    const bool digest = part.value.size() == 64 && part.name.find(' ') == std::string::npos;
    if (is_of_run(part.name) || digest) continue;
    const auto old = std::find_if(old_parts->second.begin(), old_parts->second.end(),
                                  [&](const KeyPart& one) { return one.name == part.name; });
    if (old == old_parts->second.end()) {
      changes.push_back(fmt::format("{} is new: {}", part.name, part.value));
    } else if (old->value != part.value) {
      changes.push_back(fmt::format("{} was «{}», is «{}»", part.name, old->value, part.value));
    }
  }
  return changes;
}

std::string explain_difference(Ledger& ledger, const CampaignRecord& before, const PlannedRun& old,
                               const CampaignRecord& now, const PlannedRun& run) {
  const auto old_inputs = ledger.inputs_of(before.id);
  const auto new_inputs = ledger.inputs_of(now.id);
  if (!old_inputs || !new_inputs) return "its inputs are no longer known\n";
  std::vector<std::string> changes = changed_files(*old_inputs, *new_inputs);
  const std::size_t count = changes.size();
  if (count > kMostFiles) {
    changes.resize(kMostFiles);
    changes.push_back(fmt::format("… and {} more files", count - kMostFiles));
  }
  const auto words = changed_words(*old_inputs, *new_inputs, run.run.config);
  changes.insert(changes.end(), words.begin(), words.end());
  if (old.run.seed_set != run.run.seed_set)
    changes.push_back(fmt::format("seed set was {}, is {}", old.run.seed_set, run.run.seed_set));
  if (old.run.number != run.run.number)
    changes.push_back(fmt::format("run number was {}, is {}", old.run.number, run.run.number));
  if (changes.empty())
    changes.emplace_back("the entries of its configuration (ini file or options of the command) have changed");
  std::string text =
      fmt::format("Since campaign {} of {}, what it can see has changed:\n", before.id, to_text(before.started));
  for (const std::string& change : changes) text += "  " + change + "\n";
  return text;
}

Result<std::string> explain_key(Ledger& ledger, const CampaignRecord& campaign, const PlannedRun& run) {
  SIMSWARM_TRY(const auto campaigns, ledger.campaigns());
  const auto now = std::find_if(campaigns.begin(), campaigns.end(),
                                [&](const CampaignRecord& one) { return one.id == campaign.id; });
  for (auto earlier = now; earlier != campaigns.end(); ++earlier) {
    const CampaignRecord& before = *earlier;
    if (before.id == campaign.id) continue;
    SIMSWARM_TRY(const auto runs, ledger.runs_of(before.id));
    const auto old =
        std::find_if(runs.begin(), runs.end(), [&](const PlannedRun& one) { return same_words(one.run, run.run); });
    if (old == runs.end()) continue;
    if (old->key == run.key) return fmt::format("What it can see has not changed since campaign {}.\n", before.id);
    return explain_difference(ledger, before, *old, campaign, run);
  }
  return std::string("No earlier campaign had this run.\n");
}

std::string list_attempts(const std::vector<Attempt>& attempts) {
  std::string text;
  for (const Attempt& attempt : attempts) {
    text += fmt::format("  attempt {} in campaign {}: {}{}\n", attempt.number, attempt.campaign,
                        to_text(attempt.verdict.outcome),
                        attempt.verdict.message.empty() ? "" : ": " + attempt.verdict.message);
  }
  return text;
}

// Older files lie in kept/, as they were found: one that is younger than the attempt that made it had been changed, one
// that is not among the others was gone. (What is equal to the new file is not kept.)
std::string why_not_believed(const Opened& opened, const view::RunStatus& run, const CampaignRecord& campaign,
                             const Attempt& before) {
  constexpr std::chrono::milliseconds kCoarseClock{50};
  const auto ended = std::chrono::nanoseconds((before.ended + kCoarseClock).time_since_epoch()).count();
  std::vector<std::string> changed;
  std::vector<std::string> gone;
  for (const ResultFile& file : run.files) {
    const fs::path kept = opened.state.kept(campaign.id) / replace_all(file.path, "../", "_up/");
    const auto identity = identify(kept);
    if (!identity) {
      gone.push_back(file.path);
    } else if (identity->mtime_ns > ended) {
      changed.push_back(fmt::format("{} (put aside as {})", file.path, kept.string()));
    }
  }
  if (!changed.empty()) return "its result had been changed: " + join(changed, ", ");
  if (!gone.empty() && gone.size() < run.files.size()) return "its result was gone: " + join(gone, ", ");
  return "its result was not in its place, or had been changed, when the campaign began";
}

// It was executed in this campaign, and before in another.
std::string why_again(const Opened& opened, const view::RunStatus& run, const CampaignRecord& campaign) {
  const Attempt* before = nullptr;
  for (const Attempt& attempt : run.attempts) {
    if (attempt.campaign == campaign.id) break;
    before = &attempt;
  }
  if (before == nullptr) return "no result was known for what it can see";
  if (is_complete(before->verdict.outcome)) return why_not_believed(opened, run, campaign, *before);
  return fmt::format("its last attempt before ended {}{}", to_text(before->verdict.outcome),
                     before->verdict.message.empty() ? "" : ": " + before->verdict.message);
}

// What has become of the result since.
std::string look_at_files(const Opened& opened, const view::RunStatus& run) {
  std::string text;
  for (const ResultFile& file : run.files) {
    const fs::path path = absolute_from(opened.working_folder, file.path);
    const auto identity = identify(path);
    if (identity && *identity == file.identity) continue;
    std::error_code ignored;
    if (fs::is_symlink(path, ignored)) continue;
    const auto digest = identity ? digest_of_file(path) : Result<Digest>();
    if (identity && digest && *digest == file.digest) continue;
    text += fmt::format("  {} {}: the same call runs it again.\n", file.path,
                        identity ? "has been changed since" : "is gone now");
  }
  return text;
}

std::string explain_attempts(const Opened& opened, const view::RunStatus& run, const CampaignRecord& campaign) {
  const std::string attempts = list_attempts(run.attempts) + look_at_files(opened, run);
  const auto here = [&](const Attempt& attempt) { return attempt.campaign == campaign.id; };
  if (std::any_of(run.attempts.begin(), run.attempts.end(), here)) {
    const bool again = run.attempts.front().campaign != campaign.id;
    return fmt::format("It was run{}: {}.\n{}", again ? " again" : "", why_again(opened, run, campaign), attempts);
  }
  if (run.has_result) return "It was not run again: its result was known and unchanged.\n" + attempts;
  if (run.attempts.empty()) return "It has not been run.\n";
  const Outcome last = run.attempts.back().verdict.outcome;
  if (last == Outcome::kModelError || last == Outcome::kFingerprintMismatch) {
    return "It was not run again: the same error would come again (--retry-failed tries it all the same).\n" + attempts;
  }
  return "It was not run in this campaign, which ended before.\n" + attempts;
}

}  // namespace

Result<ExitCode> explain(const ExplainArguments& arguments) {
  SIMSWARM_TRY(const Opened opened, open_ledger(arguments.look));
  SIMSWARM_TRY(const CampaignRecord campaign, find_campaign(*opened.ledger, arguments.look.campaign));
  SIMSWARM_TRY(const auto runs, view::select_runs(*opened.ledger, campaign.id, arguments.run));
  for (const view::RunStatus& run : runs) {
    print(fmt::format("{} ({}), key {}\n", long_name(run.planned.run), short_name(run.planned.run),
                      run.planned.key.digest.hex().substr(0, 12)));
    print(explain_attempts(opened, run, campaign));
    SIMSWARM_TRY(const std::string key, explain_key(*opened.ledger, campaign, run.planned));
    print(key);
  }
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
