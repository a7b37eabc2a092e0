// Ledgers as they are found: of an older version, damaged, locked, not writable.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "ledger/schema.h"
#include "ledger/sqlite.h"
#include "ledger_support.h"

namespace simswarm {
namespace {

using ledger::Database;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;

// The tables of version 1 as they were: not to be changed, whatever becomes of schema.h.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE campaign(id TEXT PRIMARY KEY, name TEXT, dialect TEXT, folder TEXT, command TEXT, started INTEGER, ended INTEGER,
  state TEXT, host TEXT, version TEXT) WITHOUT ROWID;
CREATE TABLE campaign_input(campaign TEXT, path TEXT, digest TEXT, PRIMARY KEY(campaign, path)) WITHOUT ROWID;
CREATE TABLE campaign_part(campaign TEXT, config TEXT, position INTEGER, name TEXT, value TEXT,
  PRIMARY KEY(campaign, config, position)) WITHOUT ROWID;
CREATE TABLE run(campaign TEXT, position INTEGER, key TEXT, config TEXT, number INTEGER, variables TEXT, repetition INTEGER,
  seed_set TEXT, PRIMARY KEY(campaign, position)) WITHOUT ROWID;
CREATE INDEX run_key ON run(key);
CREATE TABLE attempt(key TEXT, number INTEGER, campaign TEXT, outcome TEXT, message TEXT, simulated_time TEXT, event INTEGER,
  module TEXT, wall REAL, user REAL, system REAL, peak_memory INTEGER, result_bytes INTEGER, events INTEGER, started INTEGER,
  ended INTEGER, exit_code INTEGER, host TEXT, command TEXT, output TEXT, errors TEXT, own TEXT,
  PRIMARY KEY(key, number)) WITHOUT ROWID;
CREATE TABLE result(key TEXT PRIMARY KEY, attempt INTEGER, accepted INTEGER) WITHOUT ROWID;
CREATE TABLE file(key TEXT, path TEXT, size INTEGER, digest TEXT, device INTEGER, inode INTEGER, mtime INTEGER, ctime INTEGER,
  PRIMARY KEY(key, path)) WITHOUT ROWID;
CREATE INDEX file_path ON file(path);
CREATE TABLE written(path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE intent(key TEXT PRIMARY KEY, attempt INTEGER, folder TEXT, kept TEXT) WITHOUT ROWID;
CREATE TABLE intent_file(key TEXT, path TEXT, size INTEGER, digest TEXT, staged TEXT, PRIMARY KEY(key, path)) WITHOUT ROWID;
CREATE TABLE digest(device INTEGER, inode INTEGER, size INTEGER, mtime INTEGER, ctime INTEGER, digest TEXT,
  PRIMARY KEY(device, inode)) WITHOUT ROWID;
CREATE TABLE claim(key TEXT PRIMARY KEY, owner TEXT) WITHOUT ROWID;
PRAGMA user_version=1;
)sql";

constexpr const char* kCampaigns1 = R"sql(
INSERT INTO campaign VALUES('01B','second','cmdenv','/w','["./a"]',20,30,'completed','h','0.1');
INSERT INTO campaign VALUES('01A','first','cmdenv','/w','["./a"]',10,0,'running','h','0.1');
INSERT INTO run VALUES('01A',0,'KEY','X',3,'[]',1,'5');
INSERT INTO attempt VALUES('KEY',1,'01A','completed','','50',-1,'',1.5,1.0,0.5,7,8,9,11,12,0,'h','["./a"]','out','err','own');
INSERT INTO result VALUES('KEY',1,13);
INSERT INTO file VALUES('KEY','results/a.sca',3,'KEY',1,2,3,4);
)sql";

class FoundLedger : public testing::Test {
 protected:
  void make(const std::string& sql) const {
    folder_.folder("state");
    const auto database = Database::open(file()).value();
    ASSERT_EQ(error_of(database->execute(sql)), "no error");
  }
  void make_whole() const {
    const auto ledger = Ledger::open(state()).value();
    std::vector<PlannedRun> runs;
    for (int i = 0; i < 500; ++i) runs.push_back({{"X", i, {}, 0, ""}, key(std::to_string(i))});
    CampaignRecord campaign;
    campaign.id = "01A";
    ASSERT_TRUE(ledger->begin_campaign(campaign, {}, runs).has_value());
  }
  [[nodiscard]] fs::path state() const { return folder_ / "state"; }
  [[nodiscard]] fs::path file() const { return state() / "ledger.sqlite"; }
  [[nodiscard]] std::string opening() const { return error_of(Ledger::open(state())); }
  [[nodiscard]] std::int64_t number(const std::string& sql) const {
    const auto database = Database::open(file()).value();
    const auto rows = database->prepare(sql).value();
    return rows->step().value() ? rows->number(0) : -1;
  }

