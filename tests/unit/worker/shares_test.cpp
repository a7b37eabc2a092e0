// Which queue a worker serves, over a pretended time.
#include "worker/shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace simswarm::worker {
namespace {

using jobs::QueueName;
using testing::ElementsAre;
using testing::IsEmpty;

class StandingClock final : public Clock {
 public:
  [[nodiscard]] Monotonic monotonic() const override { return now_; }
  [[nodiscard]] Stamp stamp() const override { return {}; }
  void pass(double seconds) { now_ += std::chrono::duration_cast<Monotonic::duration>(Seconds(seconds)); }

 private:
  Monotonic now_{std::chrono::hours(1)};
};

struct Work {
  double seconds = 1;  // of a run
  bool fails = false;  // each
  std::size_t left = 1'000'000;
};

// A worker whose slots are filled by what its shares say; queues have as many runs as they like.
class AWorkerThatShares : public testing::Test {
 protected:
  void has(const std::string& queue, Work work) { works_[{queue}] = work; }
  void weigh(const std::string& queue, int priority) { shares_.weigh({queue}, jobs::weight_of(priority)); }

  // Claims, starts and ends runs for so long.
  void work(double seconds) {
    for (double passed = 0; passed < seconds; passed += kStep) {
      for (auto one = running_.begin(); one != running_.end();) one = ends(*one) ? running_.erase(one) : one + 1;
      while (claims()) {
      }
      while (running_.size() < kSlots && starts()) {
      }
      clock_.pass(kStep);
      for (const Running& one : running_) had_[one.queue] += kStep;
    }
  }
  double share(const std::string& queue) {
    double all = 0;
    for (const auto& [name, seconds] : had_) all += seconds;
    return had_[{queue}] / all;
  }
  void forget() { had_.clear(); }
  std::vector<std::string> wanted(const std::vector<std::string>& names) {
    std::vector<QueueName> queues;
    for (const std::string& name : names) queues.push_back({name});
    std::vector<std::string> out;
    for (const Shares::Want& one : shares_.wants(queues)) out.push_back(one.queue.text);
    return out;
  }

  static constexpr double kStep = 0.001;
  static constexpr std::size_t kSlots = 2;
  struct Running {
    QueueName queue;
    std::uint64_t id = 0;
    double until = 0;
    double seconds = 0;
  };
  StandingClock clock_;
  Shares shares_{kSlots, clock_};
  std::map<QueueName, Work> works_;
  std::map<QueueName, std::size_t> here_;
  std::map<QueueName, double> had_;
  std::map<QueueName, std::size_t> claimed_;
  std::vector<Running> running_;

