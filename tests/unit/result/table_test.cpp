#include "result/table.h"

#include <gmock/gmock.h>

#include <cmath>

#include "result_support.h"

namespace simswarm::result {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;

Result<Table> table_of(const std::string& content, const std::string& name = "t.csv") {
  TestFolder folder;
  return read_table(folder.write(name, content));
}

TEST(Tables, HaveColumnsOfNumbersAndOfText) {
  const auto table = table_of("load,scheduler,delay\n0.5,fifo,1e-3\n0.9,wfq,\n");
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->rows, 2U);
  EXPECT_THAT(table->find("load")->numbers, ElementsAre(0.5, 0.9));
  EXPECT_FALSE(table->find("scheduler")->is_numeric());
  EXPECT_THAT(table->find("scheduler")->text, ElementsAre("fifo", "wfq"));
  EXPECT_TRUE(std::isnan(table->find("delay")->numbers.at(1)));
  EXPECT_EQ(table->find("none"), nullptr);
}

TEST(Tables, TakeQuotesCommentsEmptyLinesMarksAndLineEndsOfWindows) {
  const auto table =
      table_of("\xEF\xBB\xBF# made by a script\r\nname,\"the value\"\r\n\r\n\"a, \"\"b\"\"\r\nc\",1\r\n#x\r\n\"\",2");
  ASSERT_TRUE(table.has_value()) << table.error().message;
  EXPECT_EQ(table->columns.at(1).name, "the value");
  EXPECT_THAT(table->columns.at(0).text, ElementsAre("a, \"b\"\nc", ""));
  EXPECT_THAT(table->columns.at(1).numbers, ElementsAre(1, 2));
}

TEST(Tables, FindTheirSeparator) {
  EXPECT_EQ(table_of("a\tb,c\td\n1\t2\t3\n")->columns.size(), 3U);
  EXPECT_EQ(table_of("a;b\n1,5;2\n")->columns.at(0).text.at(0), "1,5");
  EXPECT_EQ(table_of("only\n1\n", "t.tsv")->columns.size(), 1U);
}

TEST(Tables, AllOfWhoseCellsAreEmptyAreText) {
  EXPECT_FALSE(table_of("a,b\n1,\n2,\n")->find("b")->is_numeric());
}

TEST(Tables, ThatAreMalformedAreRefusedWithTheLine) {
  EXPECT_THAT(table_of("a,b\n1,2\n3\n").error().message, EndsWith("t.csv:3: 1 cells where the header has 2"));
  EXPECT_THAT(table_of("a,b\n1,\"2\n3,4\n").error().message,
              EndsWith("t.csv:2: a quote that opens in this row is not closed"));
  EXPECT_THAT(table_of("a,a\n").error().message, EndsWith("t.csv:1: two columns are called «a»"));
  EXPECT_THAT(table_of("# nothing\n\n").error().message, EndsWith("t.csv: is no table: there is no header line"));
}

TEST(KeyValues, AreLinesWithAnEqualsSign) {
  TestFolder folder;
  const auto entries =
      read_key_values(folder.write("r.txt", "# result\nthroughput = 3.5\r\nlabel=\"a = b\"\n\nempty =\n"));
  ASSERT_TRUE(entries.has_value());
  EXPECT_THAT(*entries, ElementsAre(Entry{"throughput", "3.5"}, Entry{"label", "a = b"}, Entry{"empty", ""}));
  EXPECT_THAT(read_key_values(folder.write("s.txt", "a=1\nfinished\n")).error().message,
              EndsWith("s.txt:2: «name = value» expected"));
}

}  // namespace
}  // namespace simswarm::result