  TestFolder folder_;
};

std::string with_key(std::string sql) {
  for (std::size_t at = sql.find("KEY'"); at != std::string::npos; at = sql.find("KEY'", at + 1))
    sql.replace(at, 3, key("a").digest.hex());
  return sql;
}

TEST_F(FoundLedger, OfVersion1IsUpgradedAndKeepsWhatIsInIt) {
  make(std::string(kVersion1) + with_key(kCampaigns1));
  const auto ledger = Ledger::open(state()).value();
  EXPECT_EQ(number("PRAGMA user_version"), 3);
  const auto campaigns = ledger->campaigns().value();
  ASSERT_EQ(campaigns.size(), 2U);
  EXPECT_EQ(campaigns[0].id, "01B") << "the order that their ids gave";
  EXPECT_EQ(campaigns[1].name, "first");
  EXPECT_EQ(campaigns[0].provenance.commit, "");
  EXPECT_EQ(campaigns[0].provenance.uncommitted, std::nullopt);
  EXPECT_FALSE(campaigns[0].totals.has_value());
  EXPECT_EQ(ledger->count_runs(campaigns[1]).value().complete, 1U);
  const auto result = ledger->result_of(key("a")).value();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->usage.wall_seconds, 1.5);
  EXPECT_EQ(result->files.at(0).path, "results/a.sca");
  EXPECT_EQ(ledger->log_of(key("a"), 1).value()->own, "own");
  EXPECT_TRUE(ledger->remember("x", "y").has_value());
  CampaignRecord next;
  next.id = "00Z";
  ASSERT_TRUE(ledger->begin_campaign(next, {}, {}).has_value());
  EXPECT_EQ(ledger->campaigns().value().at(0).id, "00Z") << "newest, though its id is not the highest";
}

TEST_F(FoundLedger, OfVersion1MayHaveHadTheMemo) {
  make(std::string(kVersion1) +
       "CREATE TABLE memo(name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;"
       "INSERT INTO memo VALUES('x','y');");
  const auto ledger = Ledger::open(state()).value();
  EXPECT_EQ(ledger->recall("x").value(), "y");
}

TEST_F(FoundLedger, HasTheSameTablesWhetherNewOrUpgraded) {
  make(kVersion1);
  EXPECT_EQ(opening(), "no error");
  const auto tables = [](const fs::path& path) {
    const auto database = Database::open(path).value();
    const auto rows = database->prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").value();
    std::vector<std::string> found;
    while (rows->step().value()) found.push_back(rows->text(0));
    return found;
  };
  ASSERT_EQ(error_of(Ledger::open(folder_ / "new")), "no error");
  EXPECT_EQ(tables(file()), tables(folder_ / "new/ledger.sqlite"));
  EXPECT_GT(tables(file()).size(), 10U);
}

TEST_F(FoundLedger, IsUpgradedWhollyOrNotAtAll) {
  // The last of the new columns is there already: the step fails after it has added the others.
  make(std::string(kVersion1) + "ALTER TABLE campaign ADD COLUMN not_run INTEGER;");
  EXPECT_THAT(opening(), HasSubstr("duplicate column name: not_run"));
  EXPECT_EQ(number("PRAGMA user_version"), 1);
  EXPECT_EQ(number("SELECT COUNT(*) FROM pragma_table_info('campaign')"), 11);
}

TEST_F(FoundLedger, ThatIsCutShortIsRefusedAndLeftAsItIs) {
  make_whole();
  const std::uint64_t size = fs::file_size(file());
  for (const std::uint64_t left : {size / 2, size - 1, std::uint64_t{4096}, std::uint64_t{1000}, std::uint64_t{50}}) {
    const fs::path whole = folder_ / "whole";
    if (!fs::exists(whole)) fs::copy_file(file(), whole);
    fs::copy_file(whole, file(), fs::copy_options::overwrite_existing);
    fs::resize_file(file(), left);
    const std::string before = folder_.read("state/ledger.sqlite");
    const std::string trouble = opening();
    EXPECT_THAT(trouble,
                AllOf(HasSubstr("the ledger " + file().string() + " is damaged ("), HasSubstr("bring back a copy")))
        << left << " bytes of " << size;
    EXPECT_EQ(folder_.read("state/ledger.sqlite"), before) << left;
  }
}

TEST_F(FoundLedger, ThatWasEmptiedIsNotTakenForANewOne) {
  make_whole();
  folder_.folder("state/alive");  // a campaign has been run
  fs::resize_file(file(), 0);
  EXPECT_THAT(opening(), HasSubstr("is damaged (it is empty, but campaigns have been run here)"));
  EXPECT_EQ(fs::file_size(file()), 0U);
  fs::remove(file());
  EXPECT_EQ(opening(), "no error") << "moved away, it is begun anew";
}

