#include "worker/seats.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <future>

#include "test_folder.h"

namespace simswarm::worker {
namespace {

using testing::ElementsAre;

class SeatsOfANode : public testing::Test {
 protected:
  using Taken = Result<std::unique_ptr<Seats>>;
  // Of a node with `seats`; waits until it is told to give up.
  Taken take(std::size_t wanted, std::size_t seats = 3) {
    return Seats::take(
        {folder_ / "seats", seats, wanted}, [this] { return gives_up_.load(); }, -1,
        [this](const std::string& text) { said_.push_back(text); });
  }
  std::unique_ptr<Seats> taken(std::size_t wanted, std::size_t seats = 3) {
    Taken result = take(wanted, seats);
    EXPECT_TRUE(result.has_value()) << error_of(result);
    return result ? std::move(*result) : nullptr;
  }
  // Whether so many can be had at once.
  bool are_free(std::size_t wanted, std::size_t seats = 3) {
    gives_up_ = false;
    bool first = true;
    const Taken result = Seats::take(
        {folder_ / "seats", seats, wanted}, [&] { return !std::exchange(first, false); }, -1,
        [](const std::string&) {});
    return result.has_value() && *result != nullptr;
  }
  // As if the file had been written so many seconds earlier.
  void make_older(const std::string& name, int seconds) {
    struct stat info {};
    ASSERT_EQ(::stat((folder_ / ("seats/" + name)).c_str(), &info), 0) << name;
    const std::array<timespec, 2> times{{{info.st_atim.tv_sec, 0}, {info.st_mtim.tv_sec - seconds, 0}}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ / ("seats/" + name)).c_str(), times.data(), 0), 0);
  }

  TestFolder folder_;
  std::atomic<bool> gives_up_ = false;
  std::vector<std::string> said_;
};

TEST_F(SeatsOfANode, AreTakenByOneEach) {
  const auto one = taken(1);
  const auto two = taken(2);
  EXPECT_FALSE(are_free(1));
  EXPECT_TRUE(said_.empty());
}

TEST_F(SeatsOfANode, AreWaitedForAndThatIsSaidOnce) {
  auto one = taken(3);
  auto waits = std::async(std::launch::async, [this] { return taken(1); });
  ASSERT_TRUE(wait_until([this] { return !said_.empty(); }));
  EXPECT_EQ(waits.wait_for(std::chrono::milliseconds(700)), std::future_status::timeout);
  one.reset();
  EXPECT_NE(waits.get(), nullptr);
  EXPECT_THAT(said_, ElementsAre("waits for a seat: all 3 seats of this node are taken"));
}

TEST_F(SeatsOfANode, AreNotWaitedForWhenItIsToEnd) {
  const auto one = taken(3);
  auto waits = std::async(std::launch::async, [this] { return taken(1); });
  ASSERT_TRUE(wait_until([this] { return !said_.empty(); }));
  gives_up_ = true;
  EXPECT_EQ(waits.get(), nullptr);
}

// Else two that want two of three would each hold one, and wait for ever.
TEST_F(SeatsOfANode, ComeAllAtOnce) {
  const auto two = taken(2);
  EXPECT_FALSE(are_free(2));
  EXPECT_TRUE(are_free(1)) << "who waits for two holds none";
}

TEST_F(SeatsOfANode, TellWhatOthersUse) {
  const auto one = taken(1);
  const auto two = taken(2);
  one->note({1, 5000, 4000});
  two->note({2, 900, 1000});
  EXPECT_EQ(two->others().running, 1U);
  EXPECT_EQ(two->others().expected, 5000U);
  EXPECT_EQ(two->others().current, 4000U);
  EXPECT_EQ(one->others().running, 2U);
  EXPECT_EQ(one->others().current, 900U) << "more than was expected is nobody's promise";
}

TEST_F(SeatsOfANode, ForgetWhatSomebodyNotedWhoHasGone) {
  const auto one = taken(1);
  {
    const auto two = taken(1);
    two->note({1, 5000, 0});
  }
  EXPECT_EQ(one->others().running, 1U) << "for a moment";
  make_older("seat-1", 20);
  one->note({});
  EXPECT_EQ(one->others().running, 0U);
  const auto two = taken(2);
  EXPECT_EQ(one->others().running, 0U);
}

TEST_F(SeatsOfANode, KnowWhatAnyOfThemHasLearned) {
  const auto one = taken(1);
  const auto two = taken(1);
  EXPECT_EQ(two->peak_of("campaign\nGeneral"), 0U);
  one->learn_peak("campaign\nGeneral", 700);
  two->learn_peak("campaign\nGeneral", 500);
  EXPECT_EQ(two->peak_of("campaign\nGeneral"), 700U) << "the largest";
  EXPECT_EQ(one->peak_of("campaign\nOther"), 0U);
}

TEST_F(SeatsOfANode, ForgetOldLessons) {
  const auto one = taken(1);
  one->learn_peak("old", 700);
  one->learn_peak("new", 700);
  for (const auto& entry : fs::directory_iterator(folder_ / "seats")) {
    if (entry.path().filename().string().starts_with("peak-")) make_older(entry.path().filename(), 40 * 86'400);
  }
  one->learn_peak("new", 800);
  const auto two = taken(1);
  EXPECT_EQ(two->peak_of("old"), 0U);
  EXPECT_EQ(two->peak_of("new"), 800U);
}

TEST_F(SeatsOfANode, SayWhyTheyCannotBeHad) {
  folder_.write("seats", "a file");
  const Taken result = take(1);
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message, testing::HasSubstr((folder_ / "seats").string()));
}

}  // namespace
}  // namespace simswarm::worker
