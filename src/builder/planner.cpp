#include "builder/planner.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/text.h"
#include "campaign/artifact.h"
#include "campaign/expectation.h"
#include "campaign/standing.h"
#include "campaign/submission.h"

namespace simswarm::builder {
namespace {

using campaign::Foretold;

constexpr std::size_t kAtOnce = 1000;             // keys of a question
constexpr std::uint64_t kMostText = 1ULL << 30U;  // bytes of a listing or of keys

Result<std::string> text_of(const Digest& digest, store::Store& store) {
  TextSink sink(kMostText);
  SIMSWARM_TRY(const store::Fetched fetched, store.fetch(digest, sink));
  if (fetched.state != store::Fetched::State::kWhole)
    return environment_error("{} in the store: {}", digest.hex(), fetched.trouble);
  return sink.take();
}

class Planner {
 public:
  Planner(const campaign::BuildRequest& request, const BuildResult& built, const PlannerOptions& options,
          store::Store& store, jobs::JobQueue& queue, const Ears& ears)
      : request_(request), built_(built), options_(options), store_(store), queue_(queue), ears_(ears) {}

  Result<Queued> run() {
    tell("planning");
    SIMSWARM_CHECK(find_or_make_plan());
    queued_.runs = foretold_.runs.size();
    SIMSWARM_CHECK(make_campaign());
    SIMSWARM_TRY(const bool cancelled, store_.is_cancelled(request_.campaign));
    if (cancelled || ears_.cancelled())
      return tl::make_unexpected(Error{ExitCode::kInterrupted, "the campaign was cancelled", true});
    tell("queueing");
    SIMSWARM_TRY(const std::vector<std::size_t> missing, missing_runs());
    queued_.queued = missing.size();
    SIMSWARM_CHECK(store_.keep_campaign(campaign_));
    SIMSWARM_CHECK(queue_.describe({campaign_.queue}, {request_.name, request_.priority}));
    SIMSWARM_CHECK(campaign::submit(
        campaign_, in_order(missing), [this](std::size_t position) { return short_name(foretold_.runs[position]); },
        queue_));
    // Whoever cancelled it meanwhile has seen nothing of its runs.
    SIMSWARM_TRY(const bool too_late, store_.is_cancelled(request_.campaign));
    if (too_late) {
      SIMSWARM_TRY([[maybe_unused]] const campaign::EndedRuns ended, campaign::end_runs(campaign_, queue_));
    }
    return queued_;
  }

 private:
  void tell(const char* phase) {
    campaign::BuildView view;
    view.phase = phase;
    ears_.view(view);
  }

  [[nodiscard]] Digest plan_id() const {
    Hasher hasher;
    hasher.field("plan 1").field(built_.record.artifact.hex()).field(request_.study).field(request_.image);
    for (const std::string& name : request_.key_environment) hasher.field(name);
    hasher.field("inputs");
    for (const std::string& pattern : request_.inputs) hasher.field(pattern);
    hasher.field(request_.run_number_unused ? "unused" : "used");
    return hasher.finish();
  }

  Status find_or_make_plan() {
    const Digest id = plan_id();
    SIMSWARM_TRY(const auto known, store_.plan(id));
    if (known) {
      SIMSWARM_TRY(const auto reader, store_.open_blob(known->document));
      Result<Foretold> read = reader ? campaign::read_foretold(*reader) : Result<Foretold>(environment_error("gone"));
      SIMSWARM_TRY(const bool is_there, store_.has(known->document));
      if (read && is_there && libraries_are_the_same(*read)) {
        foretold_ = std::move(*read);
        document_ = known->document;
        queued_.plan_was_known = true;
        return {};
      }
      SIMSWARM_CHECK(store_.forget_plan(id));
    }
    SIMSWARM_CHECK(make_plan());
    SIMSWARM_TRY(document_, campaign::keep_foretold(foretold_, store_));
    return store_.note(store::PlanRecord{id, document_, foretold_.runs.size(), system_clock().stamp()});
  }

