#include "campaign/ground.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

namespace simswarm::campaign {
namespace {

std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof(set), &set) == 0 ? static_cast<std::size_t>(CPU_COUNT(&set)) : 1;
}

class Maker {
 public:
  Maker(const Options& options, const Dialect& dialect, const Plan& plan)
      : options_(options), dialect_(dialect), plan_(plan) {}

  Result<Ground> make() {
    const fs::path scratch = options_.state.scratch(plan_.campaign);
    SIMSWARM_CHECK(make_folders(scratch));
    SIMSWARM_CHECK(make_layer(scratch));
    SIMSWARM_CHECK(start_keeper());
    exec::ExecutorSpec spec;
    spec.layer = ground_.layer;
    spec.limits = options_.limits;
    spec.stages = scratch / "stages";
    spec.inside = ground_.keeper->inside();
    spec.keeper = ground_.keeper->pid();
    spec.companion = options_.companion;
    SIMSWARM_CHECK(share_cores(spec));
    share_network(spec);
    ground_.executor = exec::make_executor(std::move(spec));
    return std::move(ground_);
  }

 private:
  Status make_layer(const fs::path& scratch) {
    exec::LayerSpec& layer = ground_.layer;
    layer.project = plan_.project;
    layer.working_folder = options_.working_folder;
    for (const std::string& folder : dialect_.result_folders()) {
      layer.result_folders.push_back(absolute_from(options_.working_folder, folder));
    }
    layer.left_out = {options_.state.root};
    for (const std::string& path : plan_.hidden) layer.left_out.insert(absolute_from(options_.working_folder, path));
    layer.veil = veil_of(plan_.campaign, plan_.project);
    SIMSWARM_CHECK(choose_user());
    layer.kind = exec::layer_named(options_.layer, layer, scratch / "probe");
    if (options_.layer == "auto" && layer.kind == exec::LayerKind::kLinks) {
      ground_.notes.emplace_back(
          "no overlay can be mounted here: runs work in a mirror of links; a run that writes to absolute paths of the "
          "project is not held back");
    }
    return {};
  }

  Status choose_user() {
    const fs::path& folder = options_.working_folder;
    const Run first = plan_.runs.run(0);
    const std::string program = dialect_.command_line({&first, 1}).front();
    auto& run_as = ground_.layer.run_as;
    SIMSWARM_TRY(run_as, exec::choose_user(plan_.project, folder, program, options_.run_as));
    if (run_as || ::geteuid() != 0) return {};
    SIMSWARM_TRY(const fs::path path, exec::find_program(program, folder));
    ground_.notes.push_back(
        fmt::format("simulations run as root: no other user can reach {} and {}; --run-as USER names one",
                    folder.string(), path.string()));
    return {};
  }

  Status start_keeper() {
    const bool users = ground_.layer.kind == exec::LayerKind::kOverlay && ::geteuid() != 0;
    SIMSWARM_TRY(ground_.keeper,
                 exec::Keeper::start({plan_.campaign, mark_of(plan_.campaign) + ".", options_.containment, users}));
    if (ground_.keeper->containment() == exec::Containment::kGuardian && !options_.containment) {
      ground_.notes.emplace_back(
          "neither cgroups nor process-id namespaces can be used here: should simswarm be killed, processes that left "
          "both the session and the environment of their run go on");
    }
    return {};
  }

  Status share_cores(exec::ExecutorSpec& spec) {
    ground_.jobs = options_.jobs;
    const std::size_t cores = usable_cores();
    const std::size_t each = options_.cores_per_run.value_or(1);
    if (each > cores) return usage_error("--cores-per-run={}: this machine lets us use {}", each, cores);
    const std::size_t fit = cores / each;
    const bool own = dialect_.wants_own_cores();
    if (!options_.cores_per_run && !own) return {};
    spec.cores = each;
    if (ground_.jobs <= fit) return {};
    ground_.notes.push_back(fmt::format("{} at once: each has {} of {} cores{}",
                                        fit == 1 ? "one run" : std::to_string(fit) + " runs", each, cores,
                                        own ? ", because they keep pace with real time" : ""));
    ground_.jobs = fit;
    return {};
  }

  // Companions listen on ports: in a network of each run's own these never clash; else one runs after the other.
  void share_network(exec::ExecutorSpec& spec) {
    if (!options_.companion) return;
    spec.private_network = exec::open_network(spec.inside.users).has_value();
    if (spec.private_network || ground_.jobs == 1) return;
    ground_.notes.emplace_back(
        "one run at a time: no private networks can be made here, and the ports of their companions would clash");
    ground_.jobs = 1;
  }

  const Options& options_;
  const Dialect& dialect_;
  const Plan& plan_;
  Ground ground_;
};

}  // namespace

Result<Ground> make_ground(const Options& options, const Dialect& dialect, const Plan& plan) {
  return Maker(options, dialect, plan).make();
}

}  // namespace simswarm::campaign
