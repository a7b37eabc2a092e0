#include "worker/studies.h"

#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "base/text.h"
#include "plan/inputs.h"
#include "worker/ended_run.h"

namespace simswarm::worker {
namespace {

constexpr std::uint64_t kMostKeys = 512ULL << 20U;  // bytes: 16 million runs

std::string owner_of(const OpenStudy& study, const GroundOptions& options) {
  return fmt::format("{}-{}", options.owner, study.id);
}

class Opener {
 public:
  Opener(OpenStudy& study, const GroundOptions& options, const std::string& campaign)
      : study_(study), options_(options), campaign_(campaign), state_{study.spec.folder / ".simswarm"} {}

  Status open() {
    if (study_.spec.same_cpu) SIMSWARM_CHECK(check_cpu());
    if (study_.spec.stored) SIMSWARM_CHECK(fetch(*study_.spec.stored));
    const fs::path& folder = study_.spec.folder;
    std::error_code error;
    if (!fs::is_directory(folder, error))
      return environment_error("there is no folder {} on this machine", folder.string());
    layer_.project = study_.artifact ? study_.artifact->tree() : plan::project_of(folder);
    SIMSWARM_CHECK(make_runs());
    if (!study_.dialect->inseparable().empty()) {
      return usage_error(
          "its runs append to one file and count only together; give each a file of its own "
          "(--distinct-names)");
    }
    SIMSWARM_CHECK(make_scratch());
    if (study_.spec.stored) SIMSWARM_CHECK(check_stored(*study_.spec.stored));
    SIMSWARM_CHECK(make_layer());
    study_.ground.layer = layer_;
    study_.ground.limits = study_.limits;
    study_.ground.stages = study_.scratch / "stages";
    study_.ground.private_network = options_.network == exec::Network::kPrivate;
    study_.ground.unix_sockets_only = options_.network == exec::Network::kSockets;
    study_.ground.environment = placed(study_.spec.brought, layer_.project);
    study_.batching = Batching(options_.slots, options_.owner);
    return {};
  }

 private:
  // Whoever opens a campaign first decides which processors it keeps to.
  Status check_cpu() {
    if (campaign_.empty()) return usage_error("--same-cpu: only campaigns keep to one kind of processor");
    if (options_.source.store == nullptr)
      return environment_error("its campaign keeps to one kind of processor, and this worker has no store (--store)");
    SIMSWARM_TRY(const std::string chosen, options_.source.store->choose_cpu(campaign_, options_.cpu));
    if (chosen == options_.cpu) return {};
    options_.on_other_cpu(campaign_, chosen);
    return propagate(
        {ExitCode::kEnvironment,
         fmt::format("campaign {} keeps to «{}» (--same-cpu), and this is «{}»", campaign_, chosen, options_.cpu),
         true});
  }

  // What the runs see, and their keys.
  Status fetch(const StoredStudy& stored) {
    if (options_.source.store == nullptr)
      return environment_error("what its runs see lies in a store, and this worker has none (--store)");
    SIMSWARM_TRY(study_.artifact, options_.source.cache->hold(stored.artifact, *options_.source.store));
    TextSink keys(kMostKeys);
    SIMSWARM_TRY(const store::Fetched fetched, options_.source.store->fetch(stored.plan, keys));
    if (fetched.state != store::Fetched::State::kWhole)
      return environment_error("the keys of its runs cannot be had: {}", fetched.trouble);
    study_.keys = keys.take();
    study_.spec.folder = (study_.artifact->tree() / study_.spec.folder).lexically_normal();
    if (auto* asked = std::get_if<CmdenvRequest>(&study_.spec.kind)) {
      asked->working_folder = study_.spec.folder;
      asked->top = study_.artifact->tree();
      if (exec::can_be_seen_at(study_.spec.seen_at, asked->top)) asked->seen_at = study_.spec.seen_at;
    }
    state_.root = options_.source.work;
    return {};
  }

  // Keys stand for all that runs see: what is not in the artifact must be the same here.
  Status check_stored(const StoredStudy& stored) {
    if (study_.keys.size() != study_.runs.size() * sizeof(DigestBytes)) {
      return environment_error("its program tells {} runs here, and {} where it was planned", study_.runs.size(),
                               study_.keys.size() / sizeof(DigestBytes));
    }
    plan::InputRequest request;
    request.project = layer_.project;
    request.working_folder = study_.spec.folder;
    request.sources = study_.dialect->key_sources();
    const Run first = study_.runs[0];
    SIMSWARM_TRY(request.program,
                 exec::find_program(study_.dialect->command_line({&first, 1}).front(), study_.spec.folder));
    if (layer_.run_as) request.run_as = {layer_.run_as->uid, layer_.run_as->gid};
    request.environment = placed(study_.spec.brought, layer_.project);
    request.scratch = state_.scratch(owner_of(study_, options_)) / "probe";
    SIMSWARM_CHECK(make_folders(request.scratch));
    SIMSWARM_TRY(const std::vector<fs::path> objects, plan::loaded_objects(request));
    std::map<std::string, Digest> wanted;  // where libraries lie may differ
    for (const auto& [path, digest] : stored.objects) wanted[fs::path(path).filename()] = digest;
    for (const fs::path& object : objects) {
      if (lies_in(layer_.project, object)) continue;
      const auto known = wanted.find(object.filename());
      if (known == wanted.end())
        return environment_error("its program loads {} here, and did not where it was planned", object.string());
      SIMSWARM_TRY(const Digest digest, digest_of_file(object));
      if (digest != known->second)
        return environment_error("{} is another one here than where the campaign was planned: its results might differ",
                                 object.string());
    }
    return {};
  }

