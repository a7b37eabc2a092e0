#include "store/upkeep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store_samples.h"

namespace simswarm::store {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kFirst = "01M82V0000AAAAAAAAAAAAAAAA";
constexpr const char* kSecond = "01M82W0000BBBBBBBBBBBBBBBB";

class Upkeep : public ::testing::Test {
 protected:
  Upkeep() {
    auto meddling = std::make_unique<MeddlingBackEnd>(value_of(open_directory(folder_ / "store")));
    meddling_ = meddling.get();
    store_ = std::make_unique<Store>(std::move(meddling));
  }

  // Two runs, one in a blob and one within its document.
  void fill(const std::string& campaign, const std::string& name) {
    make_campaign(*store_, campaign, name);
    accept_one(*store_, make_result(*store_, campaign, name + "#0", name + " large", true));
    accept_one(*store_, make_result(*store_, campaign, name + "#1", name + " small", false));
  }

  Freed collect(seconds grace, std::optional<seconds> collected = {}, bool dry_run = false) {
    return value_of(collect_garbage(*store_, {grace, collected, dry_run}));
  }

  [[nodiscard]] bool is_whole(const Digest& digest) {
    TextSink sink;
    return value_of(store_->fetch(digest, sink)).state == Fetched::State::kWhole;
  }

  std::vector<std::string> damages(bool repair = false) {
    std::vector<std::string> found;
    VerifyOptions options;
    options.repair = repair;
    options.on_damage = [&](const Damage& damage) {
      found.push_back(damage.campaign + " " + damage.run + ": " + damage.trouble);
    };
    const Verified verified = value_of(verify(*store_, options));
    EXPECT_EQ(verified.damaged, found.size());
    return found;
  }

  std::vector<fs::path> files() {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "store/files"))
      if (entry.is_regular_file()) found.push_back(entry.path());
    return found;
  }

  fs::path file_of(const Digest& digest) {
    for (const fs::path& path : files())
      if (path.string().find(digest.hex()) != std::string::npos) return path;
    return {};
  }

  TestFolder folder_;
  MeddlingBackEnd* meddling_ = nullptr;
  std::unique_ptr<Store> store_;
};

TEST_F(Upkeep, ListsCampaignsWithTheirSizes) {
  fill(kFirst, "wifi");
  fill(kSecond, "aloha");
  EXPECT_TRUE(store_->note_collected(kFirst, system_clock().stamp()));
  EXPECT_TRUE(store_->set_quota(12345));
  const Listing listing = value_of(list_campaigns(*store_));
  ASSERT_EQ(listing.campaigns.size(), 2U);
  EXPECT_EQ(listing.campaigns[0].record.name, "aloha");
  EXPECT_EQ(listing.campaigns[1].record.name, "wifi");
  EXPECT_EQ(listing.campaigns[1].complete, 2U);
  EXPECT_TRUE(listing.campaigns[1].collected);
  EXPECT_FALSE(listing.campaigns[0].collected);
  EXPECT_GT(listing.campaigns[0].inline_bytes, 0U);
  EXPECT_EQ(listing.quota, 12345U);
  EXPECT_EQ(listing.unused_blobs, 0U);
  const Usage usage = value_of(store_->usage());
  EXPECT_EQ(listing.usage.bytes(), usage.bytes());
  EXPECT_EQ(listing.campaigns[0].bytes() + listing.campaigns[1].bytes(), usage.bytes());
}

TEST_F(Upkeep, CountsWhatIsSharedOnceInTheTotalAndForEachThatHasIt) {
  CampaignRecord first = make_campaign(*store_, kFirst, "wifi");
  first.id = kSecond;
  EXPECT_TRUE(store_->keep_campaign(first));
  const Listing listing = value_of(list_campaigns(*store_));
  ASSERT_EQ(listing.campaigns.size(), 2U);
  EXPECT_EQ(listing.usage.blobs, 2U);
  EXPECT_EQ(listing.campaigns[0].blob_bytes, listing.usage.stored);
  EXPECT_EQ(listing.campaigns[1].blob_bytes, listing.usage.stored);
}

