// Before the first run: the runs, their keys, and what is known of each.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "campaign/campaign.h"
#include "campaign/foretold.h"
#include "campaign/trial.h"
#include "exec/place.h"
#include "worker/batching.h"

namespace simswarm::campaign {
namespace {

// Digests of input files, remembered in the ledger by identity.
class Digests {
 public:
  explicit Digests(Ledger& ledger) : ledger_(ledger) {}

  Result<Digest> of(const fs::path& path) {
    SIMSWARM_TRY(const FileIdentity identity, identify(path));
    SIMSWARM_TRY(const auto known, ledger_.known_digest(identity));
    watched_.push_back({path, identity});
    if (known) return *known;
    SIMSWARM_TRY(const Digest digest, digest_of_file(path));
    fresh_.emplace_back(identity, digest);
    return digest;
  }

  Status remember() { return ledger_.remember_digests(fresh_); }
  std::vector<WatchedInput> watched() { return std::move(watched_); }

 private:
  Ledger& ledger_;
  std::vector<std::pair<FileIdentity, Digest>> fresh_;
  std::vector<WatchedInput> watched_;
};

// What a known result turned out to be when its files were looked at.
struct Check {
  bool good = false;
  std::string trouble;
};

class Planner {
 public:
  Planner(const Options& options, Dialect& dialect, Ledger& ledger)
      : options_(options), dialect_(dialect), ledger_(ledger) {}

  Result<Plan> plan() {
    SIMSWARM_TRY(words_, dialect_.list_runs());
    plan_.notes = dialect_.remarks();
    plan_.project = options_.project.empty() ? plan::project_of(options_.working_folder) : options_.project;
    SIMSWARM_CHECK(options_.foretold == nullptr ? find_inputs() : take_foretold(*options_.foretold));
    SIMSWARM_CHECK(refuse_equal_keys());
    SIMSWARM_CHECK(decide_all());
    keep_together();
    SIMSWARM_CHECK(check_targets());
    make_jobs();
    return std::move(plan_);
  }

 private:
  Status find_inputs() {
    SIMSWARM_TRY(plan::Inputs inputs, gather());
    plan_.inputs.files = std::move(inputs.files);
    plan_.objects = std::move(inputs.objects);
    make_keys(inputs.parts);
    return {};
  }

  Status take_foretold(const Foretold& foretold) {
    plan_.inputs = foretold.inputs;
    plan_.runs.reserve(words_.size());
    for (std::size_t i = 0; i < words_.size(); ++i)
      plan_.runs.push_back(
          {words_[i], {Digest::of_bytes(foretold.keys.at(i))}, Decision::kRun, std::string(kNew), {}, 0});
    words_ = {};
    return {};
  }

  // What all runs see is digested once.
  void make_keys(const std::vector<KeyPart>& common) {
    const KeyMaker maker(common);
    std::vector<KeyPart> companion = options_.more_parts;
    if (options_.companion) companion.push_back({"companion", companion_words()});
    plan_.runs.reserve(words_.size());
    for (Run run : words_) {
      std::vector<KeyPart> own = dialect_.key_parts(run);
      own.insert(own.end(), companion.begin(), companion.end());
      if (!plan_.inputs.parts.contains(run.config)) {
        std::vector<KeyPart>& parts = plan_.inputs.parts[run.config];
        parts = common;
        parts.insert(parts.end(), own.begin(), own.end());
      }
      RunKey key = maker.key_of(own);
      plan_.runs.push_back({std::move(run), std::move(key), Decision::kRun, std::string(kNew), {}, 0});
    }
    words_ = {};  // the plan has them
  }

