// The node cache between processes: one fetches for all, others take over, and a full disk leaves nothing.
#include <algorithm>

#include "artifact_support.h"
#include "tool.h"

namespace simswarm::store {
namespace {

class Workers : public testing::Test {
 protected:
  std::unique_ptr<Tool> worker(const Environment& environment = {}) {
    Environment all{{"SIMSWARM_STORE_LOG", folder_ / "log"}};
    all.insert(all.end(), environment.begin(), environment.end());
    return std::make_unique<Tool>(Words{place_.url(), "hold", artifact_.hex(), folder_ / "cache"}, all);
  }
  std::size_t transfers() {
    const std::string log = folder_.read("log");
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find("open file\n", at)) != std::string::npos; ++at) ++count;
    return count;
  }
  [[nodiscard]] std::string tree() const { return (folder_ / "cache" / artifact_.hex() / "tree").string(); }

  ServerPlace place_;
  TestFolder folder_;
  Digest artifact_ =
      put_artifact(*good(open_store(place_.url())), {{"program", noise(30'000'000)}, {"data/a.txt", "data"}});
};

TEST_F(Workers, TransferAnArtifactOnce) {
  std::vector<std::unique_ptr<Tool>> workers;
  for (int i = 0; i < 8; ++i) workers.push_back(worker());
  for (const auto& one : workers) EXPECT_TRUE(one->has_said(tree())) << one->text();
  EXPECT_EQ(transfers(), 1U);
  EXPECT_EQ(digest_of_file(tree() + "/program"), digest_of(noise(30'000'000)));
  struct stat info {};
  ASSERT_EQ(::stat((tree() + "/program").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0555U);
  for (const auto& one : workers) EXPECT_EQ(one->said(), tree() + "\ndone");
}

TEST_F(Workers, TakeOverFromOneThatIsKilled) {
  const fs::path wait = folder_ / "wait";
  const auto first = worker({{"SIMSWARM_STORE_STEP", "read#100"}, {"SIMSWARM_STORE_WAIT", wait}});
  ASSERT_TRUE(wait_until([&] { return fs::exists(wait); }, std::chrono::seconds(60)));
  std::vector<std::unique_ptr<Tool>> others;
  for (int i = 0; i < 3; ++i) others.push_back(worker());
  EXPECT_EQ(transfers(), 1U);
  EXPECT_FALSE(fs::exists(folder_ / "cache" / artifact_.hex() / "good"));
  const auto begin = std::chrono::steady_clock::now();
  first->kill();
  for (const auto& one : others) EXPECT_TRUE(one->has_said(tree())) << one->text();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("taken over and fetched after %.2f s\n", took.count());
  EXPECT_EQ(transfers(), 2U);
  EXPECT_EQ(digest_of_file(tree() + "/program"), digest_of(noise(30'000'000)));
}

// Each place at which the one who fetches may die.
TEST_F(Workers, MayDieAtAnyStep) {
  for (const char* step : {"find blobs#1", "open file#1", "opened file#1", "read#1", "read#200"}) {
    SCOPED_TRACE(step);
    if (!all_faults() && !std::string_view(step).starts_with("read")) continue;
    fs::remove_all(folder_ / "cache");
    EXPECT_EQ(worker({{"SIMSWARM_STORE_STEP", step}})->wait(), 128 + SIGKILL);
    EXPECT_EQ(worker()->said(), tree() + "\ndone");
    EXPECT_EQ(digest_of_file(tree() + "/program"), digest_of(noise(30'000'000)));
  }
}

TEST_F(Workers, LeaveNothingOnADiskThatIsFull) {
  const fs::path cache = folder_ / "cache";
  const std::string of_file = worker({{"SIMSWARM_STORE_FILE_LIMIT", "20000000"}})->said();
  EXPECT_EQ(of_file.find("error: artifact " + artifact_.hex().substr(0, 12) + ": "), 0U) << of_file;
  EXPECT_TRUE(entries_in(cache).empty());
  // A small disk of the test's own.
  const fs::path said = folder_ / "said";
  const std::string script =
      "mount -t tmpfs -o size=20m none \"$2\" && { \"$1\" \"$3\" hold \"$4\" \"$2\" < /dev/null; "
      "find \"$2\" -mindepth 1 ! -name \"*.lock\"; }";
  const std::string command = "unshare " + std::string(::geteuid() == 0 ? "-m" : "-Urm") + " sh -c '" + script +
                              "' sh '" STORE_TOOL "' '" + cache.string() + "' '" + place_.url() + "' " +
                              artifact_.hex() + " > '" + said.string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT(*-env33-c)
  const std::string text = folder_.read("said");
  EXPECT_EQ(text.find("error: " + cache.string() + " has 20.0 MiB left, and the artifact needs "), 0U) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

}  // namespace
}  // namespace simswarm::store