TEST_F(Upkeep, ListsResultsWhoseCampaignIsGone) {
  accept_one(*store_, make_result(*store_, kFirst, "wifi#0", "small", false));
  const Listing listing = value_of(list_campaigns(*store_));
  ASSERT_EQ(listing.campaigns.size(), 1U);
  EXPECT_EQ(listing.campaigns[0].record.id, kFirst);
  EXPECT_FALSE(listing.campaigns[0].is_known);
  EXPECT_EQ(listing.campaigns[0].complete, 1U);
}

TEST_F(Upkeep, CountsConflictsThatWereNotDistrusted) {
  fill(kFirst, "wifi");
  const RunRecord other = make_result(*store_, kFirst, "wifi#0", "something else", true);
  accept_one(*store_, other);
  EXPECT_EQ(value_of(list_campaigns(*store_)).campaigns[0].conflicts, 1U);
  const RunKey key = key_named("wifi#1");
  EXPECT_TRUE(store_->distrust(*value_of(store_->results({&key, 1}, Part::kAll))[0], {}));
  EXPECT_EQ(value_of(list_campaigns(*store_)).campaigns[0].conflicts, 1U);
  EXPECT_TRUE(is_whole(other.archive));
  EXPECT_EQ(collect(seconds(0)).blobs, 0U) << "a conflict keeps its archive";
}

TEST_F(Upkeep, FindsAWholeStoreWhole) {
  fill(kFirst, "wifi");
  const Verified verified = value_of(verify(*store_, {}));
  EXPECT_EQ(verified.results, 2U);
  EXPECT_EQ(verified.blobs, 3U);
  EXPECT_GT(verified.bytes, 2U * 512);
  EXPECT_EQ(verified.damaged, 0U);
}

TEST_F(Upkeep, NamesWhatIsDamagedAndLetsThoseRunsRunAgain) {
  fill(kFirst, "wifi");
  const RunKey key = key_named("wifi#0");
  const Digest archive = value_of(store_->results({&key, 1}, Part::kBody))[0]->archive;
  fs::resize_file(file_of(archive), fs::file_size(file_of(archive)) - 3);
  EXPECT_THAT(damages(), ElementsAre(AllOf(HasSubstr(std::string(kFirst) + " wifi#0: blob " + archive.hex()),
                                           HasSubstr("ends too early"))));
  EXPECT_TRUE(value_of(store_->results({&key, 1}, Part::kBody))[0]) << "looking changes nothing";
  EXPECT_EQ(damages(true).size(), 1U);
  EXPECT_FALSE(value_of(store_->results({&key, 1}, Part::kBody))[0]);
  EXPECT_THAT(damages(), IsEmpty());
  EXPECT_FALSE(value_of(store_->has(archive)));
  // It runs again, and what was damaged is waste.
  accept_one(*store_, make_result(*store_, kFirst, "wifi#0", "wifi large", true));
  EXPECT_TRUE(is_whole(archive));
  EXPECT_EQ(collect(seconds(0)).files, 1U);
  EXPECT_TRUE(is_whole(archive));
  EXPECT_THAT(damages(), IsEmpty());
}

TEST_F(Upkeep, NamesBlobsThatAreMissing) {
  fill(kFirst, "wifi");
  const CampaignRecord campaign = *value_of(store_->campaign(kFirst));
  fs::remove(file_of(campaign.artifact));
  EXPECT_THAT(damages(true), ElementsAre(AllOf(HasSubstr("blob " + campaign.artifact.hex()), HasSubstr("is missing"))));
  EXPECT_FALSE(value_of(store_->has(campaign.artifact))) << "so that it is brought again";
  EXPECT_THAT(damages(), ElementsAre(HasSubstr("is not in directory:")));
  put_text(*store_, "artifact of wifi");
  EXPECT_THAT(damages(), IsEmpty());
}

