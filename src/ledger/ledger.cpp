#include "ledger/ledger.h"

#include "ledger/ledger_clean.h"
#include "ledger/ledger_history.h"
#include "ledger/ledger_open.h"
#include "ledger/ledger_rows.h"
#include "ledger/sqlite.h"
#include "model/encoding.h"

namespace simswarm {
namespace {

using ledger::Database;
using ledger::digest_from;
using ledger::kAttemptColumns;
using ledger::micros;
using ledger::read_attempt;
using ledger::read_file_row;
using ledger::read_run;
using ledger::Statement;
using ledger::Transaction;

class SqliteLedger final : public Ledger {
 public:
  explicit SqliteLedger(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Status begin_campaign(const CampaignRecord& campaign, const InputRecord& inputs,
                        std::span<const PlannedRun> runs) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_CHECK(ledger::insert_campaign(*database_, campaign));
    SIMSWARM_CHECK(ledger::insert_inputs(*database_, campaign.id, inputs));
    SIMSWARM_CHECK(ledger::insert_runs(*database_, campaign.id, {}, runs));
    return transaction->commit();
  }

  Status add_runs(const std::string& campaign, std::span<const std::size_t> positions,
                  std::span<const PlannedRun> runs) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_CHECK(ledger::insert_runs(*database_, campaign, positions, runs));
    return transaction->commit();
  }

  Status end_campaign(const std::string& id, const CampaignEnd& end) override {
    SIMSWARM_TRY(const auto update, database_->prepare("UPDATE campaign SET state=?, ended=?, wall=?, cpu=?, total=?, "
                                                       "complete=?, known=?, failed=?, not_run=? WHERE id=?"));
    const CampaignTotals& totals = end.totals;
    update->bind(end.state).bind(micros(end.ended));
    update->bind(totals.wall_seconds).bind(totals.cpu_seconds).bind(totals.total).bind(totals.complete);
    return update->bind(totals.known).bind(totals.failed).bind(totals.not_run).bind(id).run();
  }

  Result<std::vector<CampaignRecord>> campaigns() override { return ledger::read_campaigns(*database_); }

  Result<CampaignTotals> count_runs(const CampaignRecord& campaign) override {
    return ledger::count_runs(*database_, campaign);
  }

  Status each_accepted(const std::string& campaign, const std::function<Status(const AcceptedRun&)>& take) override {
    return ledger::read_accepted(*database_, campaign, take);
  }

  Result<std::vector<PlannedRun>> runs_of(const std::string& campaign) override {
    SIMSWARM_TRY(const auto rows,
                 database_->prepare("SELECT key,config,number,variables,repetition,seed_set FROM run WHERE "
                                    "campaign=? ORDER BY position"));
    rows->bind(campaign);
    std::vector<PlannedRun> found;
    while (true) {
      SIMSWARM_TRY(const bool row, rows->step());
      if (!row) return found;
      found.push_back({read_run(*rows, 1), RunKey{digest_from(rows->text(0))}});
    }
  }

  Result<InputRecord> inputs_of(const std::string& campaign) override {
    InputRecord inputs;
    SIMSWARM_TRY(const auto files, database_->prepare("SELECT path,digest FROM campaign_input WHERE campaign=?"));
    files->bind(campaign);
    while (true) {
      SIMSWARM_TRY(const bool row, files->step());
      if (!row) break;
      inputs.files.emplace(files->text(0), files->text(1));
    }
    SIMSWARM_TRY(const auto parts,
                 database_->prepare("SELECT config,name,value FROM campaign_part WHERE campaign=? ORDER BY "
                                    "config,position"));
    parts->bind(campaign);
    while (true) {
      SIMSWARM_TRY(const bool row, parts->step());
      if (!row) return inputs;
      inputs.parts[parts->text(0)].push_back({parts->text(1), parts->text(2)});
    }
  }

  Status begin_reading() override { return database_->execute("BEGIN"); }
  Status end_reading() override { return database_->execute("COMMIT"); }

  Result<std::int64_t> data_version() override {
    SIMSWARM_TRY(const auto rows, database_->prepare("PRAGMA data_version"));
    SIMSWARM_TRY(const bool row, rows->step());
    return row ? rows->number(0) : 0;
  }

