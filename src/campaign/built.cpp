#include "campaign/built.h"

#include <poll.h>
#include <unistd.h>

#include <cstdlib>

#include "base/host.h"
#include "base/text.h"
#include "campaign/build_request.h"
#include "campaign/patience.h"
#include "campaign/sources.h"
#include "campaign/standing.h"
#include "campaign/travel.h"
#include "queue/job_queue.h"
#include "source/roots.h"
#include "source/snapshot.h"

namespace simswarm::campaign {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMostKnown = 200'000;     // keys that a builder is told
constexpr std::size_t kMostDurations = 20'000;  // and runs
constexpr milliseconds kShortPause{20};         // between questions at the beginning: what is known is answered at once
constexpr milliseconds kLongPause{250};
constexpr seconds kPatience{5};  // until somebody must be there who builds
constexpr seconds kResultTtl{7 * 86'400};

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

std::vector<std::string>& words_of(worker::StudySpec& study) {
  auto* const asked = std::get_if<CmdenvRequest>(&study.kind);
  return asked != nullptr ? asked->words : std::get<SweepSpec>(study.kind).command;
}

class Built {
 public:
  Built(const Options& options, const RemoteOptions& remote, const BuiltOptions& built, Observer& observer)
      : options_(options), remote_(remote), built_(built), observer_(observer) {}

  Result<Summary> run() {
    SIMSWARM_TRY(ledger_, Ledger::open(options_.state.root));
    SIMSWARM_TRY(store_, store::open_store(remote_.store));
    SIMSWARM_TRY(queue_, jobs::open_job_queue(remote_.queue));
    SIMSWARM_CHECK(take_snapshot());
    make_request();
    SIMSWARM_TRY(Standing standing, stand());
    SIMSWARM_TRY(const Foretold foretold,
                 patiently(options_, observer_, [&] { return foretold_of(standing.campaign, *store_); }));
    const std::unique_ptr<Dialect> dialect = make_foretold_dialect(foretold);
    Options options = options_;
    options.foretold = &foretold;
    options.project = snapshot_.top;
    options.campaign = standing.campaign.id;
    ledger_.reset();
    return follow_campaign(options, remote_, standing, *dialect, observer_);
  }

 private:
  Status take_snapshot() {
    environment_ = own_environment();
    worker::StudySpec study = remote_.study;
    SIMSWARM_TRY(const std::vector<fs::path> roots,
                 source::find_roots({options_.working_folder, words_of(study), environment_, built_.roots}));
    SIMSWARM_TRY(source::Snapshots snapshots, source::Snapshots::open(options_.state.root / "source"));
    source::SnapshotRequest request;
    request.roots = roots;
    request.commit = built_.commit;
    request.include = built_.include;
    request.left_out = {options_.state.root, options_.working_folder / "results"};
    SIMSWARM_TRY(const auto written, ledger_->written_paths());
    for (const std::string& path : written) {
      const fs::path whole = absolute_from(options_.working_folder, path);
      if (!lies_in(request.left_out.back(), whole) && !lies_in(request.left_out[1], whole))
        request.left_out.push_back(whole);
    }
    SIMSWARM_TRY(snapshot_, snapshots.take(request));
    for (const std::string& note : snapshot_.notes) observer_.note(note);
    return send_sources(snapshot_, snapshots, *store_);
  }

  void make_request() {
    const Travel travel{snapshot_.top, options_.working_folder};
    std::vector<std::string> names;
    for (const auto& [name, value] : environment_) names.push_back(name);
    const auto get = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    };
    request_.name = options_.name;
    request_.host = host_name();
    request_.project =
        digest_of(fmt::format("{}\n{}\n{}", request_.host, ::getuid(), snapshot_.top.string())).hex().substr(0, 20);
    request_.tree = snapshot_.tree.text;
    request_.top = snapshot_.top.string();
    for (const source::RootState& root : snapshot_.roots) request_.roots.push_back(root.place);
    request_.folder = options_.working_folder.lexically_relative(snapshot_.top).string();
    request_.steps = built_.steps;
    // Of what is found the folder is found, too.
    if (!built_.steps.empty() || !built_.steps_folder.empty())
      request_.steps_folder =
          absolute_from(options_.working_folder, built_.steps_folder).lexically_relative(snapshot_.top).string();
    request_.mode = built_.mode;
    request_.image = built_.image;
    request_.environment = portable_environment(travel, names, built_.environment, get);
    worker::StudySpec study = remote_.study;
    study.folder = fs::path("/") / request_.folder;  // where the tree lies is not known yet
    study.brought = request_.environment;
    study.seen_at = snapshot_.top;
    words_of(study) = portable_words(travel, words_of(study));
    request_.study = worker::to_json(study);
    request_.key_environment = built_.environment;
    request_.inputs = options_.inputs;
    request_.run_number_unused = built_.run_number_unused;
    request_.retries = options_.retries;
    request_.max_lost = remote_.max_lost;
    request_.priority = built_.priority;
  }

  // The campaign as it stands in the store: found, waited for, or asked for.
  Result<Standing> stand() {
    Standing standing;
    request_.queue = "-";  // of no campaign yet
    standing.memo = standing_memo(to_json(request_), remote_, *store_, options_.name);
    SIMSWARM_TRY(const auto known, ledger_->recall(standing.memo));
    if (known && !known->empty()) {
      SIMSWARM_TRY(const bool cancelled, store_->is_cancelled(*known));
      SIMSWARM_TRY(const auto there, store_->campaign(*known));
      if (there && !cancelled) {
        observer_.note(fmt::format("going on with campaign {} in {}", there->id, store_->shown()));
        standing.campaign = *there;
        return finish(std::move(standing));
      }
      SIMSWARM_TRY(const auto job, queue_->find({build_job_id(*known)}));
      const bool goes_on = job && (job->job.state == jobs::State::kQueued || job->job.state == jobs::State::kStarted);
      if (goes_on && !cancelled) {
        observer_.note(fmt::format("going on with the build of campaign {}", *known));
        request_.campaign = *known;
      }
    }
    if (request_.campaign.empty()) SIMSWARM_CHECK(ask(standing.memo));
    SIMSWARM_TRY(standing.campaign, wait_for_builder());
    return finish(std::move(standing));
  }

  Result<Standing> finish(Standing standing) {
    standing.look_after = [artifact = standing.campaign.artifact, store = remote_.store]() -> Status {
      SIMSWARM_TRY(const auto own, store::open_store(store));
      SIMSWARM_TRY(const bool is_there, own->is_there(artifact));
      if (is_there) return {};
      return environment_error(
          "what was built for the campaign is not in the store any more: end it (simswarm cancel) and call again");
    };
    return standing;
  }

  Status ask(const std::string& memo) {
    SIMSWARM_TRY(const auto earlier, ledger_->campaigns());
    request_.campaign = make_ulid(system_clock().stamp(), earlier.empty() ? "" : earlier.front().id);
    request_.queue = remote_.queue_name.empty() ? run_queue(request_.campaign, built_.image) : remote_.queue_name;
    SIMSWARM_TRY(request_.known, put_known());
    SIMSWARM_TRY(request_.durations, put_durations());
    SIMSWARM_CHECK(ledger_->remember(memo, request_.campaign));
    asked_ = to_json(request_);
    return enqueue();
  }

  // What is there already is left as it is.
  Status enqueue() {
    TextSource text(asked_);
    SIMSWARM_TRY(const store::Blob blob, store_->put(text));
    jobs::NewJob job;
    job.id.text = build_job_id(request_.campaign);
    job.queue.text = build_queue(built_.image);
    job.payload = payload_of(BuildJob{request_.campaign, blob.digest});
    job.description = build_description(options_.name);
    job.max_lost = remote_.max_lost;
    job.result_ttl = job.failure_ttl = kResultTtl;
    SIMSWARM_TRY([[maybe_unused]] const auto is_new, queue_->enqueue({job}));
    return {};
  }

  Result<Digest> put_known() {
    SIMSWARM_TRY(const auto keys, ledger_->known_keys(!options_.retry_failed, kMostKnown));
    std::string bytes;
    for (const RunKey& key : keys) {
      const DigestBytes one = key.digest.bytes();
      bytes.append(one.begin(), one.end());
    }
    if (bytes.empty()) return Digest();
    TextSource source(bytes);
    SIMSWARM_TRY(const store::Blob blob, store_->put(source));
    return blob.digest;
  }

  // Of the configurations that the words name: others are not known here.
  Result<Digest> put_durations() {
    std::vector<std::string> configs{"General"};
    if (const auto* sweep = std::get_if<SweepSpec>(&remote_.study.kind)) {
      configs = {sweep->name};
    } else {
      const auto& words = std::get<CmdenvRequest>(remote_.study.kind).words;
      for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] == "-c") configs.push_back(words[i + 1]);
      }
    }
    std::vector<KnownDuration> durations;
    for (const std::string& config : configs) {
      SIMSWARM_TRY(const auto learned, ledger_->learned(config));
      for (const Learned& one : learned) {
        if (durations.size() < kMostDurations) durations.push_back({one.run, one.wall_seconds});
      }
    }
    if (durations.empty()) return Digest();
    const std::string text = durations_text(durations);
    TextSource source(text);
    SIMSWARM_TRY(const store::Blob blob, store_->put(source));
    return blob.digest;
  }

  Result<store::CampaignRecord> wait_for_builder() {
    const jobs::JobId id{build_job_id(request_.campaign)};
    const Monotonic since = system_clock().monotonic();
    milliseconds pause = kShortPause;
    while (true) {
      SIMSWARM_CHECK(check_interrupt());
      SIMSWARM_TRY(const auto job, ask_queue(id));
      if (job) {
        SIMSWARM_CHECK(take_output(id));
        if (job->job.state == jobs::State::kFinished) return take_answer(job->result);
        const bool waits = job->job.state == jobs::State::kQueued || job->job.state == jobs::State::kScheduled;
        if (!waits && job->job.state != jobs::State::kStarted) return failure_of(*job);
        show(*job, waits);
        if (waits && system_clock().monotonic() - since > kPatience) SIMSWARM_CHECK(look_for_builders());
        pause = job->job.state == jobs::State::kStarted || !waits ? std::min(pause, milliseconds(100)) : pause;
      }
      pollfd wake{options_.interrupt_descriptor, POLLIN, 0};
      (void)::poll(&wake, options_.interrupt_descriptor >= 0 ? 1 : 0, static_cast<int>(pause.count()));
      pause = std::min(pause * 5 / 4, kLongPause);
    }
  }

  Status check_interrupt() const {
    if (options_.interrupts == nullptr || *options_.interrupts == 0) return {};
    return tl::make_unexpected(Error{
        ExitCode::kInterrupted,
        fmt::format("interrupted: the build of campaign {0} goes on, and its runs after it; the same call follows "
                    "them, simswarm cancel{1} {0} ends them",
                    request_.campaign, remote_.where),
        false});
  }

  // Nothing: it is away for the moment, or has forgotten the job, which is given to it again.
  Result<std::optional<jobs::JobDetails>> ask_queue(const jobs::JobId& id) {
    auto job = queue_->find(id);
    const std::string trouble = job ? "" : job.error().message;
    if (trouble.empty() != told_queue_.empty())
      observer_.note(trouble.empty() ? "the queue answers again" : trouble + "; asking again");
    told_queue_ = trouble;
    if (!job && !job.error().can_retry) return propagate(job.error());
    if (!job) return std::optional<jobs::JobDetails>();
    if (*job) return std::move(*job);
    // The campaign may be known by now, though nobody told.
    const auto there = store_->campaign(request_.campaign);
    if (there && *there) {
      jobs::JobDetails done;
      done.job.state = jobs::State::kFinished;
      return std::optional(done);
    }
    if (asked_.empty()) {
      return environment_error("the queue has forgotten the build of campaign {}: call again", request_.campaign);
    }
    if (!there) return std::optional<jobs::JobDetails>();
    observer_.note("the queue has forgotten the build: it is asked for again");
    const Status asked = enqueue();
    if (!asked && !asked.error().can_retry) return propagate(asked.error());
    return std::optional<jobs::JobDetails>();
  }

  Status take_output(const jobs::JobId& id) {
    while (true) {
      const auto piece = queue_->output(id, heard_);
      if (!piece || piece->empty()) return {};
      heard_ += piece->size();
      observer_.build_output(*piece);
    }
  }

  void show(const jobs::JobDetails& job, bool waits) {
    BuildView view;
    if (waits) {
      view.phase = "waiting";
      if (const auto counts = queue_->counts({build_queue(built_.image)}); counts && counts->queued > 0)
        view.ahead = counts->queued - 1 + counts->started;
    } else if (auto told = parse_build_view(job.job.progress)) {
      view = std::move(*told);
    } else {
      view.phase = "fetching";
    }
    observer_.building(view);
  }

  // Once.
  Status look_for_builders() {
    if (std::exchange(looked_, true)) return {};
    const auto workers = queue_->workers();
    if (!workers) return {};
    const std::string wanted = build_queue(built_.image);
    for (const jobs::WorkerView& one : *workers) {
      for (const jobs::QueueName& queue : one.record.queues) {
        if (queue.text == wanted) return {};
      }
    }
    observer_.note(
        fmt::format("no builder serves the queue {} at the moment (simswarm worker build{}): waiting for one", wanted,
                    built_.image.empty() ? "" : " --image " + built_.image));
    return {};
  }

  Result<store::CampaignRecord> take_answer(const std::string& result) {
    if (const auto answer = parse_build_answer(result)) observer_.built(*answer);
    SIMSWARM_TRY(const auto campaign,
                 patiently(options_, observer_, [&] { return store_->campaign(request_.campaign); }));
    if (!campaign) {
      return environment_error("the builder says that campaign {} is queued, and {} does not know it",
                               request_.campaign, store_->shown());
    }
    return *campaign;
  }

  Result<store::CampaignRecord> failure_of(const jobs::JobDetails& job) {
    if (job.job.state == jobs::State::kCancelled || job.job.state == jobs::State::kStopped)
      return tl::make_unexpected(Error{ExitCode::kInterrupted, "the build was cancelled", false});
    if (job.job.lost)
      return environment_error("the build was lost with its builder time and again, last on {}", job.job.node);
    const auto answer = parse_build_answer(job.message);
    if (!answer) return environment_error("the build failed: {}", job.message);
    observer_.built(*answer);
    return tl::make_unexpected(Error{static_cast<ExitCode>(answer->code), answer->message, false});
  }

  const Options& options_;
  const RemoteOptions& remote_;
  const BuiltOptions& built_;
  Observer& observer_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<jobs::JobQueue> queue_;
  std::map<std::string, std::string> environment_;
  source::Snapshot snapshot_;
  BuildRequest request_;
  std::string asked_;        // the request as JSON; empty: it was asked by an earlier call
  std::uint64_t heard_ = 0;  // bytes of the builder's words
  std::string told_queue_;
  bool looked_ = false;
};

}  // namespace

Result<Summary> run_built(const Options& options, const RemoteOptions& remote, const BuiltOptions& built,
                          Observer& observer) {
  return Built(options, remote, built, observer).run();
}

}  // namespace simswarm::campaign
