#include "cli/setup.h"

#include <pwd.h>

#include <iostream>
#include <thread>

#include "base/text.h"
#include "cli/interrupts.h"
#include "cli/screen.h"

namespace simswarm::cli {
namespace {

Result<campaign::Existing> existing_from(const std::string& word, const CampaignSettings& settings) {
  if (word == "keep") return campaign::Existing::kKeep;
  if (word == "refuse") return campaign::Existing::kRefuse;
  if (word == "replace") return campaign::Existing::kReplace;
  if (!word.empty()) return usage_error("--existing={}: expected keep, refuse or replace", word);
  switch (settings.existing.value_or(ExistingFiles::kKeep)) {
    case ExistingFiles::kRefuse:
      return campaign::Existing::kRefuse;
    case ExistingFiles::kReplace:
      return campaign::Existing::kReplace;
    default:
      return campaign::Existing::kKeep;
  }
}

Result<std::string> layer_from(const std::string& word, const CampaignSettings& settings) {
  if (!word.empty()) return cli::layer_from(word);
  switch (settings.layer.value_or(LayerChoice::kAuto)) {
    case LayerChoice::kOverlay:
      return "overlay";
    case LayerChoice::kLinks:
      return "links";
    default:
      return "auto";
  }
}

}  // namespace

Status duration_from(const char* option, const std::string& word, std::optional<double>& seconds) {
  if (word.empty()) return {};
  seconds = parse_duration(word);
  if (seconds && *seconds > 0) return {};
  return usage_error("{}={}: expected a duration, like 90, 15m or 1.5h", option, word);
}

Status size_from(const char* option, const std::string& word, std::optional<std::uint64_t>& bytes) {
  if (word.empty()) return {};
  bytes = parse_bytes(word);
  if (bytes && *bytes > 0) return {};
  return usage_error("{}={}: expected a size, like 512M or 4GiB", option, word);
}

Result<std::string> layer_from(const std::string& word) {
  if (word.empty()) return "auto";
  if (word == "auto" || word == "overlay" || word == "links") return word;
  return usage_error("--layer={}: expected auto, overlay or links", word);
}

Result<std::optional<exec::Containment>> containment_from(const std::string& word) {
  const auto containment = exec::containment_from(word);
  if (containment || word.empty() || word == "auto") return containment;
  return usage_error("--containment={}: expected auto, cgroup, pid-namespace or guardian", word);
}

Status limits_from(const RunArguments& arguments, exec::Limits& limits, std::optional<double>& stall) {
  SIMSWARM_CHECK(duration_from("--timeout", arguments.timeout, limits.timeout));
  SIMSWARM_CHECK(size_from("--memory", arguments.memory, limits.memory));
  SIMSWARM_CHECK(size_from("--max-output", arguments.max_output, limits.output));
  return duration_from("--stall", arguments.stall, stall);
}

Status limits_from(const CampaignArguments& arguments, const CampaignSettings& settings, exec::Limits& limits,
                   std::optional<double>& stall) {
  limits.timeout = settings.timeout_seconds;
  limits.memory = settings.memory_bytes;
  limits.output = settings.max_output_bytes;
  stall = settings.stall_seconds;
  return limits_from(arguments.run, limits, stall);
}

namespace {

Status companion_from(const CampaignSettings& settings, campaign::Options& options) {
  if (settings.companion.command.empty()) return {};
  if (options.batch_size.value_or(1) > 1)
    return usage_error("--batchsize={}: with a companion each run has a process of its own", *options.batch_size);
  options.companion = exec::CompanionSpec{settings.companion.command, settings.companion.port.value_or(0),
                                          settings.companion.ready_seconds.value_or(30)};
  return {};
}

Status check_counts(const CampaignArguments& arguments) {
  if (arguments.jobs && *arguments.jobs < 1) return usage_error("--jobs={}: at least one run at once", *arguments.jobs);
  if (arguments.batch_size && *arguments.batch_size < 1)
    return usage_error("--batchsize={}: at least one run a process", *arguments.batch_size);
  if (arguments.cores_per_run && *arguments.cores_per_run < 1)
    return usage_error("--cores-per-run={}: at least one core", *arguments.cores_per_run);
  if (arguments.retries && *arguments.retries < 0) return usage_error("--retries={}: 0 or more", *arguments.retries);
  if (arguments.max_failures && *arguments.max_failures < 1)
    return usage_error("--max-failures={}: 1 or more", *arguments.max_failures);
  return {};
}

std::string default_name(const fs::path& folder) {
  return folder.filename().string();
}

}  // namespace

Result<fs::path> working_folder() {
  std::error_code error;
  fs::path folder = fs::current_path(error);
  if (error) return environment_error("the working folder is not there any more: {}", error.message());
  return folder;
}

campaign::StateFolder state_folder(const std::string& state, const fs::path& working_folder) {
  return {absolute_from(working_folder, state.empty() ? ".simswarm" : state)};
}

Result<Settings> settings_of(const std::string& file, const fs::path& working_folder) {
  if (!file.empty()) return read_settings(file);
  const fs::path found = working_folder / "simswarm.toml";
  return fs::exists(found) ? read_settings(found) : Settings{};
}

Result<campaign::Options> campaign_options(const CampaignArguments& arguments, const CampaignSettings& settings,
                                           const fs::path& working_folder) {
  constexpr int kRetries = 2;
  SIMSWARM_CHECK(check_counts(arguments));
  campaign::Options options;
  options.name = arguments.name.empty() ? default_name(working_folder) : arguments.name;
  options.command = arguments.words;
  options.working_folder = working_folder;
  options.state = state_folder(arguments.state, working_folder);
  options.version = SIMSWARM_VERSION;
  const auto cores_each = arguments.cores_per_run ? arguments.cores_per_run : settings.cores_per_run;
  if (cores_each) options.cores_per_run = static_cast<std::size_t>(*cores_each);
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / cores_each.value_or(1));
  options.jobs = static_cast<std::size_t>(arguments.jobs.value_or(settings.jobs.value_or(cores)));
  if (arguments.batch_size) options.batch_size = static_cast<std::size_t>(*arguments.batch_size);
  SIMSWARM_CHECK(limits_from(arguments, settings, options.limits, options.stall));
  options.least_free = settings.min_free_bytes;
  SIMSWARM_CHECK(size_from("--min-free", arguments.min_free, options.least_free));
  SIMSWARM_CHECK(companion_from(settings, options));
  options.retries = arguments.retries.value_or(settings.retries.value_or(kRetries));
  if (const auto most = arguments.max_failures ? arguments.max_failures : settings.max_failures) {
    options.max_failures = static_cast<std::size_t>(*most);
  }
  options.retry_failed = arguments.retry_failed;
  options.verify = arguments.verify;
  SIMSWARM_TRY(options.existing, existing_from(arguments.existing, settings));
  SIMSWARM_TRY(options.layer, layer_from(arguments.run.layer, settings));
  const auto or_setting = [](const std::string& word, const std::optional<std::string>& setting) {
    return word.empty() ? setting.value_or("") : word;
  };
  SIMSWARM_TRY(options.containment, containment_from(or_setting(arguments.run.containment, settings.containment)));
  options.run_as = or_setting(arguments.run.run_as, settings.run_as);
  if (!options.run_as.empty() && ::getpwnam(options.run_as.c_str()) == nullptr)
    return usage_error("--run-as {}: there is no such user", options.run_as);
  options.inputs = arguments.inputs.empty() ? settings.inputs : arguments.inputs;
  options.grace = arguments.grace;
  return options;
}