  Result<plan::Inputs> gather() {
    plan::InputRequest request;
    request.project = plan_.project;
    request.working_folder = options_.working_folder;
    request.sources = dialect_.key_sources();
    const Run first = words_.front();
    const std::vector<std::string> command = dialect_.command_line({&first, 1});
    SIMSWARM_TRY(request.program, exec::find_program(command.front(), options_.working_folder));
    request.program = request.program.lexically_normal();
    for (const std::string& folder : dialect_.result_folders()) {
      request.left_out.push_back(absolute_from(options_.working_folder, folder));
    }
    request.left_out.push_back(options_.state.root);
    request.patterns = options_.inputs;
    request.environment = placed(options_.brought, plan_.project);
    request.listing = options_.listing;
    if (::geteuid() == 0) {
      const auto user =
          exec::unprivileged_user(plan_.project, options_.working_folder, request.program, options_.run_as);
      if (user) request.run_as = {user->uid, user->gid};
    }
    const std::string owner = "probe-" + make_ulid(system_clock().stamp());
    SIMSWARM_TRY(const SignOfLife life, SignOfLife::show(options_.state, owner));  // swept should it be cut off
    request.scratch = options_.state.scratch(owner);
    auto inputs = gather_beside_others(request);
    (void)remove_tree(request.scratch);
    return inputs;
  }

  // Another simswarm may put results beside its result folders meanwhile: they are no inputs.
  Result<plan::Inputs> gather_beside_others(plan::InputRequest& request) {
    SIMSWARM_TRY(auto written, ledger_.written_paths());
    while (true) {
      request.written = {written.begin(), written.end()};
      Digests digests(ledger_);
      auto inputs = plan::gather_inputs(request, [&](const fs::path& path) { return digests.of(path); });
      SIMSWARM_TRY(auto now, ledger_.written_paths());
      const bool is_new = now.size() != written.size();
      written = std::move(now);
      if (is_new) continue;
      note_hidden(written, request.left_out);
      SIMSWARM_CHECK(digests.remember());
      plan_.watched = digests.watched();
      return inputs;
    }
  }

  // What runs have written beside their result folders must not be seen by the next ones: results would depend on
  // order.
  void note_hidden(const std::vector<std::string>& written, const std::vector<fs::path>& result_folders) {
    for (const std::string& path : written) {
      const fs::path whole = absolute_from(options_.working_folder, path);
      const auto in = [&](const fs::path& folder) { return lies_in(folder, whole); };
      if (std::none_of(result_folders.begin(), result_folders.end(), in)) plan_.hidden.push_back(path);
    }
  }

  // A run sees what the program beside it says.
  std::string companion_words() {
    const auto program = exec::find_program(options_.companion->argv.front(), options_.working_folder);
    const auto digest = program ? digest_of_file(*program) : Result<Digest>(Digest());
    return fmt::format("{} {} {}", shell_line(options_.companion->argv), options_.companion->port,
                       digest ? digest->hex() : "");
  }

  // Two runs with one key are one run to us: their results would be counted once.
  Status refuse_equal_keys() {
    const auto equal = plan_.runs.equal_keys();
    if (!equal) return {};
    return usage_error(
        "{} and {} are the same run (same configuration, values, repetition, seed set and number): leave one out",
        short_name(plan_.runs.run(equal->first)), short_name(plan_.runs.run(equal->second)));
  }

  Status decide_all() {
    SIMSWARM_TRY(plan_.ledger_version, ledger_.data_version());
    for (const auto& [config, parts] : plan_.inputs.parts) {
      SIMSWARM_TRY(const auto memo, ledger_.recall(batch_memo_name(parts)));
      if (memo && memo->starts_with(worker::Batching::kUnconfirmedMemo))
        unconfirmed_.emplace(config, memo->substr(worker::Batching::kUnconfirmedMemo.size()));
    }
    SIMSWARM_TRY(const bool nothing_is_known, ledger_.is_new());
    if (nothing_is_known) return {};
    SIMSWARM_CHECK(ledger_.begin_reading());
    Status decided;
    for (std::size_t i = 0; decided && i < plan_.runs.size(); ++i) {
      Planned run = plan_.runs[i];
      decided = decide(run);
      if (decided) plan_.runs.set(i, run);
    }
    SIMSWARM_CHECK(ledger_.end_reading());
    if (!decided) return decided;
    for (const auto& [key, files] : moved_) SIMSWARM_CHECK(ledger_.update_files(key, files));
    return {};
  }