  Result<bool> is_new() override {
    SIMSWARM_TRY(const auto rows, database_->prepare("SELECT 1 FROM attempt LIMIT 1"));
    SIMSWARM_TRY(const bool row, rows->step());
    return !row;
  }

  Result<std::optional<ResultRecord>> result_of(const RunKey& key) override {
    if (!result_) {
      SIMSWARM_TRY(result_, database_->prepare(
                                fmt::format("SELECT {} FROM attempt a WHERE (key,number) IN (SELECT key,attempt FROM "
                                            "result WHERE key=?)",
                                            kAttemptColumns)));
    }
    SIMSWARM_TRY(const bool row, result_->bind(key.digest.hex()).step());
    if (!row) return std::nullopt;
    const Attempt attempt = read_attempt(*result_);
    SIMSWARM_CHECK(result_->step());
    ResultRecord record{key, attempt.number, attempt.campaign, attempt.verdict, attempt.usage, {}};
    SIMSWARM_TRY(record.files, files_of(key));
    return record;
  }

  Result<std::vector<Attempt>> attempts_of(const RunKey& key) override {
    if (!attempts_) {
      SIMSWARM_TRY(attempts_, database_->prepare(fmt::format("SELECT {} FROM attempt a WHERE key=? ORDER BY number",
                                                             kAttemptColumns)));
    }
    attempts_->bind(key.digest.hex());
    std::vector<Attempt> found;
    while (true) {
      SIMSWARM_TRY(const bool row, attempts_->step());
      if (!row) return found;
      found.push_back(read_attempt(*attempts_));
    }
  }

  Result<std::optional<AttemptLog>> log_of(const RunKey& key, int attempt) override {
    SIMSWARM_TRY(const auto rows, database_->prepare("SELECT output,errors,own FROM attempt WHERE key=? AND number=?"));
    SIMSWARM_TRY(const bool row, rows->bind(key.digest.hex()).bind(attempt).step());
    if (!row) return std::nullopt;
    return AttemptLog{rows->text(0), rows->text(1), rows->text(2)};
  }

  Status forget_results(std::span<const RunKey> keys) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    for (const char* sql : {"DELETE FROM result WHERE key=?", "DELETE FROM file WHERE key=?"}) {
      SIMSWARM_TRY(const auto remove, database_->prepare(sql));
      for (const RunKey& key : keys) SIMSWARM_CHECK(remove->bind(key.digest.hex()).run());
    }
    return transaction->commit();
  }

