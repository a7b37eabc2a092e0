// What the store promises (store.h), on every back end.
#include "store/store.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "store_support.h"

namespace simswarm::store {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
using State = Fetched::State;

std::string stored_name(const Digest& digest) {
  return digest.hex() + ".zst";
}

template <typename Place>
class RunsTest : public StoreTest<Place> {
 protected:
  using StoreTest<Place>::store_;
  Accepted accept(const RunRecord& record) { return good(store_->accept({&record, 1})).at(0); }
  std::optional<RunRecord> result(const std::string& run, Part part = Part::kAll) {
    const RunKey key = key_for(run);
    return good(store_->results({&key, 1}, part)).at(0);
  }
  std::string content(const std::string& run) {
    const auto known = result(run);
    return known ? known->packed : "none";
  }
  std::size_t count(const char* collection) {
    std::size_t all = 0;
    EXPECT_TRUE(store_->back_end()
                    .each(collection, {},
                          [&](const Document&) -> Status {
                            ++all;
                            return {};
                          })
                    .has_value());
    return all;
  }
};
template <typename Place>
class BlobsTest : public RunsTest<Place> {
 protected:
  using StoreTest<Place>::store_;
  Fetched fetch(const Digest& digest, std::string* content = nullptr) {
    TextSink sink;
    const auto fetched = store_->fetch(digest, sink);
    EXPECT_EQ(error_of(fetched), "no error");
    if (content != nullptr) *content = sink.text();
    return fetched.value_or(Fetched{});
  }
  std::size_t files() {
    std::size_t all = 0;
    EXPECT_TRUE(store_->back_end()
                    .each_file([&](const FileRecord&) -> Status {
                      ++all;
                      return {};
                    })
                    .has_value());
    return all;
  }
};
TYPED_TEST_SUITE(BlobsTest, Places);
TYPED_TEST_SUITE(RunsTest, Places);

TYPED_TEST(BlobsTest, GiveBackWhatWasPut) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kPiece, kPiece + 1, 2 * kPiece, 9 * kMiB + 5}) {
    const std::string content = noise(size);
    const Blob blob = this->put(content);
    EXPECT_EQ(blob.digest, digest_of(content));
    EXPECT_EQ(blob.size, size);
    EXPECT_GT(blob.stored, 0U);
    std::string back;
    EXPECT_EQ(this->fetch(blob.digest, &back).state, State::kWhole);
    EXPECT_TRUE(back == content) << size;
    EXPECT_EQ(good(this->store_->open_blob(blob.digest))->size(), size);
  }
}

TYPED_TEST(BlobsTest, AreStoredOnce) {
  const std::string content = mixed_text(kMiB);
  const Blob first = this->put(content);
  const Blob second = this->put(content);
  EXPECT_EQ(second.digest, first.digest);
  EXPECT_EQ(second.size, kMiB);
  EXPECT_EQ(second.stored, first.stored);
  EXPECT_LT(first.stored, kMiB);
  EXPECT_EQ(this->files(), 1U);
  EXPECT_EQ(good(this->store_->usage()).blobs, 1U);
  EXPECT_EQ(good(this->store_->back_end().sweep(std::chrono::seconds(0))).files, 0U);
}

