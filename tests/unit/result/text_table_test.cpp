#include "result/text_table.h"

#include <gtest/gtest.h>

#include "result/width.h"

namespace simswarm::result {
namespace {

TEST(Width, IsThatOfTheTerminal) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("Zähler µ"), 8U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("網路"), 4U);
  EXPECT_EQ(display_width("\xff\xc3"), 2U);
  EXPECT_EQ(shortened("weighted", 5), "weig…");
  EXPECT_EQ(shortened("weighted", 5, false), "weig~");
  EXPECT_EQ(shortened("網路網路", 4 + 1), "網路…");
  EXPECT_EQ(shortened("fits", 4), "fits");
}

TEST(TextTables, AlignNumbersAtTheRightAndTextAtTheLeft) {
  TextTable table({"run", "scheduler", "delay"});
  table.add_row({"9", "fifo", "1.5 s"});
  table.add_row({"10", "Zähler", "12 s"});
  table.add_row({"11", "網路"});
  EXPECT_EQ(table.render(),
            "run  scheduler  delay\n"
            "───  ─────────  ─────\n"
            "  9  fifo       1.5 s\n"
            " 10  Zähler      12 s\n"
            " 11  網路\n");
}

TEST(TextTables, CutTheLongestColumnsToTheTerminal) {
  TextTable table({"name", "message"});
  table.add_row({"Aloha#3", "a very long message\nin two lines"});
  EXPECT_EQ(table.render({.unicode = false, .width = 24}),
            "name     message\n"
            "-------  ---------------\n"
            "Aloha#3  a very long me~\n");
}

TEST(TextTables, CanBeToldHowToAlign) {
  TextTable table({"id", "x"});
  table.align(0, Align::kLeft);
  table.align(1, Align::kRight);
  table.add_row({"1", "a"});
  table.add_row({"22", "bbb"});
  EXPECT_EQ(table.render({.unicode = false}), "id    x\n--  ---\n1     a\n22  bbb\n");
}

}  // namespace
}  // namespace simswarm::result
