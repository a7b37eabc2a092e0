#include "ledger/ledger_history.h"

#include "ledger/ledger_rows.h"
#include "model/encoding.h"

namespace simswarm::ledger {
namespace {

CampaignRecord read_campaign(const Statement& row) {
  CampaignRecord record{
      row.text(0),  row.text(1), row.text(2), row.text(3), decode_words(row.text(4)), stamp_of(row.number(5)),
      std::nullopt, row.text(7), row.text(8), row.text(9)};
  if (row.number(6) > 0) record.ended = stamp_of(row.number(6));
  Provenance& made = record.provenance;
  made = {row.text(10), row.text(11), std::nullopt, row.text(13), row.text(14), row.text(15), row.integer(16)};
  if (row.has(12) && row.integer(12) >= 0) made.uncommitted = row.integer(12) != 0;
  record.planned = static_cast<std::size_t>(row.size(19));
  if (row.has(20)) {
    record.totals = CampaignTotals{static_cast<std::size_t>(row.size(19)),
                                   static_cast<std::size_t>(row.size(20)),
                                   static_cast<std::size_t>(row.size(21)),
                                   static_cast<std::size_t>(row.size(22)),
                                   static_cast<std::size_t>(row.size(23)),
                                   row.real(17),
                                   row.real(18)};
  }
  return record;
}

// The runs of a campaign that were complete before it: accepted from an attempt of an earlier campaign, or of one whose
// record is gone, which was earlier, too.
Result<std::size_t> count_known(Database& database, const std::string& campaign) {
  SIMSWARM_TRY(
      const auto rows,
      database.prepare("SELECT COUNT(*) FROM run r CROSS JOIN result s ON s.key=r.key CROSS JOIN attempt a ON "
                       "a.key=s.key AND a.number=s.attempt LEFT JOIN campaign c ON c.id=a.campaign WHERE r.campaign=?1 "
                       "AND (c.id IS NULL OR c.position<(SELECT position FROM campaign WHERE id=?1))"));
  SIMSWARM_TRY(const bool row, rows->bind(campaign).step());
  return row ? static_cast<std::size_t>(rows->size(0)) : 0;
}

}  // namespace

Result<std::vector<CampaignRecord>> read_campaigns(Database& database) {
  SIMSWARM_TRY(const auto rows,
               database.prepare("SELECT id,name,dialect,folder,command,started,ended,state,host,version,project,"
                                "commit_id,uncommitted,program,program_digest,simulator,cores,wall,cpu,total,complete,"
                                "known,failed,not_run FROM campaign ORDER BY position DESC, id DESC"));
  std::vector<CampaignRecord> found;
  while (true) {
    SIMSWARM_TRY(const bool row, rows->step());
    if (!row) return found;
    found.push_back(read_campaign(*rows));
  }
}

Result<CampaignTotals> count_runs(Database& database, const CampaignRecord& campaign) {
  CampaignTotals totals;
  SIMSWARM_TRY(totals.known, count_known(database, campaign.id));
  SIMSWARM_TRY(const auto rows,
               database.prepare("SELECT r.position, a.outcome, a.user+a.system, a.ended FROM run r LEFT JOIN attempt a "
                                "ON a.key=r.key AND a.campaign=r.campaign WHERE r.campaign=? ORDER BY r.position, "
                                "a.number"));
  rows->bind(campaign.id);
  std::int64_t run = -1;
  Outcome last = Outcome::kNotStarted;
  Stamp ended = campaign.started;
  const auto take_run = [&] {
    totals.complete += is_complete(last) ? 1 : 0;
    totals.failed += is_complete(last) || last == Outcome::kCancelled || last == Outcome::kNotStarted ? 0 : 1;
  };
  while (true) {
    SIMSWARM_TRY(const bool row, rows->step());
    if (!row) break;
    if (rows->number(0) != run) {
      take_run();
      run = rows->number(0);
      last = Outcome::kNotStarted;
      ++totals.total;
    }
    if (!rows->has(1)) continue;
    last = outcome_from(rows->text(1)).value_or(Outcome::kIncomplete);
    totals.cpu_seconds += rows->real(2);
    ended = std::max(ended, stamp_of(rows->number(3)));
  }
  take_run();
  totals.total = std::max(totals.total, campaign.planned);
  totals.complete += totals.known;
  totals.not_run = totals.total - std::min(totals.total, totals.complete + totals.failed);
  totals.wall_seconds = Seconds(campaign.ended.value_or(ended) - campaign.started).count();
  return totals;
}

Status read_accepted(Database& database, const std::string& campaign,
                     const std::function<Status(const AcceptedRun&)>& take) {
  // CROSS JOIN holds SQLite to this order: the runs by position, without sorting them.
  SIMSWARM_TRY(const auto rows,
               database.prepare(fmt::format("SELECT {}, s.accepted, r.config, r.number, r.variables, r.repetition, "
                                            "r.seed_set FROM run r CROSS JOIN result s ON s.key=r.key CROSS JOIN "
                                            "attempt a ON a.key=s.key AND a.number=s.attempt WHERE r.campaign=? ORDER "
                                            "BY r.position",
                                            kAttemptColumns)));
  SIMSWARM_TRY(const auto files, database.prepare("SELECT path,size,digest,device,inode,mtime,ctime FROM file WHERE "
                                                  "key=? ORDER BY path"));
  rows->bind(campaign);
  while (true) {
    SIMSWARM_TRY(const bool row, rows->step());
    if (!row) return {};
    AcceptedRun run;
    run.attempt = read_attempt(*rows);
    run.accepted = stamp_of(rows->number(kAttemptColumnCount));
    run.planned = {read_run(*rows, kAttemptColumnCount + 1), run.attempt.key};
    files->bind(run.attempt.key.digest.hex());
    while (true) {
      SIMSWARM_TRY(const bool file, files->step());
      if (!file) break;
      run.files.push_back(read_file_row(*files));
    }
    SIMSWARM_CHECK(take(run));
  }
}

}  // namespace simswarm::ledger
