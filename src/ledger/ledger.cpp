#include "ledger/ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>

#include "base/text.h"
#include "ledger/schema.h"
#include "ledger/sqlite.h"
#include "model/encoding.h"

namespace simswarm {
namespace {

using ledger::Database;
using ledger::Statement;
using ledger::Transaction;

std::int64_t micros(Stamp stamp) {
  return stamp.time_since_epoch().count();
}
Stamp stamp_of(std::int64_t micros) {
  return Stamp(std::chrono::microseconds(micros));
}

Digest digest_from(const std::string& text) {
  return Digest::parse(text).value_or(Digest());
}

// statfs(2): the magic numbers of file systems on which the shared memory of SQLite's WAL does not work.
bool on_network(const fs::path& folder) {
  constexpr std::array<unsigned long, 6> kNetwork{0x6969 /* NFS */,    0xFF534D42 /* CIFS */, 0xFE534D42 /* SMB2 */,
                                                  0x01021997 /* 9P */, 0x00C36400 /* Ceph */, 0x0BD00BD0 /* Lustre */};
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return false;
  const auto type = static_cast<unsigned long>(info.f_type) & 0xFFFFFFFFUL;
  return std::find(kNetwork.begin(), kNetwork.end(), type) != kNetwork.end();
}

Status create_or_check(Database& database, const fs::path& path) {
  SIMSWARM_CHECK(database.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"));
  SIMSWARM_TRY(const auto transaction, Transaction::begin(database));
  SIMSWARM_TRY(const auto version, database.prepare("PRAGMA user_version"));
  SIMSWARM_TRY(const bool row, version->step());
  const int found = row ? version->integer(0) : 0;
  SIMSWARM_CHECK(version->step());
  if (found > ledger::kVersion) {
    return environment_error(
        "the ledger {} is of version {}, this simswarm knows versions up to {}: use the newer simswarm, or "
        "another state folder",
        path.string(), found, ledger::kVersion);
  }
  if (found == 0) {
    SIMSWARM_CHECK(database.execute(ledger::kTables));
    SIMSWARM_CHECK(database.execute(fmt::format("PRAGMA user_version={}", ledger::kVersion)));
  }
  return transaction->commit();
}

Run read_run(const Statement& row, int first) {
  return Run{row.text(first), row.number(first + 1), decode_variables(row.text(first + 2)), row.number(first + 3),
             row.text(first + 4)};
}

constexpr const char* kAttemptColumns =
    "key, number, campaign, outcome, message, simulated_time, event, module, wall, user, system, peak_memory, "
    "result_bytes, "
    "events, started, ended, exit_code, host, command";

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
  return attempt;
}

class SqliteLedger final : public Ledger {
 public:
  explicit SqliteLedger(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Status begin_campaign(const CampaignRecord& campaign, const InputRecord& inputs,
                        std::span<const PlannedRun> runs) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_TRY(const auto insert, database_->prepare("INSERT INTO campaign VALUES(?,?,?,?,?,?,?,?,?,?)"));
    insert->bind(campaign.id)
        .bind(campaign.name)
        .bind(campaign.dialect)
        .bind(campaign.folder)
        .bind(encode(campaign.command));
    insert->bind(micros(campaign.started)).bind(0).bind(campaign.state).bind(campaign.host).bind(campaign.version);
    SIMSWARM_CHECK(insert->run());
    SIMSWARM_CHECK(insert_inputs(campaign.id, inputs));
    SIMSWARM_TRY(const auto add, database_->prepare("INSERT INTO run VALUES(?,?,?,?,?,?,?,?)"));
    std::int64_t position = 0;
    for (const auto& [run, key] : runs) {
      add->bind(campaign.id).bind(position++).bind(key.digest.hex()).bind(run.config).bind(run.number);
      add->bind(encode(run.variables)).bind(run.repetition).bind(run.seed_set);
      SIMSWARM_CHECK(add->run());
    }
    return transaction->commit();
  }

  Status end_campaign(const std::string& id, const std::string& state, Stamp ended) override {
    SIMSWARM_TRY(const auto update, database_->prepare("UPDATE campaign SET state=?, ended=? WHERE id=?"));
    return update->bind(state).bind(micros(ended)).bind(id).run();
  }