TYPED_TEST(BlobsTest, AreStoredOnceWhenManyPutThemAtOnce) {
  const std::string content = noise(300'000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      TextSource source(content);
      EXPECT_EQ(good(this->store_->put(source)).digest, digest_of(content));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(this->files(), 1U);
  EXPECT_EQ(this->fetch(digest_of(content)).state, State::kWhole);
}

TYPED_TEST(BlobsTest, AreAsIfTheyHadNotBeenWhenTheyAreNotKept) {
  {
    const auto writer = good(this->store_->create_blob());
    EXPECT_TRUE(writer->write(noise(3 * kMiB)).has_value());
  }
  BrokenSource broken(noise(3 * kMiB));
  EXPECT_EQ(error_of(this->store_->put(broken)), "the line is cut");
  EXPECT_EQ(this->files(), 0U);
  EXPECT_EQ(good(this->store_->usage()).bytes(), 0U);
  EXPECT_EQ(good(this->store_->back_end().sweep(std::chrono::seconds(0))).files, 0U);
}

TYPED_TEST(BlobsTest, ThatAreNotThereAreMissing) {
  const Digest digest = digest_of("nothing");
  EXPECT_FALSE(good(this->store_->has(digest)));
  EXPECT_EQ(good(this->store_->open_blob(digest)), nullptr);
  const Fetched fetched = this->fetch(digest);
  EXPECT_EQ(fetched.state, State::kMissing);
  EXPECT_EQ(fetched.trouble, fmt::format("blob {} is not in {}", digest.hex(), this->store_->shown()));
  EXPECT_EQ(this->count(kUses), 0U);
  this->put("nothing");
  EXPECT_TRUE(good(this->store_->has(digest)));
  EXPECT_EQ(this->count(kUses), 1U);
}

TYPED_TEST(BlobsTest, PassOnWhatTheSinkSays) {
  const Blob blob = this->put(noise(kMiB));
  FullSink full(300'000);
  const auto fetched = this->store_->fetch(blob.digest, full);
  EXPECT_EQ(error_of(fetched), "the disk is full");
}

TYPED_TEST(BlobsTest, AreNoticedWhenTheyAreDamaged) {
  for (const Damage damage : {Damage::kFlipped, Damage::kShort, Damage::kLong, Damage::kGone}) {
    for (const std::size_t size : {std::size_t{5}, std::size_t{400'000}}) {
      const std::string content = noise(size, static_cast<std::uint64_t>(damage) + 7);
      const Blob blob = this->put(content);
      this->place_.damage(damage, stored_name(blob.digest));
      const Fetched fetched = this->fetch(blob.digest);
      EXPECT_EQ(fetched.state, State::kDamaged) << static_cast<int>(damage) << " of " << size;
      EXPECT_EQ(fetched.trouble.find("blob " + blob.digest.hex() + ": "), 0U) << fetched.trouble;
      EXPECT_EQ(fetched.trouble.find('\n'), std::string::npos);
    }
  }
}

TYPED_TEST(BlobsTest, NeverEndWellOnceTheyAreDamaged) {
  const std::string content = noise(3 * kPiece / 2);
  this->place_.put(digest_of("another").hex(), content);
  const auto reader = good(this->store_->open_blob(digest_of("another")));
  std::string buffer(kPiece, '\0');
  EXPECT_EQ(good(reader->read(buffer)), kPiece);
  for (int i = 0; i < 3; ++i) {
    const auto end = reader->read(buffer);
    ASSERT_FALSE(end.has_value()) << i;
    EXPECT_EQ(end.error().message, fmt::format("blob {}: its content has the digest {}", digest_of("another").hex(),
                                               digest_of(content).hex()));
    EXPECT_EQ(reader->damage(), end.error().message);
  }
}

TYPED_TEST(BlobsTest, MayBePutByOthersUnderTheirDigest) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{261'120}, std::size_t{700'000}}) {
    const std::string content = noise(size);
    this->place_.put(digest_of(content).hex(), content);
    std::string back;
    const Fetched fetched = this->fetch(digest_of(content), &back);
    EXPECT_EQ(fetched.state, State::kWhole) << size << fetched.trouble;
    EXPECT_TRUE(back == content);
  }
  this->place_.put(digest_of("content").hex(), "other content");
  const Fetched fetched = this->fetch(digest_of("content"));
  EXPECT_EQ(fetched.state, State::kDamaged);
  EXPECT_EQ(fetched.trouble, fmt::format("blob {}: its content has the digest {}", digest_of("content").hex(),
                                         digest_of("other content").hex()));
}

TYPED_TEST(RunsTest, AreAcceptedOnce) {
  const RunRecord first = result_for("a");
  RunRecord other_worker = first;
  other_worker.made_by.worker = "w2";
  other_worker.made_by.attempt.number = 2;
  EXPECT_EQ(this->accept(first), Accepted::kNew);
  EXPECT_EQ(this->accept(first), Accepted::kEqual);
  EXPECT_EQ(this->accept(other_worker), Accepted::kEqual);
  EXPECT_EQ(this->accept(result_for("a", "other")), Accepted::kConflict);
  EXPECT_EQ(this->accept(result_for("a", "other")), Accepted::kConflict);
  EXPECT_EQ(this->content("a"), "packed scalars");
  EXPECT_EQ(this->result("a")->made_by.worker, "w1");
  const auto conflicts = good(this->store_->conflicts("01CAMPAIGN"));
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts.front().canonical, digest_of("canonical other"));
  EXPECT_TRUE(good(this->store_->conflicts("01OTHER")).empty());
}

TYPED_TEST(RunsTest, AreAcceptedInGroupsWithDuplicates) {
  this->accept(result_for("b"));
  const std::vector<RunRecord> group{result_for("a"),          result_for("b"), result_for("a"),
                                     result_for("a", "other"), result_for("c"), result_for("b", "other")};
  EXPECT_EQ(good(this->store_->accept(group)),
            (std::vector<Accepted>{Accepted::kNew, Accepted::kEqual, Accepted::kEqual, Accepted::kConflict,
                                   Accepted::kNew, Accepted::kConflict}));
  EXPECT_TRUE(good(this->store_->accept({})).empty());
}

