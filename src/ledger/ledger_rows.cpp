#include "ledger/ledger_rows.h"

#include "model/encoding.h"

namespace simswarm::ledger {

std::int64_t micros(Stamp stamp) {
  return stamp.time_since_epoch().count();
}
Stamp stamp_of(std::int64_t micros) {
  return Stamp(std::chrono::microseconds(micros));
}

Digest digest_from(const std::string& text) {
  return Digest::parse(text).value_or(Digest());
}

Run read_run(const Statement& row, int first) {
  return Run{row.text(first), row.number(first + 1), decode_variables(row.text(first + 2)), row.number(first + 3),
             row.text(first + 4)};
}

Attempt read_attempt(const Statement& row) {
  Attempt attempt;
  attempt.key = RunKey{digest_from(row.text(0))};
  attempt.number = row.integer(1);
  attempt.campaign = row.text(2);
  attempt.verdict.outcome = outcome_from(row.text(3)).value_or(Outcome::kIncomplete);
  attempt.verdict.message = row.text(4);
  attempt.verdict.place.simulated_time = row.text(5);
  if (row.number(6) >= 0) attempt.verdict.place.event = row.number(6);
  attempt.verdict.place.module = row.text(7);
  attempt.usage = {row.real(8), row.real(9), row.real(10), row.size(11), row.size(12), row.size(13)};
  attempt.started = stamp_of(row.number(14));
  attempt.ended = stamp_of(row.number(15));
  attempt.exit_code = row.integer(16);
  attempt.host = row.text(17);
  attempt.command = decode_words(row.text(18));
  attempt.cpu = row.text(19);
  return attempt;
}

ResultFile read_file_row(const Statement& row) {
  ResultFile file{row.text(0), row.size(1), digest_from(row.text(2)), {}};
  file.identity = {row.size(3), row.size(4), file.size, row.number(5), row.number(6)};
  return file;
}

Status insert_campaign(Database& database, const CampaignRecord& campaign) {
  SIMSWARM_TRY(const auto insert,
               database.prepare("INSERT INTO campaign(id,name,dialect,folder,command,started,ended,state,host,version,"
                                "project,commit_id,uncommitted,program,program_digest,simulator,cores,total,position) "
                                "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
                                "(SELECT COALESCE(MAX(position),0)+1 FROM campaign))"));
  insert->bind(campaign.id).bind(campaign.name).bind(campaign.dialect).bind(campaign.folder);
  insert->bind(encode(campaign.command)).bind(micros(campaign.started)).bind(0);
  insert->bind(campaign.state).bind(campaign.host).bind(campaign.version);
  const Provenance& made = campaign.provenance;
  insert->bind(made.project).bind(made.commit).bind(made.uncommitted ? static_cast<int>(*made.uncommitted) : -1);
  insert->bind(made.program).bind(made.program_digest).bind(made.simulator).bind(made.cores);
  insert->bind(campaign.planned);
  return insert->run();
}

Status insert_inputs(Database& database, const std::string& campaign, const InputRecord& inputs) {
  SIMSWARM_TRY(const auto add_file, database.prepare("INSERT INTO campaign_input VALUES(?,?,?)"));
  for (const auto& [path, digest] : inputs.files)
    SIMSWARM_CHECK(add_file->bind(campaign).bind(path).bind(digest).run());
  SIMSWARM_TRY(const auto add_part, database.prepare("INSERT INTO campaign_part VALUES(?,?,?,?,?)"));
  for (const auto& [config, parts] : inputs.parts) {
    int position = 0;
    for (const auto& [name, value] : parts) {
      SIMSWARM_CHECK(add_part->bind(campaign).bind(config).bind(position++).bind(name).bind(value).run());
    }
  }
  return {};
}

// Without positions they are the first ones.
Status insert_runs(Database& database, const std::string& campaign, std::span<const std::size_t> positions,
                   std::span<const PlannedRun> runs) {
  SIMSWARM_TRY(const auto add, database.prepare("INSERT INTO run VALUES(?,?,?,?,?,?,?,?)"));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& [run, key] = runs[i];
    add->bind(campaign).bind(positions.empty() ? i : positions[i]).bind(key.digest.hex());
    add->bind(run.config).bind(run.number).bind(encode(run.variables)).bind(run.repetition).bind(run.seed_set);
    SIMSWARM_CHECK(add->run());
  }
  return {};
}

Status insert_attempt(Database& database, const Attempt& attempt, const AttemptLog& log) {
  SIMSWARM_TRY(const auto add,
               database.prepare("INSERT INTO attempt VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  const Verdict& verdict = attempt.verdict;
  const Usage& usage = attempt.usage;
  add->bind(attempt.key.digest.hex()).bind(attempt.number).bind(attempt.campaign).bind(to_text(verdict.outcome));
  add->bind(verdict.message)
      .bind(verdict.place.simulated_time)
      .bind(verdict.place.event.value_or(-1))
      .bind(verdict.place.module);
  add->bind(usage.wall_seconds).bind(usage.user_seconds).bind(usage.system_seconds).bind(usage.peak_memory);
  add->bind(usage.result_bytes).bind(usage.events).bind(micros(attempt.started)).bind(micros(attempt.ended));
  add->bind(attempt.exit_code).bind(attempt.host).bind(encode(attempt.command));
  add->bind(log.output).bind(log.errors).bind(log.own).bind(attempt.cpu);
  return add->run();
}

Status replace_files(Database& database, const RunKey& key, const std::vector<ResultFile>& files) {
  SIMSWARM_TRY(const auto clear, database.prepare("DELETE FROM file WHERE key=?"));
  SIMSWARM_CHECK(clear->bind(key.digest.hex()).run());
  SIMSWARM_TRY(const auto add, database.prepare("INSERT INTO file VALUES(?,?,?,?,?,?,?,?)"));
  for (const ResultFile& file : files) {
    add->bind(key.digest.hex()).bind(file.path).bind(file.size).bind(file.digest.hex()).bind(file.identity.device);
    add->bind(file.identity.inode).bind(file.identity.mtime_ns).bind(file.identity.ctime_ns);
    SIMSWARM_CHECK(add->run());
  }
  return {};
}

}  // namespace simswarm::ledger