  Result<std::vector<CampaignRecord>> campaigns() override {
    SIMSWARM_TRY(const auto rows,
                 database_->prepare("SELECT id,name,dialect,folder,command,started,ended,state,host,version "
                                    "FROM campaign ORDER BY id DESC"));
    std::vector<CampaignRecord> found;
    while (true) {
      SIMSWARM_TRY(const bool row, rows->step());
      if (!row) return found;
      CampaignRecord record{rows->text(0),
                            rows->text(1),
                            rows->text(2),
                            rows->text(3),
                            decode_words(rows->text(4)),
                            stamp_of(rows->number(5)),
                            std::nullopt,
                            rows->text(7),
                            rows->text(8),
                            rows->text(9)};
      if (rows->number(6) > 0) record.ended = stamp_of(rows->number(6));
      found.push_back(std::move(record));
    }
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

  Result<std::optional<ResultRecord>> result_of(const RunKey& key) override {
    if (!result_) {
      SIMSWARM_TRY(result_, database_->prepare(
                                fmt::format("SELECT {} FROM attempt WHERE (key,number) IN (SELECT key,attempt FROM "
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
      SIMSWARM_TRY(attempts_, database_->prepare(
                                  fmt::format("SELECT {} FROM attempt WHERE key=? ORDER BY number", kAttemptColumns)));
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

  Status forget_result(const RunKey& key) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    for (const char* sql : {"DELETE FROM result WHERE key=?", "DELETE FROM file WHERE key=?"}) {
      SIMSWARM_TRY(const auto remove, database_->prepare(sql));
      SIMSWARM_CHECK(remove->bind(key.digest.hex()).run());
    }
    return transaction->commit();
  }

  Status update_files(const RunKey& key, const std::vector<ResultFile>& files) override {
    SIMSWARM_TRY(const auto transaction, Transaction::begin(*database_));
    SIMSWARM_CHECK(replace_files(key, files));
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

  Result<bool> is_planned(const std::string& campaign, const RunKey& key) override {
    SIMSWARM_TRY(const auto rows, database_->prepare("SELECT 1 FROM run WHERE key=? AND campaign=?"));
    return rows->bind(key.digest.hex()).bind(campaign).step();
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
      SIMSWARM_CHECK(replace_files(key, intent.files));
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
                 database_->prepare(fmt::format("SELECT {}, i.folder, i.kept FROM intent i JOIN attempt USING(key) "
                                                "WHERE number=i.attempt",
                                                kAttemptColumns)));
    std::vector<Intent> found;
    while (true) {
      SIMSWARM_TRY(const bool row, rows->step());
      if (!row) break;
      Intent intent;
      intent.attempt = read_attempt(*rows);
      intent.folder = rows->text(19);
      intent.kept = rows->text(20);
      found.push_back(std::move(intent));
    }
    for (Intent& intent : found) SIMSWARM_CHECK(read_intent_files(intent));
    return found;
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

 private:
  Status insert_inputs(const std::string& campaign, const InputRecord& inputs) {
    SIMSWARM_TRY(const auto add_file, database_->prepare("INSERT INTO campaign_input VALUES(?,?,?)"));
    for (const auto& [path, digest] : inputs.files)
      SIMSWARM_CHECK(add_file->bind(campaign).bind(path).bind(digest).run());
    SIMSWARM_TRY(const auto add_part, database_->prepare("INSERT INTO campaign_part VALUES(?,?,?,?,?)"));
    for (const auto& [config, parts] : inputs.parts) {
      int position = 0;
      for (const auto& [name, value] : parts) {
        SIMSWARM_CHECK(add_part->bind(campaign).bind(config).bind(position++).bind(name).bind(value).run());
      }
    }
    return {};
  }

  Status insert_attempt(Attempt& attempt, const AttemptLog& log) {
    if (!last_attempt_) {
      SIMSWARM_TRY(last_attempt_, database_->prepare("SELECT COALESCE(MAX(number),0) FROM attempt WHERE key=?"));
    }
    SIMSWARM_CHECK(last_attempt_->bind(attempt.key.digest.hex()).step());
    attempt.number = last_attempt_->integer(0) + 1;
    SIMSWARM_CHECK(last_attempt_->step());
    SIMSWARM_TRY(const auto add,
                 database_->prepare("INSERT INTO attempt VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
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
    add->bind(log.output).bind(log.errors).bind(log.own);
    return add->run();
  }

  Status replace_files(const RunKey& key, const std::vector<ResultFile>& files) {
    SIMSWARM_TRY(const auto clear, database_->prepare("DELETE FROM file WHERE key=?"));
    SIMSWARM_CHECK(clear->bind(key.digest.hex()).run());
    SIMSWARM_TRY(const auto add, database_->prepare("INSERT INTO file VALUES(?,?,?,?,?,?,?,?)"));
    for (const ResultFile& file : files) {
      add->bind(key.digest.hex()).bind(file.path).bind(file.size).bind(file.digest.hex()).bind(file.identity.device);
      add->bind(file.identity.inode).bind(file.identity.mtime_ns).bind(file.identity.ctime_ns);
      SIMSWARM_CHECK(add->run());
    }
    return {};
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

  static ResultFile read_file_row(const Statement& row) {
    ResultFile file{row.text(0), row.size(1), digest_from(row.text(2)), {}};
    file.identity = {row.size(3), row.size(4), file.size, row.number(5), row.number(6)};
    return file;
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
  SIMSWARM_CHECK(make_folders(state));
  if (on_network(state)) {
    return environment_error(
        "{} is on a network file system, where the ledger cannot be kept safely; name a local folder with --state",
        state.string());
  }
  // Ignores itself in git, whatever the project's own rules say.
  if (!fs::exists(state / ".gitignore")) SIMSWARM_CHECK(write_file(state / ".gitignore", "*\n"));
  const fs::path path = state / "ledger.sqlite";
  // SQLite does not wait for a lock while it changes to WAL: one process at a time opens.
  const Fd opening(::open((state / "open.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!opening.valid() || ::flock(opening.get(), LOCK_EX) != 0)
    return system_error(errno, (state / "open.lock").string());
  SIMSWARM_TRY(auto database, Database::open(path));
  SIMSWARM_CHECK(create_or_check(*database, path));
  return std::make_unique<SqliteLedger>(std::move(database));
}

}  // namespace simswarm
