#include "worker/queue_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm::worker {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

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
