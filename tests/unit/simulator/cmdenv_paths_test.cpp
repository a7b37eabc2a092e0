#include "simulator/cmdenv_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

TEST(Paths, ReadEachIniFileOnce) {
  TestFolder folder;
  std::string content = "include sub/names.ini\n";
  for (int i = 0; i < 8; ++i)
    content += "include omnetpp.ini\n" + ("include omnetpp.ini" + std::string(1, '\0')) + fmt::format("{}\n", i);
  folder.write("omnetpp.ini", content);
  folder.write("sub/names.ini", "output-scalar-file = \"x.sca\"\ninclude ../omnetpp.ini\n");
  const auto words = read_words({"./aloha"});
  ASSERT_TRUE(words.has_value());
  const Paths paths(folder.path(), *words);
  const RunConfig config{{"General", 0, {}, 0, "0"}, {{"output-scalar-file", "\"x.sca\""}}};
  EXPECT_EQ(paths.files_of(config, names_of(config)).scalars, "sub/x.sca") << "beside the file that names it";
}

}  // namespace
}  // namespace simswarm::cmdenv
