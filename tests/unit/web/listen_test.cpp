#include "web/listen.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "raw_client.h"
#include "test_folder.h"

namespace simswarm::web {
namespace {

using testing::HasSubstr;

TEST(ListenUnix, IsForOwnerAndGroup) {
  const TestFolder folder;
  const auto listening = listen_unix(folder / "x.sock");
  ASSERT_TRUE(listening.has_value()) << error_of(listening);
  struct stat seen {};
  ASSERT_EQ(::stat((folder / "x.sock").c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777U, 0660U);
  EXPECT_EQ(listening->shown, "unix://" + (folder / "x.sock").string());
}

TEST(ListenUnix, RemovesItsSocketAndNoOther) {
  const TestFolder folder;
  {
    const auto listening = listen_unix(folder / "x.sock");
    ASSERT_TRUE(listening.has_value());
  }
  EXPECT_FALSE(fs::exists(folder / "x.sock"));
  {
    const auto listening = listen_unix(folder / "x.sock");
    ASSERT_TRUE(listening.has_value());
    fs::remove(folder / "x.sock");
    (void)folder.write("x.sock", "another");
  }
  EXPECT_EQ(folder.read("x.sock"), "another");
}

TEST(ListenUnix, ReplacesAStaleSocketAlone) {
  const TestFolder folder;
  {
    auto dead = listen_unix(folder / "x.sock");
    ASSERT_TRUE(dead.has_value());
    dead->socket.clear();  // as if killed
  }
  ASSERT_TRUE(fs::exists(folder / "x.sock"));
  const auto again = listen_unix(folder / "x.sock");
  ASSERT_TRUE(again.has_value()) << error_of(again);
  EXPECT_EQ(error_of(listen_unix(folder / "x.sock")),
            fmt::format("--unix {}: another process listens there", (folder / "x.sock").string()));
  RawClient client(folder / "x.sock");
  EXPECT_TRUE(client.send("x"));
}

TEST(ListenUnix, RefusesWhatIsNoPlace) {
  const TestFolder folder;
  const fs::path file = folder.write("file", "mine");
  EXPECT_EQ(error_of(listen_unix(file)), fmt::format("--unix {}: a file that is no socket is there", file.string()));
  EXPECT_EQ(folder.read("file"), "mine");
  EXPECT_THAT(error_of(listen_unix(folder / "no/x.sock")), HasSubstr("No such file or directory"));
  EXPECT_THAT(error_of(listen_unix(folder / std::string(200, 'x'))), HasSubstr("a socket's path has 1 to 107 bytes"));
}

TEST(ListenTcp, SaysWhichPortItGot) {
  const auto listening = listen_tcp("127.0.0.1:0");
  ASSERT_TRUE(listening.has_value()) << error_of(listening);
  EXPECT_THAT(listening->shown, testing::MatchesRegex("http://127.0.0.1:[0-9]+"));
  EXPECT_NE(listening->shown, "http://127.0.0.1:0");
  const std::string taken = listening->shown.substr(7);
  EXPECT_EQ(error_of(listen_tcp(taken)), "--listen " + taken + ": Address already in use");
}

TEST(ListenTcp, RefusesWhatIsNoAddress) {
  for (const char* wrong : {"", "9181", "127.0.0.1", "127.0.0.1:", ":9181", "127.0.0.1:x", "127.0.0.1:70000"}) {
    EXPECT_EQ(error_of(listen_tcp(wrong)), fmt::format("--listen {}: expected HOST:PORT, like 127.0.0.1:9181", wrong));
  }
}

}  // namespace
}  // namespace simswarm::web
