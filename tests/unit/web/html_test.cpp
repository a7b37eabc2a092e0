#include "web/html.h"

#include <gmock/gmock.h>

namespace simswarm::web {
namespace {

using testing::HasSubstr;

TEST(Escaped, LeavesTextAsItIs) {
  EXPECT_EQ(escaped("Größe 12 µm, 模型 😀"), "Größe 12 µm, 模型 😀");
}

TEST(Escaped, MakesMarkupHarmless) {
  EXPECT_EQ(escaped("<script>alert(\"1\" + '&')</script>"),
            "&lt;script&gt;alert(&quot;1&quot; + &#39;&amp;&#39;)&lt;/script&gt;");
}

TEST(Escaped, ShowsWhatCannotBeSeen) {
  EXPECT_EQ(escaped(std::string("a\0b\x1b[31m\x7f", 9)), "a‹U+0000›b‹U+001B›[31m‹U+007F›");
  EXPECT_EQ(escaped("abc\u202Egnp.exe\u2066\u200B\uFEFF\u0085"), "abc‹U+202E›gnp.exe‹U+2066›‹U+200B›‹U+FEFF›‹U+0085›");
  EXPECT_EQ(escaped("two\nlines\tand a tab"), "two lines and a tab");
}

TEST(Escaped, ReplacesWhatIsNoUtf8) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(escaped("a\xff"), "a" + mark);
  EXPECT_EQ(escaped("\xc0\xbcscript"), mark + mark + "script");       // «<», longer than it may be
  EXPECT_EQ(escaped("\xe0\x80\xbc"), mark + mark + mark);             // likewise
  EXPECT_EQ(escaped("\xed\xa0\x80"), mark + mark + mark);             // half of a pair
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), mark + mark + mark + mark);  // beyond Unicode
  EXPECT_EQ(escaped("\xe2\x82<b>"), mark + mark + "&lt;b&gt;");       // cut off
  EXPECT_EQ(escaped("\xe2\x82"), mark + mark);
}

TEST(Escaped, CutsWhatIsLong) {
  EXPECT_EQ(escaped("äöü&", 3), "äöü…");
  EXPECT_EQ(escaped("äöü", 3), "äöü");
  EXPECT_LT(escaped(std::string(5U << 20U, '<')).size(), 2'000U);
}

TEST(HtmlTable, EscapesCellsAndHeader) {
  HtmlTable table({"a<b"});
  table.add_row({{"<i>", "number bad"}});
  EXPECT_THAT(table.html("none"), HasSubstr("<th scope=\"col\">a&lt;b</th>"));
  EXPECT_THAT(table.html("none"), HasSubstr("<td class=\"number bad\">&lt;i&gt;</td>"));
}

TEST(HtmlTable, SaysThatThereIsNothing) {
  EXPECT_EQ(HtmlTable({"a"}).html("nothing & nobody"), "<p class=\"quiet\">nothing &amp; nobody</p>\n");
}

}  // namespace
}  // namespace simswarm::web