namespace {

// How messages call simswarm for this folder.
ScreenOptions screen_options(const CampaignArguments& arguments, const campaign::Options& options) {
  ScreenOptions screen{arguments.json, arguments.quiet, arguments.verbose, "simswarm", "", options.state.root};
  if (!arguments.directory.empty()) screen.command += " -C " + shell_quoted(arguments.directory);
  if (!arguments.state.empty()) screen.state = " --state " + shell_quoted(arguments.state);
  return screen;
}

// Passes everything on; what comes before the plan is told is not worth an orderly end.
class AfterPlanning final : public campaign::Observer {
 public:
  explicit AfterPlanning(campaign::Observer& screen) : screen_(screen) {}

  void planned(const campaign::Plan& plan) override {
    planning_is_over();
    screen_.planned(plan);
  }
  void started(const campaign::Planned& run, int attempt) override { screen_.started(run, attempt); }
  void ended(const campaign::Planned& run, const Attempt& attempt, bool will_retry,
             const campaign::Tally& tally) override {
    screen_.ended(run, attempt, will_retry, tally);
  }
  void progress(const std::vector<worker::RunningView>& running, const campaign::Plan& plan,
                const campaign::Tally& tally) override {
    screen_.progress(running, plan, tally);
  }
  void note(const std::string& text) override { screen_.note(text); }
  void building(const campaign::BuildView& view) override {
    planning_is_over();  // who leaves now is told what goes on
    screen_.building(view);
  }
  void build_output(std::string_view piece) override { screen_.build_output(piece); }
  void built(const campaign::BuildAnswer& answer) override { screen_.built(answer); }
  void finished(const campaign::Plan& plan, const campaign::Summary& summary) override {
    screen_.finished(plan, summary);
  }