  // A plan holds for the libraries that it was made with: workers would refuse its runs with others.
  static bool libraries_are_the_same(const Foretold& foretold) {
    static std::mutex mutex;
    static std::map<std::string, std::pair<FileIdentity, std::string>> digests;
    const std::lock_guard guard(mutex);
    for (const auto& [path, hex] : foretold.objects) {
      const auto identity = identify(path);
      if (!identity) return false;
      auto& [known, digest] = digests[path];
      if (digest.empty() || known != *identity) {
        const auto now = digest_of_file(path);
        if (!now) return false;
        known = *identity;
        digest = now->hex();
      }
      if (digest != hex) return false;
    }
    return true;
  }

  // The program is asked in the artifact, as those see it who execute its runs.
  Status make_plan() {
    SIMSWARM_TRY(const auto held, options_.cache->hold(built_.record.artifact, store_));
    SIMSWARM_TRY(const std::string listing, text_of(built_.record.listing, store_));
    campaign::Options options;
    options.project = held->tree();
    options.working_folder = (held->tree() / request_.folder).lexically_normal();
    if (!options.working_folder.has_filename()) options.working_folder = options.working_folder.parent_path();
    options.state.root = options_.folder / fmt::format("plan-{}", request_.campaign);
    options.inputs = request_.inputs;
    options.brought = request_.environment;
    options.run_as = options_.run_as;
    options.version = options_.version;
    options.listing.emplace();
    for (const std::string_view path : split(listing, '\0')) {
      if (!path.empty()) options.listing->emplace_back(path);
    }
    if (!request_.image.empty()) options.more_parts.push_back({"image", request_.image});
    auto planned = ask(options, *held);
    (void)remove_tree(options.state.root);
    return planned;
  }

  Status ask(const campaign::Options& options, const store::Held& held) {
    SIMSWARM_TRY(worker::StudySpec study, study_for(held.tree()));
    std::optional<std::pair<unsigned, unsigned>> run_as;
    if (const auto* asked = std::get_if<CmdenvRequest>(&study.kind); asked != nullptr) {
      SIMSWARM_TRY(const auto user,
                   exec::choose_user(options.project, options.working_folder, asked->words.front(), options_.run_as));
      if (user) run_as = {user->uid, user->gid};
      if (!user && ::geteuid() == 0)
        return environment_error("no user but root can start {} here (--run-as names one)", asked->words.front());
    }
    SIMSWARM_TRY(const auto dialect, worker::make_dialect(study, run_as));
    SIMSWARM_TRY(const auto ledger, Ledger::open(options.state.root));
    SIMSWARM_TRY(const campaign::Plan plan, campaign::make_plan(options, *dialect, *ledger, true));
    if (!dialect->inseparable().empty())
      return usage_error(
          "runs that append to one file count only together, and workers cannot share them: give each a file of its "
          "own (--distinct-names)");
    SIMSWARM_CHECK(campaign::check_result_folders(options, *dialect, plan));
    SIMSWARM_TRY(const campaign::Artifact seen, campaign::artifact_of(options, plan));
    foretold_ = campaign::foretell(plan, *dialect);
    foretold_.simulator =
        dialect->name() == "cmdenv" && !options_.simulator.empty() ? "OMNeT++ " + options_.simulator : "";
    for (const auto& [path, digest] : seen.objects) foretold_.objects[path] = digest.hex();
    return {};
  }

  [[nodiscard]] Result<worker::StudySpec> study_for(const fs::path& tree) const {
    SIMSWARM_TRY(worker::StudySpec study, worker::parse_study(request_.study));
    study.folder = (tree / request_.folder).lexically_normal();
    if (auto* asked = std::get_if<CmdenvRequest>(&study.kind)) {
      asked->working_folder = study.folder;
      asked->top = tree;
      if (exec::can_be_seen_at(request_.top, tree)) asked->seen_at = request_.top;
      asked->environment = request_.key_environment;
      asked->run_number_unused = request_.run_number_unused;
    } else {
      std::get<SweepSpec>(study.kind).environment = request_.key_environment;
    }
    return study;
  }