TYPED_TEST(RunsTest, AreFoundInTheOrderOfTheQuestion) {
  for (const char* run : {"a", "b", "c"}) this->accept(result_for(run, run));
  const std::vector<RunKey> keys{key_for("c"), key_for("x"), key_for("a"), key_for("c")};
  const auto found = good(this->store_->results(keys, Part::kBody));
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0]->made_by.run, "c");
  EXPECT_FALSE(found[1].has_value());
  EXPECT_EQ(found[2]->made_by.run, "a");
  EXPECT_EQ(found[3]->made_by.run, "c");
  EXPECT_EQ(found[0]->packed, "");
  EXPECT_EQ(found[0]->packed_size, 8U);
  EXPECT_FALSE(found[0]->in_blob());
}

TYPED_TEST(RunsTest, AreAcceptedAgainAfterDistrust) {
  this->accept(result_for("a"));
  ASSERT_TRUE(this->store_->distrust(*this->result("a", Part::kBody), {}).has_value());
  EXPECT_FALSE(this->result("a").has_value());
  ASSERT_TRUE(this->store_->distrust(result_for("a"), {}).has_value());  // twice, by two who saw it
  EXPECT_EQ(this->accept(result_for("a", "again", "01CAMPAIGN", 2)), Accepted::kNew);
  EXPECT_EQ(this->content("a"), "packed again");
  // Who comes too late takes nothing away.
  ASSERT_TRUE(this->store_->distrust(result_for("a"), {}).has_value());
  EXPECT_EQ(this->content("a"), "packed again");
  EXPECT_TRUE(good(this->store_->conflicts("01CAMPAIGN")).empty());
  EXPECT_EQ(this->count(kConflicts), 1U);
}

TYPED_TEST(RunsTest, TakeTheirBlobWithThemWhenTheyAreDistrusted) {
  const Blob blob = this->put("a tar");
  RunRecord record = result_for("a");
  record.archive = blob.digest;
  record.archive_size = blob.size;
  record.packed.clear();
  record.packed_size = 0;
  this->accept(record);
  EXPECT_TRUE(this->result("a")->in_blob());
  ASSERT_TRUE(this->store_->distrust(*this->result("a"), {blob.digest}).has_value());
  EXPECT_FALSE(good(this->store_->has(blob.digest)));
  EXPECT_EQ(this->put("a tar").digest, blob.digest);
  EXPECT_TRUE(good(this->store_->has(blob.digest)));
}

// Of several who write one key at once, one is the first; the others hear whether theirs is the same.
TYPED_TEST(RunsTest, HaveOneOutcomeWhoeverWrites) {
  std::vector<std::unique_ptr<Store>> stores;
  for (int i = 0; i < 8; ++i) stores.push_back(this->another());
  for (int round = 0; round < 5; ++round) {
    const std::string run = std::to_string(round);
    std::vector<Accepted> said(8);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const RunRecord mine = result_for(run, i % 2 == 0 ? "even" : "odd", "01C" + std::to_string(i));
        said[i] = good(stores[i]->accept({&mine, 1})).at(0);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(std::count(said.begin(), said.end(), Accepted::kNew), 1);
    EXPECT_EQ(std::count(said.begin(), said.end(), Accepted::kEqual), 3);
    EXPECT_EQ(std::count(said.begin(), said.end(), Accepted::kConflict), 4);
    const auto first = static_cast<std::size_t>(std::find(said.begin(), said.end(), Accepted::kNew) - said.begin());
    EXPECT_EQ(this->content(run), first % 2 == 0 ? "packed even" : "packed odd");
    EXPECT_EQ(this->result(run)->made_by.attempt.campaign, "01C" + std::to_string(first));
  }
}

// Equal results while others distrust: whoever looks, it is never called another one.
TYPED_TEST(RunsTest, AreEqualAlsoWhileTheyAreDistrusted) {
  std::atomic<bool> ends = false;
  std::thread other([&] {
    while (!ends) EXPECT_TRUE(this->store_->distrust(result_for("a"), {}).has_value());
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 30; ++round) EXPECT_NE(this->accept(result_for("a")), Accepted::kConflict);
    });
  }
  for (std::thread& thread : threads) thread.join();
  ends = true;
  other.join();
  EXPECT_TRUE(good(this->store_->conflicts("01CAMPAIGN")).empty());
}