  Status decide(Planned& run) {
    SIMSWARM_TRY(const auto known, ledger_.result_of(run.key));
    if (known) {
      SIMSWARM_TRY(Check check, check_files(run, *known));
      if (check.good) {
        SIMSWARM_TRY(check, check_batch(run, *known));
      }
      if (check.good) {
        run.decision = Decision::kKnown;
        run.reason = fmt::format("complete since campaign {}", known->campaign);
        run.known = KnownAttempt{known->attempt, known->campaign, known->verdict};
        return {};
      }
      run.distrusted = known->attempt;
      run.reason = check.trouble;
      return {};
    }
    SIMSWARM_TRY(const auto attempts, ledger_.attempts_of(run.key));
    if (attempts.empty()) return {};
    run.known = KnownAttempt{attempts.back().number, attempts.back().campaign, attempts.back().verdict};
    const Verdict& verdict = attempts.back().verdict;
    const bool deterministic =
        verdict.outcome == Outcome::kModelError || verdict.outcome == Outcome::kFingerprintMismatch;
    if (deterministic && !options_.retry_failed) {
      run.decision = Decision::kKnownError;
      run.reason =
          fmt::format("the same {} would come again; --retry-failed tries it all the same", to_text(verdict.outcome));
    } else {
      run.reason = fmt::format("attempt {} ended {}", attempts.back().number, to_text(verdict.outcome));
    }
    return {};
  }

  // A campaign that was cut off before it had confirmed that runs may share a process leaves results that are in doubt.
  Result<Check> check_batch(const Planned& run, const ResultRecord& known) {
    const auto found = unconfirmed_.find(run.run.config);
    if (found == unconfirmed_.end() || found->second != known.campaign) return Check{true, {}};
    SIMSWARM_TRY(const auto attempts, ledger_.attempts_of(run.key));
    const auto is_it = [&](const Attempt& attempt) { return attempt.number == known.attempt; };
    const auto attempt = std::find_if(attempts.begin(), attempts.end(), is_it);
    if (attempt != attempts.end() && attempt->command == dialect_.command_line({&run.run, 1})) return Check{true, {}};
    return Check{false, "it shared its process, and its campaign was cut off before that was found to change nothing"};
  }

  // Present and unchanged by identity; read again where that differs, or when asked to.
  Result<Check> check_files(const Planned& run, const ResultRecord& known) {
    std::vector<ResultFile> files = known.files;
    bool moved = false;
    for (ResultFile& file : files) {
      const fs::path path = absolute_from(options_.working_folder, file.path);
      const auto identity = identify_itself(path);
      if (!identity) return Check{false, fmt::format("its result {} is gone", file.path)};
      if (*identity == file.identity && !options_.verify) continue;
      SIMSWARM_TRY(const ResultFile now, exec::describe(file.path, path));
      if (now.digest != file.digest) return Check{false, fmt::format("its result {} has been changed", file.path)};
      file.identity = *identity;
      moved = true;
    }
    if (moved) moved_.emplace_back(run.key, std::move(files));
    return in_expected_place(run, known);
  }

  // The folder of results is no part of the key; a result in another folder does not serve this campaign. It is told by
  // the names that are expected; a run that never writes those, by where its own files lie.
  Check in_expected_place(const Planned& run, const ResultRecord& known) const {
    const std::vector<std::string> expected = dialect_.expected_files(run.run);
    if (known.files.empty() || expected.empty()) return {true, {}};
    bool has_expected_name = false;
    bool at_home = true;
    for (const ResultFile& file : known.files) {
      const fs::path path(file.path);
      if (std::find(expected.begin(), expected.end(), file.path) != expected.end()) return {true, {}};
      const auto same_name = [&](const std::string& other) { return fs::path(other).filename() == path.filename(); };
      has_expected_name = has_expected_name || std::any_of(expected.begin(), expected.end(), same_name);
      at_home = at_home && (!path.has_parent_path() || lies_in_results(path));
    }
    if (at_home && !has_expected_name) return {true, {}};
    return {false, fmt::format("its results are elsewhere ({})", known.files.front().path)};
  }

