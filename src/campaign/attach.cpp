// A campaign that stands in the store: followed from anywhere, and ended everywhere.
#include <poll.h>

#include "base/text.h"
#include "campaign/build_request.h"
#include "campaign/built.h"
#include "campaign/patience.h"
#include "campaign/standing.h"
#include "campaign/submission.h"
#include "queue/job_queue.h"

namespace simswarm::campaign {
namespace {

constexpr std::size_t kAtOnce = 1000;

// By id, a beginning of it (6 letters at least), or name: then the newest.
Result<store::CampaignRecord> find_there(store::Store& store, const std::string& wanted, const std::string& usual) {
  SIMSWARM_TRY(const auto campaigns, store.campaigns());
  const std::string& name = wanted.empty() ? usual : wanted;
  std::vector<std::string> names;
  for (const store::CampaignRecord& one : campaigns) {
    const bool is_beginning = wanted.size() >= 6 && one.id.starts_with(wanted);
    if (one.id == wanted || one.name == name || is_beginning) return one;
    names.push_back(one.name);
  }
  if (campaigns.empty()) return usage_error("there is no campaign in {}", store.shown());
  const auto near = near_misses(name, names);
  return usage_error("there is no campaign «{}» in {}{}", name, store.shown(),
                     near.empty() ? "; simswarm store ls lists them" : "; did you mean " + near.front() + "?");
}

// The newest campaign of this name or id whose build waits or goes on; empty: there is none.
Result<std::string> build_in_work(jobs::JobQueue& queue, const std::string& wanted) {
  std::vector<jobs::QueueName> queues{{std::string(kBuildQueue)}};
  SIMSWARM_TRY(const std::vector<jobs::QueueView> all, queue.queues());
  for (const jobs::QueueView& one : all) {
    if (one.name.text.starts_with(fmt::format("{}-", kBuildQueue))) queues.push_back(one.name);
  }
  std::string newest;
  for (const jobs::QueueName& name : queues) {
    for (const jobs::Place place : {jobs::Place::kQueued, jobs::Place::kStarted}) {
      SIMSWARM_TRY(const jobs::Page page, queue.list(name, place, 0, kAtOnce));
      for (const jobs::JobView& job : page.jobs) {
        const std::string id = campaign_of_build(job.id.text);
        const bool is_it = id == wanted || job.description == build_description(wanted) ||
                           (wanted.size() >= 6 && id.starts_with(wanted));
        if (is_it) newest = std::max(newest, id);
      }
    }
  }
  return newest;
}

// Until what is being built is queued. An error: it came to nothing.
Result<store::CampaignRecord> wait_for_build(const Options& options, store::Store& store, jobs::JobQueue& queue,
                                             const std::string& campaign, Observer& observer) {
  constexpr int kPause = 300;  // ms
  observer.note(fmt::format("campaign {} is still being built", campaign));
  std::uint64_t heard = 0;
  while (true) {
    if (options.interrupts != nullptr && *options.interrupts > 0)
      return tl::make_unexpected(Error{ExitCode::kInterrupted, "interrupted: the build goes on", false});
    SIMSWARM_TRY(const auto job, patiently(options, observer, [&] { return queue.find({build_job_id(campaign)}); }));
    SIMSWARM_TRY(const auto known, patiently(options, observer, [&] { return store.campaign(campaign); }));
    for (auto piece = queue.output({build_job_id(campaign)}, heard); piece && !piece->empty();
         piece = queue.output({build_job_id(campaign)}, heard)) {
      heard += piece->size();
      observer.build_output(*piece);
    }
    if (known) return *known;
    const bool goes_on = job && (job->job.state == jobs::State::kQueued || job->job.state == jobs::State::kStarted);
    const auto view = job ? parse_build_view(job->job.progress) : std::nullopt;
    observer.building(view ? *view : BuildView{"waiting"});
    if (!goes_on) {
      const auto answer = job ? parse_build_answer(job->message) : std::nullopt;
      if (!answer) return environment_error("the build of campaign {} came to nothing", campaign);
      observer.built(*answer);
      return tl::make_unexpected(Error{static_cast<ExitCode>(answer->code), answer->message, false});
    }
    pollfd wake{options.interrupt_descriptor, POLLIN, 0};
    (void)::poll(&wake, options.interrupt_descriptor >= 0 ? 1 : 0, kPause);
  }
}

class Canceller {
 public:
  Canceller(store::Store& store, jobs::JobQueue& queue) : store_(store), queue_(queue) {}

