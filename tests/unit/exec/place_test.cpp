#include "exec/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "test_folder.h"

namespace simswarm::exec {
namespace {

using testing::HasSubstr;

TEST(Targets, AreRegularFilesLinksOrNotThere) {
  const TestFolder folder;
  fs::create_symlink("nowhere", folder / "link");
  EXPECT_TRUE(check_target(folder / "none").has_value());
  EXPECT_TRUE(check_target(folder.write("file", "")).has_value());
  EXPECT_TRUE(check_target(folder / "link").has_value());
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(error_of(check_target(folder / "pipe")),
            "the result path " + (folder / "pipe").string() +
                " is no regular file (a device, pipe or socket): it is not touched; name another");
  EXPECT_FALSE(check_target("/dev/null").has_value());
  EXPECT_EQ(check_target("/dev/null").error().code, ExitCode::kUsage);
}

TEST(FoldersOutside, AreSeenThroughLinks) {
  const TestFolder folder;
  const fs::path project = fs::canonical(folder.folder("project"));
  const fs::path elsewhere = fs::canonical(folder.folder("elsewhere"));
  fs::create_symlink("../elsewhere", project / "link");
  fs::create_symlink("around", project / "around");
  EXPECT_EQ(folder_outside({project}, project / "results/new/a.sca"), std::nullopt);
  EXPECT_EQ(folder_outside({project}, project / "link/a.sca"), elsewhere);
  EXPECT_EQ(folder_outside({project, elsewhere}, project / "link/a.sca"), std::nullopt);
  EXPECT_EQ(folder_outside({project}, project / "around/a.sca"), fs::path()) << "it cannot be told";
}

TEST(Describe, TellsLinksByWhereTheyLead) {
  const TestFolder folder;
  folder.write("a", "content");
  fs::create_symlink("a", folder / "to-a");
  fs::create_symlink("b", folder / "to-b");
  EXPECT_EQ(describe("x", folder / "a").value().digest, digest_of("content"));
  EXPECT_EQ(describe("x", folder / "a").value().path, "x");
  EXPECT_NE(describe("x", folder / "to-a").value().digest, describe("x", folder / "to-b").value().digest);
  EXPECT_NE(describe("x", folder / "to-a").value().digest, describe("x", folder / "a").value().digest);
  EXPECT_THAT(error_of(describe("x", folder / "none")), HasSubstr("No such file or directory"));
}

}  // namespace
}  // namespace simswarm::exec