// A process of its own that holds the write lock until it is told to let go.
class LockHolder {
 public:
  explicit LockHolder(const fs::path& file) {
    std::array<int, 2> ready{};
    std::array<int, 2> stop{};
    if (::pipe(ready.data()) != 0 || ::pipe(stop.data()) != 0) ADD_FAILURE() << "no pipe";
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(stop[1]);
      const auto database = Database::open(file);
      const bool locked = database && (*database)->execute("BEGIN IMMEDIATE").has_value();
      char word = locked ? 'y' : 'n';
      (void)!::write(ready[1], &word, 1);
      (void)!::read(stop[0], &word, 1);
      ::_exit(0);
    }
    stop_ = stop[1];
    ::close(stop[0]);
    ::close(ready[1]);
    char word = 0;
    EXPECT_EQ(::read(ready[0], &word, 1), 1);
    EXPECT_EQ(word, 'y');
    ::close(ready[0]);
  }
  LockHolder(const LockHolder&) = delete;
  LockHolder& operator=(const LockHolder&) = delete;
  ~LockHolder() { end(); }
  void end() {
    if (pid_ < 0) return;
    ::close(stop_);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int stop_ = -1;
};

class LockedLedger : public FoundLedger {
 protected:
  LockedLedger() { make_whole(); }
  ~LockedLedger() override { ::unsetenv("SIMSWARM_LEDGER_WAIT"); }
};

TEST_F(LockedLedger, NamesWhoHoldsItWhenItTakesTooLong) {
  LockHolder holder(file());
  ::setenv("SIMSWARM_LEDGER_WAIT", "0.1", 1);
  const auto ledger = Ledger::open(state()).value();
  EXPECT_EQ(ledger->campaigns().value().size(), 1U) << "reading needs no lock";
  const Status status = ledger->remember("x", "y");
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ExitCode::kEnvironment);
  EXPECT_TRUE(status.error().can_retry);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("the ledger " + file().string() + " is locked by process " +
                              std::to_string(holder.pid()) + " (unit_ledger), for more than 100 ms now"),
                    HasSubstr("call again; nothing is lost")));
  holder.end();
  EXPECT_TRUE(ledger->remember("x", "y").has_value());
}

TEST_F(LockedLedger, IsWaitedFor) {
  LockHolder holder(file());
  const auto ledger = Ledger::open(state()).value();
  std::string trouble = "not done";
  std::thread writer([&] { trouble = error_of(ledger->remember("x", "y")); });
  holder.end();
  writer.join();
  EXPECT_EQ(trouble, "no error");
  EXPECT_EQ(ledger->recall("x").value(), "y");
}

TEST_F(LockedLedger, IsNotWaitedForWithoutEndWhileAnotherOpensIt) {
  const Fd opening_lock(::open((state() / "open.lock").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(opening_lock.get(), LOCK_EX), 0);
  ::setenv("SIMSWARM_LEDGER_WAIT", "0.1", 1);
  EXPECT_THAT(opening(), HasSubstr("open.lock is locked by another process, for more than 100 ms now"));
}

// As root, who may write everywhere, somebody else tries.
std::string opening_as_nobody(const fs::path& state) {
  constexpr uid_t kNobody = 65534;
  std::array<int, 2> words{};
  if (::pipe(words.data()) != 0) return "no pipe";
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(1);
    const std::string trouble = error_of(Ledger::open(state));
    ::_exit(::write(words[1], trouble.data(), trouble.size()) < 0 ? 1 : 0);
  }
  ::close(words[1]);
  std::string text(4096, '\0');
  const ssize_t got = ::read(words[0], text.data(), text.size());
  ::close(words[0]);
  ::waitpid(pid, nullptr, 0);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

TEST_F(FoundLedger, InAFolderThatCannotBeWrittenSaysWhatToDo) {
  make_whole();
  fs::remove(state() / "open.lock");
  fs::permissions(state(), fs::perms::owner_read | fs::perms::owner_exec | fs::perms::group_read |
                               fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec);
  EXPECT_EQ(opening_as_nobody(state()), (state() / "open.lock").string() +
                                            " cannot be written (Permission denied), and simswarm keeps there what it "
                                            "knows: make it writable, or name another state folder with --state");
  EXPECT_THAT(opening_as_nobody(state() / "other"),
              MatchesRegex(".*/other cannot be written \\(Permission denied\\), and simswarm keeps there .*"));
  fs::permissions(state(), fs::perms::owner_all);
  EXPECT_EQ(opening(), "no error");
}

}  // namespace
}  // namespace simswarm
