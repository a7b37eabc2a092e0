// What pages ask of a store, on every back end.
#include "store/looks.h"

#include <gmock/gmock.h>

#include "store_support.h"

namespace simswarm::store {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

template <typename Place>
class LooksTest : public StoreTest<Place> {
 protected:
  void note(const std::string& run, int number, const std::string& campaign = "01CAMPAIGN",
            const std::string& output = "") {
    AttemptRecord record = result_for(run, "scalars", campaign, number).made_by;
    record.output = output;
    EXPECT_TRUE(this->store_->note_attempts({&record, 1}));
  }
  // «RUN NUMBER».
  std::vector<std::string> all(const std::string& campaign) {
    std::vector<std::string> seen;
    EXPECT_TRUE(each_attempt(*this->store_, campaign, [&](const AttemptRecord& record) {
      seen.push_back(fmt::format("{} {}", record.run, record.attempt.number));
    }));
    return seen;
  }
  std::vector<std::optional<AttemptRecord>> find(const std::vector<AttemptName>& names, Part part = Part::kBody) {
    return good(attempts(*this->store_, "01CAMPAIGN", names, part));
  }
  void build(const std::string& tree, int created) {
    BuildRecord record;
    record.key = digest_of("key " + tree);
    record.tree = tree;
    record.artifact = digest_of("artifact " + tree);
    record.listing = digest_of("listing " + tree);
    record.created = Stamp(std::chrono::seconds(1'795'000'000 + created));
    EXPECT_TRUE(this->store_->note(record));
  }
};
TYPED_TEST_SUITE(LooksTest, Places);

TYPED_TEST(LooksTest, GivesAllAttemptsOfACampaign) {
  EXPECT_THAT(this->all("01CAMPAIGN"), IsEmpty());
  this->note("a", 1);
  this->note("a", 2);
  this->note("b", 1);
  this->note("c", 1, "01OTHER");
  EXPECT_THAT(this->all("01CAMPAIGN"), UnorderedElementsAre("a 1", "a 2", "b 1"));
  EXPECT_THAT(this->all("01OTHER"), UnorderedElementsAre("c 1"));
  EXPECT_THAT(this->all("01NONE"), IsEmpty());
  EXPECT_THAT(this->all("../.."), IsEmpty());
}

TYPED_TEST(LooksTest, FindsAttemptsByTheirNames) {
  this->note("a", 1);
  this->note("a", 2, "01CAMPAIGN", "said\n");
  this->note("b", 1, "01OTHER");
  const auto found = this->find({{key_for("a"), 2}, {key_for("b"), 1}, {key_for("a"), 7}, {key_for("a"), 1}});
  ASSERT_EQ(found.size(), 4U);
  ASSERT_TRUE(found[0].has_value());
  EXPECT_EQ(found[0]->attempt.number, 2);
  EXPECT_FALSE(found[1].has_value()) << "of another campaign";
  EXPECT_FALSE(found[2].has_value());
  EXPECT_EQ(found[3]->attempt.number, 1);
  EXPECT_EQ(this->find({{key_for("a"), 2}}, Part::kAll).at(0)->output, "said\n");
  EXPECT_THAT(this->find({}), IsEmpty());
}

TYPED_TEST(LooksTest, PassesOverWhatCannotBeRead) {
  this->note("a", 1);
  AttemptRecord record = result_for("b").made_by;
  Document broken = to_document(record);
  broken.body = R"({"campaign":"01CAMPAIGN","version":1})";
  EXPECT_TRUE(this->back_end().insert(kAttempts, {&broken, 1}).has_value());
  EXPECT_THAT(this->all("01CAMPAIGN"), UnorderedElementsAre("a 1"));
  EXPECT_FALSE(this->find({{key_for("b"), 1}}).at(0).has_value());
}

TYPED_TEST(LooksTest, GivesBuildsTheNewestFirst) {
  EXPECT_THAT(good(builds(*this->store_)), IsEmpty());
  this->build("one", 5);
  this->build("two", 9);
  this->build("three", 7);
  std::vector<std::string> trees;
  for (const BuildRecord& build : good(builds(*this->store_))) trees.push_back(build.tree);
  EXPECT_THAT(trees, testing::ElementsAre("two", "three", "one"));
}

}  // namespace
}  // namespace simswarm::store