  Result<Cancelled> cancel(const std::string& wanted) {
    // One that is still being built is not in the store yet.
    SIMSWARM_TRY(const std::string build, build_in_work(queue_, wanted));
    auto found = find_there(store_, wanted, wanted);
    if (!found && build.empty()) return propagate(found.error());
    done_.campaign = !found || build > found->id ? build : found->id;
    const bool is_there = found && found->id == done_.campaign;
    if (is_there) done_.name = found->name;
    // Whoever is about to queue its runs sees this, or they are seen here.
    SIMSWARM_CHECK(store_.note_cancelled(done_.campaign, system_clock().stamp()));
    SIMSWARM_CHECK(end_build());
    if (!is_there) return std::move(done_);
    SIMSWARM_TRY(const EndedRuns ended, end_runs(*found, queue_));
    done_.waiting = ended.waiting;
    done_.running = ended.running;
    return std::move(done_);
  }

 private:
  Status end_build() {
    const jobs::JobId id{build_job_id(done_.campaign)};
    SIMSWARM_TRY(const auto job, queue_.find(id));
    if (!job) return {};
    if (job->job.state == jobs::State::kStarted) {
      SIMSWARM_TRY(const jobs::Answer answer, queue_.request_stop(id));
      done_.build = answer == jobs::Answer::kDone;
    } else if (job->job.state == jobs::State::kQueued) {
      SIMSWARM_TRY(const jobs::Answer answer, queue_.cancel(id));
      done_.build = answer == jobs::Answer::kDone;
    }
    return {};
  }

  store::Store& store_;
  jobs::JobQueue& queue_;
  Cancelled done_;
};

}  // namespace

Result<Summary> attach(const Options& options, const RemoteOptions& remote, const std::string& wanted,
                       Observer& observer) {
  Standing standing;
  Foretold foretold;
  {
    SIMSWARM_TRY(const auto store, store::open_store(remote.store));
    SIMSWARM_TRY(const auto queue, jobs::open_job_queue(remote.queue));
    SIMSWARM_TRY(const std::string build, build_in_work(*queue, wanted.empty() ? options.name : wanted));
    auto found = find_there(*store, wanted, options.name);
    if (!build.empty() && (!found || found->id < build))
      found = wait_for_build(options, *store, *queue, build, observer);
    if (!found) return propagate(found.error());
    standing.campaign = std::move(*found);
    if (standing.campaign.foretold.empty())
      return usage_error("campaign {} was begun by an older simswarm: the call that began it brings its results",
                         standing.campaign.id);
    SIMSWARM_TRY(foretold, foretold_of(standing.campaign, *store));
  }
  const std::unique_ptr<Dialect> dialect = make_foretold_dialect(foretold);
  Options own = options;
  own.name = standing.campaign.name;
  own.campaign = standing.campaign.id;
  own.command = foretold.command;
  own.foretold = &foretold;
  return follow_campaign(own, remote, standing, *dialect, observer);
}

Result<Cancelled> cancel_campaign(const RemoteOptions& remote, const std::string& wanted) {
  SIMSWARM_TRY(const auto store, store::open_store(remote.store));
  SIMSWARM_TRY(const auto queue, jobs::open_job_queue(remote.queue));
  return Canceller(*store, *queue).cancel(wanted);
}

}  // namespace simswarm::campaign