TEST_F(Upkeep, ChecksArchivesWithinDocuments) {
  make_campaign(*store_, kFirst, "wifi");
  RunRecord wrong = make_result(*store_, kFirst, "wifi#0", "one", false);
  const RunRecord other = make_result(*store_, kFirst, "wifi#0", "two", false);
  wrong.packed = other.packed;
  wrong.packed_size = other.packed_size;
  accept_one(*store_, wrong);
  RunRecord longer = make_result(*store_, kFirst, "wifi#1", "one", false);
  longer.archive_size -= 1;
  accept_one(*store_, longer);
  RunRecord garbage = make_result(*store_, kFirst, "wifi#2", "one", false);
  garbage.packed = "garbage";
  garbage.packed_size = 7;
  accept_one(*store_, garbage);
  const std::string id = kFirst;
  EXPECT_THAT(damages(true),
              ::testing::UnorderedElementsAre(id + " wifi#0: its archive has the digest " + other.archive.hex(),
                                              HasSubstr(id + " wifi#1: its archive unpacks to "),
                                              id + " wifi#2: the data is not compressed with zstd"));
  EXPECT_THAT(damages(), IsEmpty());
}

TEST_F(Upkeep, CollectsNothingThatIsNeededOrYoung) {
  fill(kFirst, "wifi");
  const Digest waiting = put_text(*store_, "still to be named");
  EXPECT_EQ(collect(kGrace).bytes(), 0U);
  EXPECT_TRUE(is_whole(waiting));
  const Freed would = collect(seconds(0), {}, true);
  EXPECT_EQ(would.blobs, 1U);
  EXPECT_TRUE(is_whole(waiting));
  const Freed freed = collect(seconds(0));
  EXPECT_EQ(freed.blobs, 1U);
  EXPECT_EQ(freed.blob_bytes, would.blob_bytes);
  EXPECT_EQ(freed.files, 0U);
  EXPECT_FALSE(is_whole(waiting));
  EXPECT_THAT(damages(), IsEmpty());
  EXPECT_EQ(files().size(), 3U);
}

TEST_F(Upkeep, KeepsWhatSomebodyWantsToUse) {
  const Digest blob = put_text(*store_, "an artifact of long ago");
  EXPECT_TRUE(value_of(store_->has(blob)));
  EXPECT_EQ(collect(hours(1)).blobs, 0U);
  const Freed freed = collect(seconds(0));
  EXPECT_EQ(freed.blobs, 1U);
  EXPECT_EQ(freed.uses, 1U);
  EXPECT_EQ(collect(seconds(0)).uses, 0U);
}

// has() looked before the document went, and noted its use after it: it hears that the blob has gone, and the blob is
// there all the same.
TEST_F(Upkeep, PutsABlobBackThatSomebodyWantsMeanwhile) {
  const Digest blob = put_text(*store_, "an artifact of long ago");
  meddling_->after_remove = [&](const std::string& collection) {
    EXPECT_EQ(collection, kBlobs);
    const Document use = to_document(UseRecord{blob, system_clock().stamp() - hours(24 * 365)});  // any clock will do
    EXPECT_TRUE(meddling_->insert(kUses, {&use, 1}));
    EXPECT_TRUE(is_whole(blob)) << "it can be read meanwhile";
  };
  EXPECT_EQ(collect(seconds(0)).blobs, 0U);
  EXPECT_TRUE(is_whole(blob));
  EXPECT_TRUE(value_of(store_->has(blob)));
}

TEST_F(Upkeep, SeesTheUseOfWhoWasToldThatItIsThere) {
  const Digest blob = put_text(*store_, "an artifact of long ago");
  meddling_->before_remove = [&](const std::string&) { EXPECT_TRUE(value_of(store_->has(blob))); };
  EXPECT_EQ(collect(seconds(0)).blobs, 0U);
  EXPECT_TRUE(is_whole(blob));
}

TEST_F(Upkeep, PutsABlobBackThatSomebodyNamesMeanwhile) {
  const Digest blob = put_text(*store_, "an artifact of long ago");
  meddling_->after_remove = [&](const std::string&) {
    CampaignRecord record;
    record.id = kFirst;
    record.artifact = record.plan = blob;
    EXPECT_TRUE(store_->keep_campaign(record));
  };
  EXPECT_EQ(collect(seconds(0)).blobs, 0U);
  EXPECT_TRUE(is_whole(blob));
}