  Status update_files(const RunKey& key, const std::vector<ResultFile>& files) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_CHECK(ledger::replace_files(*database_, key, files));
    return transaction->commit();
  }

  Result<std::vector<std::pair<RunKey, ResultFile>>> files_at(const std::string& path) override {
    if (!files_at_) {
      SIMSWARM_TRY(files_at_,
                   database_->prepare("SELECT path,size,digest,device,inode,mtime,ctime,key FROM file WHERE path=?"));
    }
    files_at_->bind(path);
    std::vector<std::pair<RunKey, ResultFile>> found;
    while (true) {
      SIMSWARM_TRY(const bool row, files_at_->step());
      if (!row) return found;
      found.emplace_back(RunKey{digest_from(files_at_->text(7))}, read_file_row(*files_at_));
    }
  }

  Result<std::size_t> noted_runs(const std::string& campaign) override {
    SIMSWARM_TRY(const auto rows, database_->prepare("SELECT COUNT(*) FROM run WHERE campaign=?"));
    SIMSWARM_TRY(const bool row, rows->bind(campaign).step());
    return row ? static_cast<std::size_t>(rows->size(0)) : 0;
  }

  Result<std::vector<std::string>> written_paths() override {
    SIMSWARM_TRY(const auto rows, database_->prepare("SELECT path FROM written"));
    std::vector<std::string> found;
    while (true) {
      SIMSWARM_TRY(const bool row, rows->step());
      if (!row) return found;
      found.push_back(rows->text(0));
    }
  }

  Status record_attempts(std::vector<Attempt>& attempts, const std::vector<AttemptLog>& logs) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    for (std::size_t i = 0; i < attempts.size(); ++i) SIMSWARM_CHECK(insert_attempt(attempts[i], logs[i]));
    return transaction->commit();
  }

  Status intend(std::vector<Intent>& intents, const std::vector<AttemptLog>& logs) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_TRY(const auto add, database_->prepare("INSERT OR REPLACE INTO intent VALUES(?,?,?,?)"));
    SIMSWARM_TRY(const auto add_file, database_->prepare("INSERT OR REPLACE INTO intent_file VALUES(?,?,?,?,?)"));
    // Already now: another simswarm that plans between rename and «done» must not take a result for an input.
    SIMSWARM_TRY(const auto written, database_->prepare("INSERT OR IGNORE INTO written VALUES(?)"));
    for (std::size_t i = 0; i < intents.size(); ++i) {
      Intent& intent = intents[i];
      SIMSWARM_CHECK(remove_intent(intent.attempt.key));  // of an attempt that was cut off
      SIMSWARM_CHECK(insert_attempt(intent.attempt, logs[i]));
      const std::string& key = intent.attempt.key.digest.hex();
      SIMSWARM_CHECK(add->bind(key).bind(intent.attempt.number).bind(intent.folder).bind(intent.kept).run());
      for (std::size_t f = 0; f < intent.files.size(); ++f) {
        const ResultFile& file = intent.files[f];
        SIMSWARM_CHECK(
            add_file->bind(key).bind(file.path).bind(file.size).bind(file.digest.hex()).bind(intent.staged[f]).run());
        SIMSWARM_CHECK(written->bind(file.path).run());
      }
    }
    return transaction->commit();
  }

  Status done(const std::vector<Intent>& intents) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_TRY(const auto accept, database_->prepare("INSERT OR REPLACE INTO result VALUES(?,?,?)"));
    SIMSWARM_TRY(const auto written, database_->prepare("INSERT OR IGNORE INTO written VALUES(?)"));
    SIMSWARM_TRY(const auto release, database_->prepare("DELETE FROM claim WHERE key=?"));
    for (const Intent& intent : intents) {
      const RunKey& key = intent.attempt.key;
      SIMSWARM_CHECK(
          accept->bind(key.digest.hex()).bind(intent.attempt.number).bind(micros(system_clock().stamp())).run());
      SIMSWARM_CHECK(ledger::replace_files(*database_, key, intent.files));
      for (const ResultFile& file : intent.files) SIMSWARM_CHECK(written->bind(file.path).run());
      SIMSWARM_CHECK(release->bind(key.digest.hex()).run());
      SIMSWARM_CHECK(remove_intent(key));
    }
    return transaction->commit();
  }

  Status give_up(const Attempt& attempt, const Verdict& verdict) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_CHECK(remove_intent(attempt.key));
    SIMSWARM_TRY(const auto update,
                 database_->prepare("UPDATE attempt SET outcome=?, message=? WHERE key=? AND number=?"));
    update->bind(to_text(verdict.outcome)).bind(verdict.message).bind(attempt.key.digest.hex()).bind(attempt.number);
    SIMSWARM_CHECK(update->run());
    return transaction->commit();
  }

  Result<std::vector<Intent>> intents() override {
    SIMSWARM_TRY(const auto rows,
                 database_->prepare(fmt::format("SELECT {}, i.folder, i.kept FROM intent i JOIN attempt a USING(key) "
                                                "WHERE number=i.attempt",
                                                kAttemptColumns)));
    std::vector<Intent> found;
    while (true) {
      SIMSWARM_TRY(const bool row, rows->step());
      if (!row) break;
      Intent intent;
      intent.attempt = read_attempt(*rows);
      intent.folder = rows->text(ledger::kAttemptColumnCount);
      intent.kept = rows->text(ledger::kAttemptColumnCount + 1);
      found.push_back(std::move(intent));
    }
    for (Intent& intent : found) SIMSWARM_CHECK(read_intent_files(intent));
    return found;
  }

  Result<std::vector<RunKey>> known_keys(bool errors, std::size_t most) override {
    std::vector<RunKey> keys;
    SIMSWARM_CHECK(take_keys("SELECT key FROM result ORDER BY accepted DESC LIMIT ?", most, keys));
    if (!errors) return keys;
    SIMSWARM_CHECK(take_keys(
        "SELECT a.key FROM attempt a WHERE a.outcome IN ('model_error','fingerprint_mismatch') AND a.number="
        "(SELECT MAX(number) FROM attempt b WHERE b.key=a.key) AND a.key NOT IN (SELECT key FROM result) LIMIT ?",
        most - std::min(most, keys.size()), keys));
    return keys;
  }

  Result<std::vector<Learned>> learned(const std::string& config) override {
    SIMSWARM_TRY(const auto rows,
                 database_->prepare(
                     "SELECT r.config,r.number,r.variables,r.repetition,r.seed_set,a.wall,a.peak_memory FROM run r "
                     "JOIN result s ON "
                     "s.key=r.key JOIN attempt a "
                     "ON a.key=s.key AND a.number=s.attempt WHERE r.config=? ORDER BY s.accepted DESC LIMIT 10000"));
    rows->bind(config);
    std::vector<Learned> found;
    while (true) {
      SIMSWARM_TRY(const bool row, rows->step());
      if (!row) return found;
      found.push_back({read_run(*rows, 0), rows->real(5), rows->size(6)});
    }
  }

  Status remember(const std::string& name, const std::string& text) override {
    SIMSWARM_TRY(const auto add, database_->prepare("INSERT OR REPLACE INTO memo VALUES(?,?)"));
    return add->bind(name).bind(text).run();
  }

  Result<std::optional<std::string>> recall(const std::string& name) override {
    SIMSWARM_TRY(const auto rows, database_->prepare("SELECT text FROM memo WHERE name=?"));
    SIMSWARM_TRY(const bool row, rows->bind(name).step());
    if (!row) return std::nullopt;
    return rows->text(0);
  }

  Result<std::optional<Digest>> known_digest(const FileIdentity& file) override {
    if (!known_digest_) {
      SIMSWARM_TRY(known_digest_,
                   database_->prepare("SELECT digest FROM digest WHERE device=? AND inode=? AND size=? AND mtime=? "
                                      "AND ctime=?"));
    }
    known_digest_->bind(file.device).bind(file.inode).bind(file.size).bind(file.mtime_ns).bind(file.ctime_ns);
    SIMSWARM_TRY(const bool row, known_digest_->step());
    if (!row) return std::nullopt;
    const Digest digest = digest_from(known_digest_->text(0));
    SIMSWARM_CHECK(known_digest_->step());
    return digest;
  }

  Status remember_digests(const std::vector<std::pair<FileIdentity, Digest>>& digests) override {
    if (digests.empty()) return {};
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_TRY(const auto add, database_->prepare("INSERT OR REPLACE INTO digest VALUES(?,?,?,?,?,?)"));
    for (const auto& [file, digest] : digests) {
      add->bind(file.device)
          .bind(file.inode)
          .bind(file.size)
          .bind(file.mtime_ns)
          .bind(file.ctime_ns)
          .bind(digest.hex());
      SIMSWARM_CHECK(add->run());
    }
    return transaction->commit();
  }

  Result<std::map<std::size_t, std::string>> claim(std::span<const RunKey> keys, const std::string& owner,
                                                   const std::function<bool(const std::string&)>& is_alive) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_TRY(const auto look, database_->prepare("SELECT owner FROM claim WHERE key=?"));
    SIMSWARM_TRY(const auto take, database_->prepare("INSERT OR REPLACE INTO claim VALUES(?,?)"));
    std::map<std::size_t, std::string> others;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      SIMSWARM_TRY(const bool taken, look->bind(keys[i].digest.hex()).step());
      const std::string by = taken ? look->text(0) : std::string();
      if (taken) SIMSWARM_CHECK(look->step());
      if (taken && by != owner && is_alive(by)) {
        others.emplace(i, by);
      } else {
        SIMSWARM_CHECK(take->bind(keys[i].digest.hex()).bind(owner).run());
      }
    }
    SIMSWARM_CHECK(transaction->commit());
    return others;
  }

  Status release(std::span<const RunKey> keys) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_TRY(const auto remove, database_->prepare("DELETE FROM claim WHERE key=?"));
    for (const RunKey& key : keys) SIMSWARM_CHECK(remove->bind(key.digest.hex()).run());
    return transaction->commit();
  }

  Status release(const std::string& owner) override {
    SIMSWARM_TRY(const auto remove, database_->prepare("DELETE FROM claim WHERE owner=?"));
    return remove->bind(owner).run();
  }

  Result<Amount> logs_of(const std::vector<std::string>& campaigns) override {
    return ledger::measure_logs(*database_, campaigns);
  }
  Status drop_logs(const std::vector<std::string>& campaigns) override {
    return ledger::drop_logs(*database_, campaigns);
  }
  Result<std::vector<std::string>> forgettable(const std::vector<std::string>& campaigns) override {
    return ledger::forgettable(*database_, campaigns);
  }
  Result<Amount> records_of(const std::vector<std::string>& campaigns) override {
    return ledger::measure_records(*database_, campaigns);
  }
  Status forget_campaigns(const std::vector<std::string>& campaigns) override {
    return ledger::forget_campaigns(*database_, campaigns);
  }
  Result<std::uint64_t> unused_bytes() override { return ledger::unused_bytes(*database_); }
  Status compact() override {
    reset_statements();  // none may be open
    return ledger::compact(*database_);
  }

 private:
  Status take_keys(const char* question, std::size_t most, std::vector<RunKey>& keys) {
    SIMSWARM_TRY(const auto rows, database_->prepare(question));
    rows->bind(most);
    while (true) {
      SIMSWARM_TRY(const bool row, rows->step());
      if (!row) return {};
      SIMSWARM_TRY(Digest digest, Digest::parse(rows->text(0)));
      keys.push_back({std::move(digest)});
    }
  }

  void reset_statements() {
    for (auto* statement : {&result_, &files_, &last_attempt_, &attempts_, &files_at_, &known_digest_})
      statement->reset();
  }

  Status insert_attempt(Attempt& attempt, const AttemptLog& log) {
    if (!last_attempt_) {
      SIMSWARM_TRY(last_attempt_, database_->prepare("SELECT COALESCE(MAX(number),0) FROM attempt WHERE key=?"));
    }
    SIMSWARM_CHECK(last_attempt_->bind(attempt.key.digest.hex()).step());
    attempt.number = last_attempt_->integer(0) + 1;
    SIMSWARM_CHECK(last_attempt_->step());
    return ledger::insert_attempt(*database_, attempt, log);
  }

  Status remove_intent(const RunKey& key) {
    for (const char* sql : {"DELETE FROM intent WHERE key=?", "DELETE FROM intent_file WHERE key=?"}) {
      SIMSWARM_TRY(const auto remove, database_->prepare(sql));
      SIMSWARM_CHECK(remove->bind(key.digest.hex()).run());
    }
    return {};
  }

  Status read_intent_files(Intent& intent) {
    SIMSWARM_TRY(const auto rows,
                 database_->prepare("SELECT path,size,digest,staged FROM intent_file WHERE key=? ORDER BY path"));
    rows->bind(intent.attempt.key.digest.hex());
    while (true) {
      SIMSWARM_TRY(const bool row, rows->step());
      if (!row) return {};
      intent.files.push_back({rows->text(0), rows->size(1), digest_from(rows->text(2)), {}});
      intent.staged.push_back(rows->text(3));
    }
  }

  Result<std::vector<ResultFile>> files_of(const RunKey& key) {
    if (!files_) {
      SIMSWARM_TRY(files_, database_->prepare(
                               "SELECT path,size,digest,device,inode,mtime,ctime FROM file WHERE key=? ORDER BY path"));
    }
    files_->bind(key.digest.hex());
    std::vector<ResultFile> found;
    while (true) {
      SIMSWARM_TRY(const bool row, files_->step());
      if (!row) return found;
      found.push_back(read_file_row(*files_));
    }
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Statement> result_;
  std::unique_ptr<Statement> files_;
  std::unique_ptr<Statement> last_attempt_;
  std::unique_ptr<Statement> attempts_;
  std::unique_ptr<Statement> files_at_;
  std::unique_ptr<Statement> known_digest_;
};

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const fs::path& state) {
  SIMSWARM_TRY(auto database, ledger::open_database(state));
  return std::make_unique<SqliteLedger>(std::move(database));
}

}  // namespace simswarm