TYPED_TEST(RunsTest, KeepTheirAttempts) {
  AttemptRecord first = result_for("a").made_by;
  first.attempt.verdict = {Outcome::kCrashed, "segmentation fault", {"1.5", 7, "Net.host"}};
  first.attempt.usage = {0.1, 1e-9, 12345.678, 1ULL << 40U, 3, 5'000'000'000};
  first.errors = "\xff\xfe not UTF-8\n";
  ASSERT_TRUE(this->store_->note_attempts({&first, 1}).has_value());
  const auto found = good(this->store_->attempt(key_for("a"), "01CAMPAIGN", 1));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(to_document(*found).body, to_document(first).body);
  EXPECT_EQ(found->errors, first.errors);
  EXPECT_FALSE(good(this->store_->attempt(key_for("a"), "01CAMPAIGN", 2)).has_value());
  EXPECT_FALSE(good(this->store_->attempt(key_for("a"), "01OTHER", 1)).has_value());
}

// An answer may be lost, so that they are noted again; a queue that forgot gives the same number to another one.
TYPED_TEST(RunsTest, KeepAttemptsOfOneNumberBesideEachOther) {
  AttemptRecord first = result_for("a").made_by;
  first.attempt.usage.wall_seconds = 1.0 / 3;
  AttemptRecord second = first;
  second.worker = "w2";
  const std::vector<AttemptRecord> both{first, second};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(this->store_->note_attempts({&first, 1}).has_value());
  EXPECT_EQ(this->count(kAttempts), 1U);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(this->store_->note_attempts(both).has_value());
  EXPECT_EQ(this->count(kAttempts), 2U);
  EXPECT_EQ(good(this->store_->attempt(key_for("a"), "01CAMPAIGN", 1))->worker, "w1");
}

TYPED_TEST(RunsTest, BelongToCampaigns) {
  CampaignRecord old{"01AAA",
                     "first",
                     "queue",
                     R"({"program":"./sim"})",
                     "n1",
                     digest_of("artifact"),
                     digest_of("plan"),
                     3,
                     2,
                     1,
                     Stamp(std::chrono::seconds(1'795'000'000))};
  CampaignRecord young = old;
  young.id = "01BBB";
  young.name = "caf\xe9";  // no UTF-8
  ASSERT_TRUE(this->store_->keep_campaign(old).has_value());
  ASSERT_TRUE(this->store_->keep_campaign(young).has_value());
  CampaignRecord changed = old;
  changed.name = "changed";
  ASSERT_TRUE(this->store_->keep_campaign(changed).has_value());
  EXPECT_EQ(good(this->store_->campaign("01AAA"))->name, "first");
  EXPECT_FALSE(good(this->store_->campaign("01CCC")).has_value());
  const auto all = good(this->store_->campaigns());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, "01BBB");
  EXPECT_EQ(all[0].name, "caf\xe9");
  EXPECT_EQ(to_document(all[1]).body, to_document(old).body);
  EXPECT_TRUE(this->store_->note_collected("01AAA", Stamp(std::chrono::seconds(5))).has_value());
  EXPECT_TRUE(this->store_->note_collected("01AAA", Stamp(std::chrono::seconds(6))).has_value());
  EXPECT_EQ(this->count(kCollected), 1U);
}

TYPED_TEST(RunsTest, HaveAQuota) {
  EXPECT_FALSE(good(this->store_->quota()).has_value());
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40U}) {
    ASSERT_TRUE(this->store_->set_quota(bytes).has_value());
    EXPECT_EQ(good(this->store_->quota()), bytes);
  }
  ASSERT_TRUE(this->store_->set_quota(kMost).has_value());
  EXPECT_GE(good(this->store_->quota()).value_or(0), kMost / 2);
  ASSERT_TRUE(this->store_->set_quota(std::nullopt).has_value());
  EXPECT_FALSE(good(this->store_->quota()).has_value());
}

TYPED_TEST(RunsTest, LetTheFirstChooseTheProcessorOfACampaign) {
  EXPECT_EQ(good(this->store_->choose_cpu("01A", "One (1/2/3), x86-64-v3")), "One (1/2/3), x86-64-v3");
  EXPECT_EQ(good(this->store_->choose_cpu("01A", "Two")), "One (1/2/3), x86-64-v3");
  EXPECT_EQ(good(this->store_->choose_cpu("01A", "One (1/2/3), x86-64-v3")), "One (1/2/3), x86-64-v3");
  EXPECT_EQ(good(this->store_->choose_cpu("01B", "Two")), "Two");
}

TYPED_TEST(RunsTest, AreCountedAsTheyAreStored) {
  EXPECT_EQ(good(this->store_->usage()).bytes(), 0U);
  const Blob one = this->put(noise(100'000));
  const Blob two = this->put(mixed_text(50'000));
  const RunRecord record = result_for("a", noise(40'000));
  this->accept(record);
  const Usage usage = good(this->store_->usage());
  EXPECT_EQ(usage.blobs, 2U);
  EXPECT_EQ(usage.stored, one.stored + two.stored);
  EXPECT_GT(usage.documents, record.packed.size());
  EXPECT_LT(usage.documents, record.packed.size() + 4096);
  EXPECT_EQ(usage.bytes(), usage.stored + usage.documents);
}

}  // namespace
}  // namespace simswarm::store
