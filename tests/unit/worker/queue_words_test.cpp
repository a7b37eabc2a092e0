#include "worker/queue_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm::worker {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(QueueCommands, AreThoseOfRqAndThatSomebodyLooks) {
  EXPECT_EQ(parse_command(R"({"command": "stop-job", "job_id": "a"})").stop, "a");
  const QueueCommand watch = parse_command(R"({"command":"watch-output","job_id":"a"})");
  EXPECT_EQ(watch.watch, "a");
  EXPECT_FALSE(watch.stop || watch.kill || watch.shutdown);
  EXPECT_FALSE(parse_command(R"({"command":"other","job_id":"a"})").watch);
  EXPECT_FALSE(parse_command("no json").watch);
}

TEST(Settlements, ThatHandBackComeLastTheFirstAtTheEnd) {
  using How = jobs::Settlement::How;
  std::vector<jobs::Settlement> settlements{
      {{{"a"}, 1}, How::kHandBack}, {{{"b"}, 1}, How::kComplete, "1"}, {{{"c"}, 1}, How::kHandBack}};
  put_handed_back_last(settlements);
  std::vector<std::string> ids;
  for (const jobs::Settlement& one : settlements) ids.push_back(one.claim.job.text);
  EXPECT_THAT(ids, ElementsAre("b", "c", "a"));
}

TEST(Queues, AreServedByPatternsAndNamesThatWeTake) {
  EXPECT_TRUE(serves({"build", "run-*"}, "run-01A"));
  EXPECT_FALSE(serves({"build", "run-*"}, "other"));
  EXPECT_FALSE(serves({"*"}, "a name of RQ's"));
}

TEST(MissingCpus, AreSaidOnceAndAgainWhenTheyComeBack) {
  const Monotonic begin{std::chrono::hours(5)};
  MissingCpus missing(minutes(3));
  EXPECT_TRUE(missing.is_empty());
  missing.miss("01A", "Other (1/2/3)", begin);
  jobs::WorkerView here;
  here.record.cpu = "Mine (4/5/6)";
  jobs::WorkerView other;
  other.record.cpu = "Other (1/2/3)";
  EXPECT_THAT(missing.look({here, other}, begin + minutes(2)), IsEmpty());
  missing.miss("01A", "Other (1/2/3)", begin + minutes(2));
  EXPECT_THAT(missing.look({here}, begin + minutes(4)), IsEmpty()) << "it was there two minutes ago";
  const std::string word =
      "campaign 01A keeps to «Other (1/2/3)» (--same-cpu), and no worker here has had one for 3 min 00 s: its runs "
      "wait for one";
  EXPECT_THAT(missing.look({here}, begin + minutes(6)), ElementsAre(word));
  EXPECT_THAT(missing.look({here}, begin + minutes(7)), IsEmpty());
  missing.miss("01A", "Other (1/2/3)", begin + minutes(7));
  EXPECT_THAT(missing.look({here, other}, begin + minutes(8)),
              ElementsAre("campaign 01A: a worker with «Other (1/2/3)» is there again"));
  EXPECT_THAT(missing.look({here}, begin + minutes(30)), IsEmpty());
  EXPECT_TRUE(missing.is_empty()) << "nobody has asked for it any more";
}

}  // namespace
}  // namespace simswarm::worker
