#include "campaign/standing.h"

#include "base/host.h"
#include "base/text.h"
#include "campaign/artifact.h"
#include "campaign/submission.h"
#include "queue/redis_url.h"

namespace simswarm::campaign {
namespace {

std::vector<RunKey> keys_of(const Plan& plan) {
  std::vector<RunKey> keys;
  keys.reserve(plan.runs.size());
  for (std::size_t i = 0; i < plan.runs.size(); ++i) keys.push_back(plan.runs.key(i));
  return keys;
}

store::CampaignRecord record_of_new(const Options& options, const RemoteOptions& remote, const Plan& plan) {
  store::CampaignRecord campaign;
  campaign.id = plan.campaign;
  campaign.name = options.name;
  campaign.queue = remote.queue_name.empty() ? "run-" + campaign.id : remote.queue_name;
  campaign.host = host_name();
  campaign.runs = plan.runs.size();
  campaign.retries = options.retries;
  campaign.max_lost = remote.max_lost;
  campaign.created = system_clock().stamp();
  return campaign;
}

}  // namespace

Foretold foretell(const Plan& plan, const Dialect& dialect) {
  Foretold foretold;
  foretold.dialect = dialect.name();
  foretold.inputs = plan.inputs;
  foretold.result_folders = dialect.result_folders();
  foretold.remarks = dialect.remarks();
  foretold.broken = dialect.broken();
  const Run first = plan.runs.run(0);
  foretold.command = dialect.command_line({&first, 1});
  foretold.runs.reserve(plan.runs.size());
  foretold.keys.reserve(plan.runs.size());
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const Run run = plan.runs.run(i);
    foretold.runs.push_back(run);
    foretold.keys.push_back(plan.runs.key(i).digest.bytes());
    foretold.add_expected(dialect.expected_files(run));
  }
  return foretold;
}

Result<Digest> keep_foretold(const Foretold& foretold, store::Store& store) {
  SIMSWARM_TRY(const auto blob, store.create_blob());
  SIMSWARM_CHECK(write_foretold(foretold, *blob));
  SIMSWARM_TRY(const store::Blob kept, blob->keep());
  return kept.digest;
}

Result<Foretold> foretold_of(const store::CampaignRecord& campaign, store::Store& store) {
  SIMSWARM_TRY(const auto reader, store.open_blob(campaign.foretold));
  if (!reader) return environment_error("the plan of campaign {} is not in {} any more", campaign.id, store.shown());
  return read_foretold(*reader);
}

std::string standing_memo(std::string_view asked, const RemoteOptions& remote, const store::Store& store,
                          const std::string& name) {
  return fmt::format("remote {}", digest_of(fmt::format("{} {} {} {} {}", asked, store.shown(),
                                                        jobs::without_password(remote.queue), remote.queue_name, name))
                                      .hex());
}

Result<Standing> stand_here(const Options& options, const RemoteOptions& remote, const Plan& plan,
                            const Dialect& dialect, Ledger& ledger, store::Store& store, Observer& observer) {
  SIMSWARM_CHECK(check_result_folders(options, dialect, plan));
  SIMSWARM_TRY(Artifact made, artifact_of(options, plan));
  auto artifact = std::make_shared<const Artifact>(std::move(made));
  SIMSWARM_TRY(const archive::Packed packed, measure(*artifact));
  SIMSWARM_CHECK(bring(*artifact, packed, store));
  SIMSWARM_TRY(const Digest keys, keep_keys(keys_of(plan), store));
  worker::StudySpec study = remote.study;
  study.folder = artifact->folder;
  study.stored = worker::StoredStudy{packed.digest, keys, artifact->objects};
  make_portable(options, plan, study);
  Standing standing;
  standing.memo = standing_memo(worker::to_json(study), remote, store, options.name);
  standing.look_after = [artifact, packed, &store]() -> Status {
    SIMSWARM_TRY(const bool is_there, store.is_there(packed.digest));
    return is_there ? Status() : bring(*artifact, packed, store);
  };
  SIMSWARM_TRY(const auto known, ledger.recall(standing.memo));
  if (known && !known->empty()) {
    SIMSWARM_TRY(const auto there, store.campaign(*known));
    if (there && there->plan == keys) {
      standing.campaign = *there;
      observer.note(fmt::format("going on with campaign {} in {}", there->id, store.shown()));
      return standing;
    }
  }
  store::CampaignRecord& campaign = standing.campaign = record_of_new(options, remote, plan);
  campaign.study = worker::to_json(study);
  campaign.artifact = packed.digest;
  campaign.plan = keys;
  SIMSWARM_TRY(campaign.foretold, keep_foretold(foretell(plan, dialect), store));
  SIMSWARM_CHECK(store.keep_campaign(campaign));
  SIMSWARM_CHECK(ledger.remember(standing.memo, campaign.id));
  return standing;
}

}  // namespace simswarm::campaign