TEST_F(Upkeep, LeavesABlobThatWasWrittenAnewMeanwhile) {
  const Digest blob = put_text(*store_, "an artifact of long ago");
  meddling_->after_remove = [&](const std::string&) {
    EXPECT_FALSE(value_of(store_->has(blob)));
    EXPECT_EQ(put_text(*store_, "an artifact of long ago"), blob);
    EXPECT_TRUE(value_of(store_->has(blob)));
  };
  EXPECT_EQ(collect(seconds(0)).blobs, 1U) << "of two files one is too many";
  EXPECT_TRUE(is_whole(blob));
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(Upkeep, IsBrokenOffWithoutLoss) {
  fill(kFirst, "wifi");
  const Digest waste = put_text(*store_, "waste");
  EXPECT_TRUE(value_of(store_->back_end().remove(kBlobs, waste.hex())));
  // And so for one that is named again by then: it is read by its name, and not collected.
  const CampaignRecord campaign = *value_of(store_->campaign(kFirst));
  EXPECT_TRUE(value_of(store_->back_end().remove(kBlobs, campaign.artifact.hex())));
  const Freed freed = collect(seconds(0));
  EXPECT_EQ(freed.files, 1U);
  EXPECT_FALSE(is_whole(waste));
  EXPECT_TRUE(is_whole(campaign.artifact));
  EXPECT_THAT(damages(), IsEmpty());
}

TEST_F(Upkeep, LeavesFilesOfOthers) {
  const auto writer = value_of(store_->back_end().create_file());
  EXPECT_TRUE(writer->write("a photograph"));
  EXPECT_TRUE(writer->keep("holiday.zst"));
  EXPECT_EQ(collect(seconds(0)).files, 0U);
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(Upkeep, SweepsUploadsThatNeverEnded) {
  folder_.write("store/uploads/01M82V0000AAAAAAAAAAAAAAAA.part", "half of it");
  EXPECT_EQ(collect(hours(1)).uploads.files, 0U);
  const Freed freed = collect(seconds(0));
  EXPECT_EQ(freed.uploads.files, 1U);
  EXPECT_EQ(freed.bytes(), 10U);
}

TEST_F(Upkeep, RemovesACampaignWithAllThatIsItsOwn) {
  fill(kFirst, "wifi");
  fill(kSecond, "aloha");
  accept_one(*store_, make_result(*store_, kFirst, "wifi#0", "something else", true));
  EXPECT_TRUE(store_->note_collected(kFirst, system_clock().stamp()));
  const Freed freed = value_of(remove_campaign(*store_, kFirst));
  EXPECT_EQ(freed.results, 2U);
  EXPECT_EQ(freed.conflicts, 1U);
  EXPECT_EQ(freed.attempts, 2U);  // of one number and the same words there is one
  EXPECT_EQ(collect(seconds(0)).blobs, 4U);
  const Listing listing = value_of(list_campaigns(*store_));
  ASSERT_EQ(listing.campaigns.size(), 1U);
  EXPECT_EQ(listing.campaigns[0].record.id, kSecond);
  EXPECT_EQ(listing.campaigns[0].complete, 2U);
  EXPECT_THAT(damages(), IsEmpty());
}

// What was known already is not run again: so it is the result of two campaigns.
TEST_F(Upkeep, KeepsResultsThatAnotherCampaignHas) {
  fill(kFirst, "wifi");
  CampaignRecord second = *value_of(store_->campaign(kFirst));
  second.id = kSecond;
  second.plan = put_text(*store_, plan_of({key_named("wifi#0"), key_named("later")}));
  EXPECT_TRUE(store_->keep_campaign(second));
  EXPECT_EQ(value_of(list_campaigns(*store_)).campaigns[0].complete, 1U);
  EXPECT_EQ(value_of(remove_campaign(*store_, kFirst)).results, 1U);
  EXPECT_EQ(collect(seconds(0)).blobs, 1U) << "its plan";
  const Listing listing = value_of(list_campaigns(*store_));
  ASSERT_EQ(listing.campaigns.size(), 1U);
  EXPECT_EQ(listing.campaigns[0].complete, 1U);
  EXPECT_THAT(damages(), IsEmpty());
  EXPECT_EQ(value_of(remove_campaign(*store_, kSecond)).results, 1U) << "also what the first one brought";
  collect(seconds(0));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(Upkeep, RemovesNothingWhileItIsNotKnownWhatOthersNeed) {
  fill(kFirst, "wifi");
  fill(kSecond, "aloha");
  fs::remove(file_of(value_of(store_->campaign(kSecond))->plan));
  EXPECT_THAT(error_of(remove_campaign(*store_, kFirst)),
              HasSubstr(std::string("the plan of campaign ") + kSecond + " cannot be had: blob "));
  EXPECT_EQ(value_of(list_campaigns(*store_)).campaigns[1].complete, 2U);
  EXPECT_EQ(value_of(list_campaigns(*store_)).campaigns[0].complete, 2U) << "by what it brought";
  EXPECT_TRUE(remove_campaign(*store_, kSecond));
  EXPECT_TRUE(remove_campaign(*store_, kFirst));
}

TEST_F(Upkeep, KnowsLargeFilesThatAreBlobsOfTheirOwn) {
  make_campaign(*store_, kFirst, "wifi");
  RunRecord record = make_result(*store_, kFirst, "wifi#0", "small", false);
  const Digest large = put_text(*store_, "a large vector file");
  record.files.push_back({"results/run.vec", 19, large, {}});
  record.own.push_back({1, 0, false});
  accept_one(*store_, record);
  EXPECT_EQ(collect(seconds(0)).blobs, 0U);
  EXPECT_EQ(value_of(list_campaigns(*store_)).unused_blobs, 0U);
  EXPECT_THAT(damages(), IsEmpty());
  fs::remove(file_of(large));
  EXPECT_THAT(damages(true), ElementsAre(HasSubstr("wifi#0: blob " + large.hex())));
  EXPECT_THAT(damages(), IsEmpty());
  EXPECT_EQ(value_of(list_campaigns(*store_)).campaigns[0].complete, 0U);
}

TEST_F(Upkeep, KeepsCollectedCampaignsForTheirTime) {
  fill(kFirst, "wifi");
  fill(kSecond, "aloha");
  EXPECT_TRUE(store_->note_collected(kFirst, system_clock().stamp() - hours(50)));
  EXPECT_THAT(collect(seconds(0)).campaigns, IsEmpty());
  EXPECT_THAT(collect(seconds(0), hours(60)).campaigns, IsEmpty());
  const Freed would = collect(seconds(0), hours(40), true);
  EXPECT_THAT(would.campaigns, ElementsAre(kFirst));
  EXPECT_EQ(would.results, 2U);
  EXPECT_EQ(would.blobs, 3U);
  EXPECT_EQ(value_of(list_campaigns(*store_)).campaigns.size(), 2U);
  const Freed freed = collect(seconds(0), hours(40));
  EXPECT_THAT(freed.campaigns, ElementsAre(kFirst));
  EXPECT_EQ(freed.bytes(), would.bytes());
  EXPECT_EQ(freed.attempts, 2U);
  EXPECT_EQ(value_of(list_campaigns(*store_)).campaigns.size(), 1U);
  EXPECT_THAT(collect(seconds(0), hours(40)).campaigns, IsEmpty());
}

TEST_F(Upkeep, CollectsNothingWhenADocumentCannotBeRead) {
  fill(kFirst, "wifi");
  const Digest waste = put_text(*store_, "waste");
  const Document strange{"strange", R"({"v":2})", {}};
  EXPECT_TRUE(store_->back_end().insert(kResults, {&strange, 1}));
  EXPECT_THAT(error_of(collect_garbage(*store_, {seconds(0), {}, false})), HasSubstr("version 2"));
  EXPECT_TRUE(is_whole(waste));
}

}  // namespace
}  // namespace simswarm::store