  // A program that tells its runs itself is asked by their user; any other is known from the first of them.
  Status make_runs() {
    const auto* asked = std::get_if<CmdenvRequest>(&study_.spec.kind);
    std::optional<std::pair<unsigned, unsigned>> run_as;
    if (asked != nullptr) {
      SIMSWARM_CHECK(choose_user(asked->words.front()));
      if (layer_.run_as) run_as = {layer_.run_as->uid, layer_.run_as->gid};
    }
    SIMSWARM_TRY(study_.dialect, make_dialect(study_.spec, run_as));
    SIMSWARM_TRY(study_.runs, study_.dialect->list_runs());
    if (asked != nullptr) return {};
    const Run first = study_.runs[0];
    return choose_user(study_.dialect->command_line({&first, 1}).front());
  }

  Status choose_user(const std::string& program) {
    static std::mutex one_at_a_time;  // the system's list of users has one answer
    const std::lock_guard guard(one_at_a_time);
    SIMSWARM_TRY(layer_.run_as, exec::choose_user(layer_.project, study_.spec.folder, program, options_.run_as));
    if (layer_.run_as || ::geteuid() != 0 || options_.network == exec::Network::kOpen) return {};
    return environment_error(
        "its runs are kept from the network (--network={}), and root could undo that: no other user can reach {}; "
        "name one with --run-as",
        exec::to_text(options_.network), study_.spec.folder.string());
  }

  Status make_scratch() {
    SIMSWARM_CHECK(make_folders(state_.root));
    const fs::path ignore = state_.root / ".gitignore";
    if (!fs::exists(ignore)) SIMSWARM_CHECK(write_file(ignore, "*\n"));
    const std::string owner = owner_of(study_, options_);
    study_.scratch = state_.scratch(owner);
    SIMSWARM_TRY(study_.sign, exec::SignOfLife::show(state_, owner));
    SIMSWARM_CHECK(exec::sweep_scratch(state_, {}, "worker-"));
    return make_folders(study_.scratch);
  }

  Status make_layer() {
    const fs::path& folder = study_.spec.folder;
    layer_.working_folder = folder;
    for (const std::string& path : study_.dialect->result_folders())
      layer_.result_folders.push_back(absolute_from(folder, path));
    layer_.left_out = {state_.root};
    if (study_.spec.stored && exec::can_be_seen_at(study_.spec.seen_at, layer_.project))
      layer_.seen_at = study_.spec.seen_at;
    layer_.veil = exec::veil_of(owner_of(study_, options_), layer_.project);
    layer_.kind = exec::layer_named(options_.layer, layer_, study_.scratch / "probe");
    study_.place.folder = folder;
    study_.place.kept = state_.kept(options_.owner);
    study_.place.owner = exec::owner_of_results(layer_);
    study_.place.roots = exec::roots_of(layer_);
    return {};
  }

  OpenStudy& study_;
  const GroundOptions& options_;
  const std::string& campaign_;
  exec::StateFolder state_;
  exec::LayerSpec layer_;
};

}  // namespace

RunKey OpenStudy::key_of(std::size_t position) const {
  DigestBytes bytes{};
  if ((position + 1) * bytes.size() > keys.size()) return {};
  std::copy_n(keys.begin() + static_cast<std::ptrdiff_t>(position * bytes.size()), bytes.size(), bytes.begin());
  return {Digest::of_bytes(bytes)};
}

std::string OpenStudy::difference_to(const Finished& trial) const {
  for (std::size_t i = 0; i < trial.batch.runs.size(); ++i) {
    const std::size_t position = trial.batch.runs[i];
    const auto sample = samples.find(position);
    std::string difference =
        trial_difference(*dialect, runs[position], trial.judgements[i], trial.ended.evidence,
                         sample == samples.end() ? std::vector<ResultFile>() : sample->second, sample_folder(position));
    if (!difference.empty()) return difference;
  }
  return {};
}

fs::path OpenStudy::sample_folder(std::size_t position) const {
  return spec.stored ? scratch / "samples" / std::to_string(position) / "work" : spec.folder;
}

Result<std::unique_ptr<OpenStudy>> open_study(const StudyRequest& request, const GroundOptions& options) {
  auto study = std::make_unique<OpenStudy>();
  study->id = request.id;
  study->campaign = request.campaign;
  SIMSWARM_TRY(study->spec, parse_study(request.spec));
  exec::Limits& limits = study->limits;
  limits = study->spec.limits;
  limits.patience = options.limits.patience;
  if (!limits.timeout) limits.timeout = options.limits.timeout;
  if (!limits.memory) limits.memory = options.limits.memory;
  if (!limits.output) limits.output = options.limits.output;
  if (request.timeout.count() > 0) {
    const auto seconds = static_cast<double>(request.timeout.count());
    limits.timeout = std::min(limits.timeout.value_or(seconds), seconds);
  }
  if (!study->spec.stall) study->spec.stall = options.stall;
  if (Status opened = Opener(*study, options, request.campaign).open(); !opened) {
    close_study(*study, options);
    return propagate(opened.error());
  }
  return study;
}

void begin_study(OpenStudy& study, const GroundOptions& options) {
  study.ground.inside = options.keeper->inside();
  study.ground.keeper = options.keeper->pid();
  study.executor = exec::make_executor(std::move(study.ground));
}

void close_study(OpenStudy& study, const GroundOptions& options) {
  study.executor.reset();
  if (!study.scratch.empty()) (void)remove_tree(study.scratch);
  const fs::path veil = exec::veil_of(owner_of(study, options), {});
  if (!veil.empty()) (void)remove_tree(veil);
  study.sign.reset();
}

}  // namespace simswarm::worker
