// Outcomes that wait on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"
#include "worker/spool.h"

namespace simswarm::worker {
namespace {

using jobs::AfterFailure;
using jobs::Settlement;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kQueue = "redis://host:6379";

std::unique_ptr<Spool> open(const fs::path& folder, const std::string& worker, const std::string& queue = kQueue) {
  auto spool = Spool::open(folder, worker, queue);
  EXPECT_TRUE(spool.has_value()) << spool.error().message;
  return spool ? std::move(*spool) : nullptr;
}

std::vector<Settlement> some() {
  return {{{{"a"}, 1}, Settlement::How::kComplete, R"({"text":"ü\n"})"},
          {{{"b"}, 3}, Settlement::How::kFail, "line 1\nline 2", AfterFailure::kNoRetry},
          {{{"c"}, 2}, Settlement::How::kHandBack}};
}

// What a worker leaves that is killed: its lock goes, its file stays.
void leave(const TestFolder& folder, const std::string& content) {
  folder.write("spool/dead.outcomes", content);
}

std::string noted(const TestFolder& folder) {
  const auto spool = open(folder / "spool", "other");
  EXPECT_TRUE(spool->note(some()).has_value());
  return read_file(spool->path()).value_or("");
}

class SpoolTest : public testing::Test {
 protected:
  TestFolder folder_;
};

TEST_F(SpoolTest, GivesWhatAWorkerThatHasGoneHadNoted) {
  leave(folder_, noted(folder_));
  fs::remove(folder_ / "spool/other.outcomes");
  const auto spool = open(folder_ / "spool", "w1");
  const std::vector<Settlement> adopted = spool->adopt();
  ASSERT_EQ(adopted.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(adopted[i].claim, some()[i].claim);
    EXPECT_EQ(adopted[i].how, some()[i].how);
    EXPECT_EQ(adopted[i].text, some()[i].text);
    EXPECT_EQ(adopted[i].after, some()[i].after);
  }
  EXPECT_TRUE(fs::exists(folder_ / "spool/dead.outcomes")) << "until they have been taken";
  ASSERT_TRUE(spool->clear().has_value());
  EXPECT_FALSE(fs::exists(folder_ / "spool/dead.outcomes"));
}

TEST_F(SpoolTest, PassesOverALineThatWasCutOff) {
  const std::string whole = noted(folder_);
  fs::remove(folder_ / "spool/other.outcomes");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    leave(folder_, whole.substr(0, size));
    const auto spool = open(folder_ / "spool", "w1");
    const auto lines =
        static_cast<std::size_t>(std::count(whole.begin(), whole.begin() + static_cast<long>(size), '\n'));
    EXPECT_EQ(spool->adopt().size(), lines == 0 ? 0 : lines - 1) << size;
  }
}

TEST_F(SpoolTest, LeavesTheFilesOfTheLivingAlone) {
  const auto other = open(folder_ / "spool", "w2");
  ASSERT_TRUE(other->note(some()).has_value());
  const auto spool = open(folder_ / "spool", "w1");
  EXPECT_THAT(spool->adopt(), IsEmpty());
  const auto again = Spool::open(folder_ / "spool", "w2", kQueue);
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().message, HasSubstr("a worker named «w2» is at work here"));
}

TEST_F(SpoolTest, TakesOutcomesToTheirOwnQueueAlone) {
  leave(folder_, noted(folder_));
  fs::remove(folder_ / "spool/other.outcomes");
  EXPECT_THAT(open(folder_ / "spool", "w1", "redis://elsewhere:6379")->adopt(), IsEmpty());
  const auto same_name = Spool::open(folder_ / "spool", "dead", "redis://elsewhere:6379");
  ASSERT_FALSE(same_name.has_value());
  EXPECT_THAT(same_name.error().message, HasSubstr("holds outcomes for another queue"));
  EXPECT_TRUE(fs::exists(folder_ / "spool/dead.outcomes"));
  EXPECT_EQ(open(folder_ / "spool", "dead")->adopt().size(), 3U) << "one of this name finds its own";
}

TEST_F(SpoolTest, LeavesNoFileWhereNothingIsLeftToSay) {
  {
    const auto spool = open(folder_ / "spool", "w1");
    ASSERT_TRUE(spool->note(some()).has_value());
    ASSERT_TRUE(spool->clear().has_value());
  }
  EXPECT_FALSE(fs::exists(folder_ / "spool/w1.outcomes"));
  {
    const auto spool = open(folder_ / "spool", "w1");
    ASSERT_TRUE(spool->note(some()).has_value());
  }
  EXPECT_TRUE(fs::exists(folder_ / "spool/w1.outcomes"));
}

TEST_F(SpoolTest, FollowsNoLink) {
  folder_.write("precious", "");
  fs::create_directories(folder_ / "spool");
  fs::create_symlink(folder_ / "precious", folder_ / "spool/w1.outcomes");
  EXPECT_FALSE(Spool::open(folder_ / "spool", "w1", kQueue).has_value());
  EXPECT_EQ(read_file(folder_ / "precious").value_or("?"), "");
}

}  // namespace
}  // namespace simswarm::worker