 private:
  campaign::Observer& screen_;
};

}  // namespace

Result<ExitCode> carry_out(const CampaignArguments& arguments, campaign::Options options, Dialect& dialect,
                           const campaign::RemoteOptions* remote) {
  if (arguments.dry_run) {
    SIMSWARM_TRY(const auto ledger, Ledger::open(options.state.root));
    SIMSWARM_TRY(const campaign::Plan plan, campaign::make_plan(options, dialect, *ledger, true));
    print(arguments.json ? plan_json(plan) : plan_table(plan));
    return ExitCode::kOk;
  }
  return observed(arguments, std::move(options),
                  [&](const campaign::Options& whole, campaign::Observer& observer) -> Result<campaign::Summary> {
                    return remote != nullptr ? campaign::run_remote(whole, *remote, dialect, observer)
                                             : campaign::run_campaign(whole, dialect, observer);
                  });
}

Result<ExitCode> observed(const CampaignArguments& arguments, campaign::Options options, const Work& work) {
  const Interrupts interrupts = catch_interrupts(arguments.json);
  options.interrupts = interrupts.count;
  options.interrupt_descriptor = interrupts.descriptor;
  const auto screen = make_screen(screen_options(arguments, options));
  AfterPlanning observer(*screen);
  SIMSWARM_TRY(const campaign::Summary summary, work(options, observer));
  if (summary.state == "cancelled") return ExitCode::kInterrupted;
  if (summary.state == "detached") return ExitCode::kOk;
  return summary.complete == summary.total ? ExitCode::kOk : ExitCode::kSomeRunsIncomplete;
}

Result<CampaignRecord> find_campaign(Ledger& ledger, const std::string& wanted) {
  SIMSWARM_TRY(const auto campaigns, ledger.campaigns());
  std::vector<std::string> names;
  for (const CampaignRecord& campaign : campaigns) {
    if (wanted.empty() || campaign.id.starts_with(wanted) || campaign.name == wanted) {
      SIMSWARM_TRY(const std::size_t noted, ledger.noted_runs(campaign.id));
      if (noted < campaign.planned) {
        std::cerr << fmt::format("note: {} of the {} runs of campaign {} are written down so far\n", noted,
                                 campaign.planned, campaign.name);
      }
      return campaign;
    }
    names.push_back(campaign.name);
  }
  if (campaigns.empty()) return usage_error("no campaign has been run in this folder");
  const auto near = near_misses(wanted, names);
  return usage_error("there is no campaign «{}» here{}", wanted,
                     near.empty() ? "" : "; did you mean " + near.front() + "?");
}

Result<Opened> open_ledger(const LookArguments& arguments) {
  Opened opened;
  SIMSWARM_TRY(opened.working_folder, working_folder());
  opened.state = state_folder(arguments.state, opened.working_folder);
  if (!fs::exists(opened.state.root / "ledger.sqlite")) {
    return usage_error("no campaign has been run in {} (there is no {}); -C DIR names another folder",
                       opened.working_folder.string(), opened.state.root.string());
  }
  SIMSWARM_TRY(opened.ledger, Ledger::open(opened.state.root));
  return opened;
}

}  // namespace simswarm::cli