  [[nodiscard]] bool lies_in_results(const fs::path& path) const {
    const fs::path whole = absolute_from(options_.working_folder, path);
    const std::vector<std::string> folders = dialect_.result_folders();
    return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
      return lies_in(absolute_from(options_.working_folder, folder), whole);
    });
  }

  // Runs that append to one file are known together or run together.
  void keep_together() {
    for (const auto& group : dialect_.inseparable()) {
      const auto runs = [&](std::size_t position) { return plan_.runs.decision(position) == Decision::kRun; };
      if (std::none_of(group.begin(), group.end(), runs)) continue;
      for (const std::size_t position : group) {
        if (runs(position)) continue;
        Planned run = plan_.runs[position];
        run.decision = Decision::kRun;
        run.reason = "shares a result file with a run that runs again";
        plan_.runs.set(position, run);
      }
    }
  }

  Status check_targets() {
    std::size_t foreign = 0;
    std::string first;
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
      if (plan_.runs.decision(i) != Decision::kRun) continue;
      for (const std::string& path : dialect_.expected_files(plan_.runs.run(i))) {
        const fs::path target = absolute_from(options_.working_folder, path);
        SIMSWARM_CHECK(exec::check_target(target));
        std::error_code closed;  // the commit will tell
        if (options_.existing != Existing::kRefuse || !fs::exists(target, closed)) continue;
        if (foreign++ == 0) first = path;
      }
    }
    if (foreign == 0) return {};
    return usage_error(
        "{} result file{} stand{} in the way, the first is {}: move them, or choose --existing=keep (they are put "
        "aside) or "
        "--existing=replace",
        foreign, foreign == 1 ? "" : "s", foreign == 1 ? "s" : "", first);
  }

  void make_jobs() {
    std::set<std::size_t> in_groups;
    for (const auto& group : dialect_.inseparable()) {
      in_groups.insert(group.begin(), group.end());
      if (plan_.runs.decision(group.front()) == Decision::kRun) plan_.jobs.add(Job{group, false});
    }
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
      if (plan_.runs.decision(i) == Decision::kRun && !in_groups.contains(i)) plan_.jobs.add(i);
    }
  }

  const Options& options_;
  Dialect& dialect_;
  Ledger& ledger_;
  Plan plan_;
  RunList words_;
  std::map<std::string, std::string> unconfirmed_;  // configuration: campaign whose shared processes are in doubt
  std::vector<std::pair<RunKey, std::vector<ResultFile>>> moved_;  // known results with other identities than noted
};

}  // namespace

Result<Plan> make_plan(const Options& options, Dialect& dialect, Ledger& ledger, bool dry) {
  RolledForward rolled_forward;
  if (!dry) {
    SIMSWARM_TRY(rolled_forward, roll_forward(ledger, options.state));
    SIMSWARM_CHECK(sweep_scratch(options.state, rolled_forward.needed));
    if (!rolled_forward.needed.empty()) {
      return environment_error(
          "finished results wait in {} and cannot be brought into place: {}; mend that and call again",
          options.state.root.string(), rolled_forward.trouble);
    }
  }
  SIMSWARM_TRY(Plan plan, Planner(options, dialect, ledger).plan());
  plan.rolled_forward = std::move(rolled_forward);
  SIMSWARM_TRY(const auto earlier, ledger.campaigns());
  const auto has_it = [&](const CampaignRecord& one) { return one.id == options.campaign; };
  if (!options.campaign.empty() && std::none_of(earlier.begin(), earlier.end(), has_it)) {
    plan.campaign = options.campaign;  // as it is called elsewhere
  } else {
    plan.campaign = make_ulid(system_clock().stamp(), earlier.empty() ? "" : earlier.front().id);
  }
  return plan;
}

}  // namespace simswarm::campaign