 private:
  double now() { return Seconds(clock_.monotonic().time_since_epoch()).count(); }
  bool claims() {
    std::vector<QueueName> queues;
    for (const auto& [name, work] : works_) {
      if (work.left > 0) queues.push_back(name);
    }
    const auto wants = shares_.wants(queues);
    if (wants.empty()) return false;
    Work& work = works_[wants[0].queue];
    const std::size_t count = std::min(wants[0].most, work.left);
    for (std::size_t i = 0; i < count; ++i) shares_.came(wants[0].queue);
    here_[wants[0].queue] += count;
    claimed_[wants[0].queue] += count;
    work.left -= count;
    return true;
  }
  bool starts() {
    const QueueName* next = nullptr;
    double first = 0;
    for (const auto& [name, count] : here_) {
      if (count == 0) continue;
      const double place = shares_.place_of(name, 0, 1);
      if (next != nullptr && place >= first) continue;
      next = &name;
      first = place;
    }
    if (next == nullptr) return false;
    --here_[*next];
    const double seconds = works_[*next].seconds;
    running_.push_back({*next, ++last_, now() + seconds, seconds});
    shares_.began(*next, last_, 1);
    return true;
  }
  bool ends(const Running& one) {
    if (now() < one.until) return false;
    shares_.ended(one.queue, one.id, {one.seconds, 0, works_[one.queue].fails});
    const double ahead = std::clamp(0.5 / one.seconds, 1.0, 250.0);
    shares_.aim(one.queue, works_[one.queue].fails ? kSlots : kSlots * static_cast<std::size_t>(ahead));
    return true;
  }
  std::uint64_t last_ = 0;
};

TEST_F(AWorkerThatShares, GivesLongAndShortRunsTheSameTime) {
  has("short", {0.005});
  has("long", {5});
  work(200);
  EXPECT_NEAR(share("short"), 0.5, 0.05);
}

TEST_F(AWorkerThatShares, GivesThreeOfAnySizeAThirdEach) {
  has("a", {0.01});
  has("b", {0.3});
  has("c", {2});
  work(120);
  for (const char* const name : {"a", "b", "c"}) EXPECT_NEAR(share(name), 1.0 / 3, 0.04) << name;
}

TEST_F(AWorkerThatShares, GivesByPriority) {
  has("a", {0.1});
  has("b", {0.1});
  weigh("b", 3);
  work(60);
  EXPECT_NEAR(share("b") / share("a"), 3.375, 0.3);
  weigh("b", -10);
  forget();
  work(300);
  EXPECT_NEAR(share("b"), 1 / 58.7, 0.006) << "little, and not nothing";
}

TEST_F(AWorkerThatShares, OwesNothingToWhoComesLater) {
  has("old", {0.1});
  work(100);
  has("new", {0.1});
  forget();
  work(5);
  EXPECT_NEAR(share("new"), 0.5, 0.1) << "neither all at once, nor behind the old one";
}

TEST_F(AWorkerThatShares, OwesNothingToWhoHadNothingForAWhile) {
  has("a", {0.1});
  has("b", {0.1, false, 20});
  work(50);
  shares_.rest({"b"});
  has("b", {0.1});
  forget();
  work(5);
  EXPECT_NEAR(share("b"), 0.5, 0.1);
}

TEST_F(AWorkerThatShares, ServesASingleRunAmongMany) {
  has("many", {0.005});
  work(10);
  has("one", {0.005, false, 1});
  work(0.1);
  EXPECT_EQ(claimed_[{"one"}], 1U);
  EXPECT_EQ(here_[{"one"}], 0U) << "it has been started";
}

TEST_F(AWorkerThatShares, HoardsNoLongRuns) {
  has("a", {10});
  has("b", {10});
  work(5);
  EXPECT_EQ(claimed_[{"a"}] + claimed_[{"b"}], kSlots);
  has("short", {0.01});
  work(200);
  EXPECT_LE(here_[{"a"}] + here_[{"b"}], 1U);
}

TEST_F(AWorkerThatShares, LetsThoseWaitWhoFailAtOnceAgainAndAgain) {
  has("good", {0.05});
  has("bad", {0.004, true});
  work(60);
  EXPECT_LT(claimed_[{"bad"}], 60U);
  EXPECT_GT(claimed_[{"bad"}], 5U) << "they are tried again";
  EXPECT_GT(share("good"), 0.98);
}

TEST_F(AWorkerThatShares, LetsNobodyWaitForNobody) {
  has("bad", {0.004, true, 5000});
  work(15);
  EXPECT_EQ(claimed_[{"bad"}], 5000U) << "who fails alone holds up nobody";
}

TEST_F(AWorkerThatShares, AsksTheNeediestFirstAndNobodyForTooMuch) {
  for (int i = 0; i < 2; ++i) shares_.came({"full"});
  EXPECT_THAT(wanted({"full", "empty"}), IsEmpty()) << "as many as there are slots";
  shares_.left({"full"});
  EXPECT_THAT(wanted({"full", "empty"}), ElementsAre("empty", "full"));
  shares_.aim({"full"}, 100);
  shares_.came({"full"});
  EXPECT_THAT(wanted({"full", "empty"}), ElementsAre("empty", "full")) << "one comes ahead where runs are short";
}

}  // namespace
}  // namespace simswarm::worker
