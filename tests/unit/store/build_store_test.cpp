#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/upkeep.h"
#include "store_samples.h"

namespace simswarm::store {
namespace {

using std::chrono::hours;
const std::string kTree = "sha1:4b825dc642cb6eb9a060e54bf8d69288fbee4904";

Stamp ago(std::chrono::hours age) {
  return system_clock().stamp() - age;
}

SourceRecord source(const std::string& tree, const std::string& base, const Digest& pack, Stamp created) {
  return {tree, base, pack, 10, base.empty() ? 0U : 1U, created};
}

class Builds : public ::testing::Test {
 protected:
  Builds() : store_(std::make_unique<Store>(value_of(open_directory(folder_ / "store")))) {}

  Digest blob(const std::string& text) {
    TextSource content(text);
    return value_of(store_->put(content)).digest;
  }
  BuildRecord build(const std::string& key, Stamp created) {
    BuildRecord record;
    record.key = digest_of(key);
    record.tree = kTree;
    record.artifact = blob("artifact of " + key);
    record.listing = blob("listing of " + key);
    record.log = blob("log of " + key);
    record.compiler = "g++ 12.2.0";
    record.host = "node1";
    record.seconds = 12.5;
    record.compiled = 7;
    record.hits = 3;
    record.remote = 5;
    record.created = created;
    record.hosts = {{"10.0.0.7:3632", 4, 0}, {"10.0.0.8:3632", 1, 2}};
    return record;
  }
  bool is_there(const Digest& digest) { return value_of(store_->is_there(digest)); }
  // As if nobody wrote: what nothing names goes at once.
  void collect() { (void)value_of(collect_garbage(*store_, {std::chrono::seconds(0), {}, false})); }

  TestFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(Builds, AreKnownByTheirKeys) {
  const BuildRecord record = build("a", ago(hours(1)));
  EXPECT_EQ(value_of(store_->build(record.key)), std::nullopt);
  ASSERT_TRUE(store_->note(record).has_value());
  BuildRecord other = record;
  other.compiler = "another";
  ASSERT_TRUE(store_->note(other).has_value());
  const auto known = value_of(store_->build(record.key));
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(known->compiler, "g++ 12.2.0") << "the first counts";
  EXPECT_EQ(known->artifact, record.artifact);
  EXPECT_EQ(known->log, record.log);
  EXPECT_EQ(known->compiled, 7U);
  EXPECT_EQ(known->hits, 3U);
  EXPECT_EQ(known->remote, 5U);
  EXPECT_EQ(known->seconds, 12.5);
  EXPECT_EQ(known->created, record.created);
  EXPECT_EQ(known->hosts, record.hosts);
  ASSERT_TRUE(store_->forget_build(record.key).has_value());
  EXPECT_EQ(value_of(store_->build(record.key)), std::nullopt);
}

TEST_F(Builds, OfAnOlderBuilderTellOfNoHosts) {
  BuildRecord record = build("a", ago(hours(1)));
  record.hosts.clear();
  ASSERT_TRUE(store_->note(record).has_value());
  const auto known = value_of(store_->build(record.key));
  ASSERT_TRUE(known.has_value()) << "one without that field is read";
  EXPECT_TRUE(known->hosts.empty());
}

TEST_F(Builds, ThatCannotBeReadAreNone) {
  const Document wrong{digest_of("a").hex(), R"({"v":1,"tree":7})", {}};
  ASSERT_TRUE(store_->back_end().insert(kBuilds, {&wrong, 1}).has_value());
  EXPECT_EQ(value_of(store_->build(digest_of("a"))), std::nullopt);
  ASSERT_TRUE(store_->note(build("a", ago(hours(0)))).has_value()) << "and it is made anew";
  EXPECT_TRUE(value_of(store_->build(digest_of("a"))).has_value());
}

TEST_F(Builds, SourcesAreFoundSeveralAtOnce) {
  ASSERT_TRUE(store_->note(source(kTree, "", blob("pack"), ago(hours(1)))).has_value());
  const std::vector<std::string> trees{"sha1:no", kTree};
  const auto found = value_of(store_->sources(trees));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_FALSE(found[0].has_value());
  ASSERT_TRUE(found[1].has_value());
  EXPECT_EQ(found[1]->tree, kTree);
  EXPECT_EQ(found[1]->pack, digest_of("pack"));
  EXPECT_TRUE(value_of(store_->sources({})).empty());
}

TEST_F(Builds, PlansAreKnownByWhatDecidesThem) {
  const PlanRecord record{digest_of("words"), blob("plan"), 9, ago(hours(1))};
  ASSERT_TRUE(store_->note(record).has_value());
  const auto known = value_of(store_->plan(digest_of("words")));
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(known->document, digest_of("plan"));
  EXPECT_EQ(known->runs, 9U);
  EXPECT_EQ(value_of(store_->plan(digest_of("other"))), std::nullopt);
}

TEST_F(Builds, StayForAMonth) {
  const BuildRecord young = build("young", ago(hours(29 * 24)));
  const BuildRecord old = build("old", ago(hours(31 * 24)));
  ASSERT_TRUE(store_->note(young).has_value());
  ASSERT_TRUE(store_->note(old).has_value());
  ASSERT_TRUE(store_->note(PlanRecord{digest_of("p"), blob("old plan"), 1, ago(hours(31 * 24))}).has_value());
  collect();
  EXPECT_TRUE(value_of(store_->build(young.key)).has_value());
  for (const Digest& digest : {young.artifact, young.listing, young.log}) EXPECT_TRUE(is_there(digest));
  EXPECT_FALSE(value_of(store_->build(old.key)).has_value());
  for (const Digest& digest : {old.artifact, old.listing, old.log}) EXPECT_FALSE(is_there(digest));
  EXPECT_FALSE(value_of(store_->plan(digest_of("p"))).has_value());
  EXPECT_FALSE(is_there(digest_of("old plan")));
}

TEST_F(Builds, SourcesThatNewerOnesAreBasedOnStayHoweverOldTheyAre) {
  ASSERT_TRUE(store_->note(source("sha1:a", "", blob("a"), ago(hours(90 * 24)))).has_value());
  ASSERT_TRUE(store_->note(source("sha1:b", "sha1:a", blob("b"), ago(hours(60 * 24)))).has_value());
  ASSERT_TRUE(store_->note(source("sha1:c", "sha1:b", blob("c"), ago(hours(1)))).has_value());
  ASSERT_TRUE(store_->note(source("sha1:d", "sha1:a", blob("d"), ago(hours(60 * 24)))).has_value());
  collect();
  EXPECT_TRUE(is_there(digest_of("a")) && is_there(digest_of("b")) && is_there(digest_of("c")));
  EXPECT_FALSE(is_there(digest_of("d"))) << "nobody needs it";
  const std::vector<std::string> trees{"sha1:a", "sha1:d"};
  const auto left = value_of(store_->sources(trees));
  EXPECT_TRUE(left[0].has_value());
  EXPECT_FALSE(left[1].has_value());
}

TEST_F(Builds, CancelledCampaignsAreToldByTheirMark) {
  EXPECT_FALSE(value_of(store_->is_cancelled("01A")));
  ASSERT_TRUE(store_->note_cancelled("01A", ago(hours(0))).has_value());
  ASSERT_TRUE(store_->note_cancelled("01A", ago(hours(0))).has_value());
  EXPECT_TRUE(value_of(store_->is_cancelled("01A")));
  EXPECT_FALSE(value_of(store_->is_cancelled("01B")));
}

}  // namespace
}  // namespace simswarm::store
