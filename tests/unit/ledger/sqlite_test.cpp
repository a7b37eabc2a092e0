#include "ledger/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/schema.h"
#include "ledger_support.h"

namespace simswarm {
namespace {

using ledger::Database;
using testing::HasSubstr;

// A ledger whose file is looked at, or broken, from outside.
class LedgerFile : public LedgerTest {
 protected:
  LedgerFile() { ledger_.reset(); }
  void execute(const std::string& sql) {
    const auto database = Database::open(folder_ / "state/ledger.sqlite").value();
    ASSERT_EQ(error_of(database->execute(sql)), "no error");
  }
  [[nodiscard]] std::string opening() const { return error_of(Ledger::open(folder_ / "state")); }
  [[nodiscard]] std::string path() const { return (folder_ / "state/ledger.sqlite").string(); }
};

TEST_F(LedgerFile, SaysWhichVersionItIs) {
  const auto database = Database::open(folder_ / "state/ledger.sqlite").value();
  const auto version = database->prepare("PRAGMA user_version").value();
  ASSERT_TRUE(version->step().value());
  EXPECT_EQ(version->integer(0), ledger::kVersion);
}

TEST_F(LedgerFile, OfANewerVersionIsRefusedAndLeftAlone) {
  execute("PRAGMA user_version=9");
  EXPECT_EQ(opening(), "the ledger " + path() +
                           " is of version 9, this simswarm knows versions up to 3: use the newer simswarm, or another "
                           "state folder");
  execute("PRAGMA user_version=3");
  EXPECT_EQ(opening(), "no error");
}

TEST_F(LedgerFile, ThatIsNoDatabaseIsCalledDamaged) {
  folder_.write("state/ledger.sqlite", std::string(8192, 'x'));
  EXPECT_THAT(opening(), HasSubstr("the ledger " + path() + " is damaged ("));
  EXPECT_THAT(opening(), HasSubstr("move it away to start anew: results in their folders stay"));
  EXPECT_EQ(folder_.read("state/ledger.sqlite"), std::string(8192, 'x')) << "it is not touched";
}

TEST_F(LedgerFile, WithDamagedPagesIsCalledDamagedWhenTheyAreRead) {
  execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE");
  std::string content = folder_.read("state/ledger.sqlite");
  for (std::size_t i = 4096; i < content.size(); ++i) content[i] = 'x';
  folder_.write("state/ledger.sqlite", content);
  const auto ledger = Ledger::open(folder_ / "state");
  const std::string trouble = ledger ? error_of((*ledger)->campaigns()) : error_of(ledger);
  EXPECT_THAT(trouble, HasSubstr("is damaged"));
}

TEST_F(LedgerFile, OfZeroBytesIsANewOne) {
  for (const char* name : {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}) {
    fs::remove(folder_ / "state" / name);
  }
  folder_.write("state/ledger.sqlite", "");
  EXPECT_EQ(opening(), "no error");
}

TEST_F(LedgerFile, ThatIsAFolderCannotBeOpened) {
  TestFolder other;
  other.folder("ledger.sqlite");
  EXPECT_EQ(error_of(Ledger::open(other.path())),
            "cannot open the ledger " + (other / "ledger.sqlite").string() + ": unable to open database file");
}

TEST_F(LedgerFile, KeepsTheRulesOfAnotherGitignore) {
  folder_.write("state/.gitignore", "mine\n");
  EXPECT_EQ(opening(), "no error");
  EXPECT_EQ(folder_.read("state/.gitignore"), "mine\n");
}

TEST_F(LedgerFile, TransactionsComeToNothingUnlessCommitted) {
  const auto database = Database::open(folder_ / "state/ledger.sqlite").value();
  {
    const auto transaction = ledger::Transaction::begin(*database).value();
    ASSERT_TRUE(database->execute("INSERT INTO written VALUES('x')").has_value());
  }
  {
    const auto transaction = ledger::Transaction::begin(*database).value();
    ASSERT_TRUE(database->execute("INSERT INTO written VALUES('y')").has_value());
    ASSERT_TRUE(transaction->commit().has_value());
  }
  const auto ledger = Ledger::open(folder_ / "state").value();
  EXPECT_THAT(ledger->written_paths().value(), testing::ElementsAre("y"));
}

TEST_F(LedgerFile, StatementsTakeValuesOfAllKindsAgainAndAgain) {
  const auto database = Database::open(":memory:").value();
  ASSERT_TRUE(database->execute("CREATE TABLE t(a, b, c)").has_value());
  const auto add = database->prepare("INSERT INTO t VALUES(?,?,?)").value();
  ASSERT_TRUE(add->bind(std::int64_t{1} << 40).bind(0.5).bind(std::string_view("x\0y", 3)).run().has_value());
  ASSERT_TRUE(add->bind(-1).bind(-0.5).bind(std::string_view()).run().has_value());
  const auto rows = database->prepare("SELECT a, b, c FROM t ORDER BY a DESC").value();
  ASSERT_TRUE(rows->step().value());
  EXPECT_EQ(rows->number(0), std::int64_t{1} << 40);
  EXPECT_EQ(rows->real(1), 0.5);
  EXPECT_EQ(rows->text(2), std::string("x\0y", 3));
  ASSERT_TRUE(rows->step().value());
  EXPECT_EQ(rows->integer(0), -1);
  EXPECT_EQ(rows->text(2), "");
  EXPECT_FALSE(rows->step().value());
  EXPECT_TRUE(rows->step().value()) << "after the last row it begins anew";
}

TEST_F(LedgerFile, WrongStatementsAreErrorsWithTheFile) {
  const auto database = Database::open(folder_ / "state/ledger.sqlite").value();
  EXPECT_THAT(error_of(database->prepare("SELECT * FROM nowhere")),
              HasSubstr("the ledger " + path() + ": no such table: nowhere"));
}

}  // namespace
}  // namespace simswarm