  Status make_campaign() {
    std::vector<RunKey> keys;
    for (const DigestBytes& key : foretold_.keys) keys.push_back({Digest::of_bytes(key)});
    SIMSWARM_TRY(campaign_.plan, campaign::keep_keys(keys, store_));
    SIMSWARM_TRY(worker::StudySpec study, worker::parse_study(request_.study));
    study.folder = fs::path(request_.folder);
    study.stored = worker::StoredStudy{built_.record.artifact, campaign_.plan, {}};
    for (const auto& [path, hex] : foretold_.objects) {
      SIMSWARM_TRY(study.stored->objects[path], Digest::parse(hex));
    }
    campaign_.id = request_.campaign;
    campaign_.name = request_.name;
    campaign_.queue = request_.queue;
    campaign_.study = worker::to_json(study);
    campaign_.host = request_.host;
    campaign_.artifact = built_.record.artifact;
    campaign_.runs = foretold_.runs.size();
    campaign_.retries = request_.retries;
    campaign_.max_lost = request_.max_lost;
    campaign_.created = system_clock().stamp();
    campaign_.foretold = document_;
    campaign_.build = built_.record.key.hex();
    keys_ = std::move(keys);
    return {};
  }

  // Neither the client has their results, nor the store.
  Result<std::vector<std::size_t>> missing_runs() {
    std::set<DigestBytes> known;
    if (!request_.known.empty()) {
      SIMSWARM_TRY(const std::string bytes, text_of(request_.known, store_));
      DigestBytes one{};
      for (std::size_t at = 0; at + one.size() <= bytes.size(); at += one.size()) {
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), one.size(), one.begin());
        known.insert(one);
      }
    }
    std::vector<std::size_t> missing;
    for (std::size_t begin = 0; begin < keys_.size(); begin += kAtOnce) {
      const std::size_t count = std::min(kAtOnce, keys_.size() - begin);
      SIMSWARM_TRY(const auto records, store_.results(std::span(keys_).subspan(begin, count), store::Part::kBody));
      for (std::size_t i = 0; i < count; ++i) {
        if (!records[i] && !known.contains(foretold_.keys[begin + i])) missing.push_back(begin + i);
      }
    }
    return missing;
  }

  // The longest first; where nothing is known, a sample spread over all.
  std::vector<std::size_t> in_order(const std::vector<std::size_t>& missing) {
    campaign::Expectation expectation;
    if (!request_.durations.empty()) {
      const auto text = text_of(request_.durations, store_);
      for (const campaign::KnownDuration& one : campaign::parse_durations(text ? *text : "[]"))
        expectation.learn(one.run, one.seconds, 0);
    }
    if (!expectation.knows()) {
      std::vector<std::size_t> order;
      for (const std::size_t index : campaign::sampling_order(missing.size())) order.push_back(missing[index]);
      return order;
    }
    std::vector<std::pair<double, std::size_t>> by_length;
    for (const std::size_t position : missing)
      by_length.emplace_back(expectation.seconds(foretold_.runs[position]), position);
    std::stable_sort(by_length.begin(), by_length.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::size_t> order;
    for (const auto& [seconds, position] : by_length) order.push_back(position);
    return order;
  }

  const campaign::BuildRequest& request_;
  const BuildResult& built_;
  const PlannerOptions& options_;
  store::Store& store_;
  jobs::JobQueue& queue_;
  const Ears& ears_;
  Foretold foretold_;
  Digest document_;
  store::CampaignRecord campaign_;
  std::vector<RunKey> keys_;
  Queued queued_;
};

}  // namespace

Result<Queued> plan_and_queue(const campaign::BuildRequest& request, const BuildResult& built,
                              const PlannerOptions& options, store::Store& store, jobs::JobQueue& queue,
                              const Ears& ears) {
  return Planner(request, built, options, store, queue, ears).run();
}

}  // namespace simswarm::builder
