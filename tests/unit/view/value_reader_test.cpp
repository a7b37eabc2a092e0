#include "view/value_reader.h"

#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <set>

#include "store_samples.h"
#include "view/result_files.h"
#include "view_support.h"

namespace simswarm::view {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kCampaign = "01M82V0000AAAAAAAAAAAAAAAA";
constexpr std::uint64_t kMuch = 1U << 20U;

constexpr const char* kScalars =
    "version 3\nrun General-0-20261122-12:00:00-1\nattr configname General\n\nscalar net.host delay 1.25\n"
    "attr unit s\nscalar net.host lost 3\n\n";

std::shared_ptr<Followed> campaign_of(std::size_t runs, const std::string& id = kCampaign) {
  store::CampaignRecord record;
  record.id = id;
  RunPlan plan;
  for (std::size_t i = 0; i < runs; ++i)
    plan.runs.push_back(run_of("Study", static_cast<std::int64_t>(i), {{"load", "1"}}));
  plan.keys = keys_for(runs);
  return std::make_shared<Followed>(record, std::move(plan));
}

void complete(Followed& campaign, std::size_t runs) {
  const std::lock_guard lock(campaign.mutex);
  for (std::size_t i = 0; i < runs; ++i) campaign.model.set(i, facts(Cell::kCompleted, 1, 1));
}

std::size_t read_of(ReadValues& values) {
  const std::lock_guard lock(values.mutex);
  return values.values.read();
}

TEST(ValueReaderTest, ReadsWhatIsCompleteAsItComesIn) {
  std::atomic<int> news = 0;
  std::atomic<std::size_t> most_at_once = 0;
  ValueReader reader(
      [&](const Followed&, const std::vector<std::size_t>& positions, const ValueReader::Take& take) -> Status {
        most_at_once = std::max(most_at_once.load(), positions.size());
        for (const std::size_t position : positions) take(position, {});
        return {};
      },
      [&] { ++news; });
  const auto campaign = campaign_of(600);
  complete(*campaign, 450);
  const auto values = reader.of(campaign);
  EXPECT_TRUE(wait_until([&] { return read_of(*values) == 450; }));
  EXPECT_EQ(most_at_once, ValueReader::kAtOnce);
  complete(*campaign, 600);
  EXPECT_TRUE(wait_until([&] { return read_of(*values) == 600; }));
  EXPECT_GE(news, 1);
  EXPECT_EQ(reader.of(campaign), values);
  EXPECT_EQ(reader.read().at(kCampaign), 600U);
}

TEST(ValueReaderTest, GoesOnBehindResultsThatAreNotThere) {
  std::atomic<int> asked = 0;
  ValueReader reader(
      [&](const Followed&, const std::vector<std::size_t>& positions, const ValueReader::Take& take) -> Status {
        for (const std::size_t position : positions) {
          if (position >= 250) take(position, {});
          if (position == 0) ++asked;
        }
        return {};
      },
      nullptr);
  const auto campaign = campaign_of(300);
  complete(*campaign, 300);
  const auto values = reader.of(campaign);
  EXPECT_TRUE(wait_until([&] { return read_of(*values) == 50; }));
  EXPECT_EQ(asked, 1);
}

TEST(ValueReaderTest, SaysWhyNothingMoreIsRead) {
  std::atomic<bool> is_away = true;
  ValueReader reader(
      [&](const Followed&, const std::vector<std::size_t>& positions, const ValueReader::Take& take) -> Status {
        if (is_away) return environment_error("the store is away");
        for (const std::size_t position : positions) take(position, {});
        return {};
      },
      nullptr);
  const auto campaign = campaign_of(3);
  complete(*campaign, 3);
  const auto values = reader.of(campaign);
  const auto trouble = [&] {
    const std::lock_guard lock(values->mutex);
    return values->trouble;
  };
  EXPECT_TRUE(wait_until([&] { return trouble() == "the store is away"; }));
  is_away = false;
  EXPECT_TRUE(wait_until([&] { return read_of(*values) == 3; }));
  EXPECT_TRUE(wait_until([&] { return trouble().empty(); }));
}

TEST(ValueReaderTest, KeepsValuesOfAFewCampaigns) {
  ValueReader reader([](const auto&, const auto&, const auto&) { return Status(); }, nullptr);
  std::vector<std::shared_ptr<Followed>> campaigns;
  for (std::size_t i = 0; i < ValueReader::kMostCampaigns + 2; ++i) {
    campaigns.push_back(campaign_of(3, "01C" + std::to_string(i)));
    EXPECT_NE(reader.of(campaigns.back()), nullptr);
  }
  EXPECT_EQ(reader.read().size(), ValueReader::kMostCampaigns);
  EXPECT_FALSE(reader.read().contains("01C0"));
  const auto before = reader.of(campaigns.back());
  EXPECT_NE(reader.of(campaign_of(5, campaigns.back()->record.id)), before) << "another model of it";
}

// --- from results in a store ---------------------------------------------------------------------------------------

class ResultFilesTest : public testing::Test {
 protected:
  // A result with these files in its archive, and the one of `own` as a blob of its own.
  store::RunRecord result(const std::vector<std::pair<std::string, std::string>>& files, const std::string& own = "",
                          bool in_blob = false) {
    const TestFolder folder;
    store::RunRecord record = store::make_result(*store_, kCampaign, "unused", "unused", false);
    record.made_by.attempt.key = key_at(0);
    record.files.clear();
    std::vector<archive::Entry> entries;
    for (const auto& [path, content] : files) {
      record.files.push_back({path, content.size(), digest_of(content), {}});
      if (path == own) {
        record.own.push_back({record.files.size() - 1, 0, false});
        store::put_text(*store_, content);
        continue;
      }
      entries.push_back({store::path_in_archive(path), folder.write(digest_of(path).hex(), content)});
    }
    TextSink tar;
    const auto packed = store::value_of(archive::pack(entries, archive::Times::kDropped, tar));
    record.archive = packed.digest;
    record.archive_size = packed.size;
    record.packed.clear();
    record.packed_size = 0;
    if (in_blob) {
      store::put_text(*store_, tar.text());
      return record;
    }
    TextSink small;
    const auto compressed = archive::compress_into(small);
    EXPECT_TRUE(compressed->write(tar.text()) && compressed->finish());
    record.packed = small.take();
    record.packed_size = record.packed.size();
    return record;
  }

  TestFolder folder_;
  std::unique_ptr<store::Store> store_ =
      std::make_unique<store::Store>(store::value_of(store::open_directory(folder_ / "store")));
};

TEST_F(ResultFilesTest, ReadsFilesFromWhereverTheyLie) {
  for (const bool in_blob : {false, true}) {
    const auto record =
        result({{"a.sca", "of a"}, {"../b.vec", "of b"}, {"c.sca", ""}, {"d.bin", "of d"}}, "d.bin", in_blob);
    const char* contents[] = {"of a", "of b", "", "of d"};
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_EQ(read_result_file(*store_, record, i, kMuch).value_or("none"), contents[i]) << i;
  }
}

TEST_F(ResultFilesTest, RefusesWhatIsTooLarge) {
  const auto record = result({{"a.sca", std::string(1000, 'x')}, {"b.sca", std::string(1000, 'y')}}, "b.sca");
  EXPECT_EQ(read_result_file(*store_, record, 0, 1000).value_or("").size(), 1000U);
  EXPECT_EQ(error_of(read_result_file(*store_, record, 0, 999)), "a.sca has 1000 bytes: too many for a page");
  EXPECT_FALSE(read_result_file(*store_, record, 1, 999).has_value());
}

TEST_F(ResultFilesTest, GivesNothingThatIsDamaged) {
  auto record = result({{"a.sca", "of a"}});
  record.files[0].digest = digest_of("something else");
  EXPECT_EQ(error_of(read_result_file(*store_, record, 0, kMuch)), "a.sca is damaged: simswarm store verify");
  record = result({{"a.sca", "of a"}});
  record.packed = record.packed.substr(0, record.packed.size() / 2);
  EXPECT_FALSE(read_result_file(*store_, record, 0, kMuch).has_value());
  record.packed = "no archive";
  EXPECT_FALSE(read_result_file(*store_, record, 0, kMuch).has_value());
  record = result({{"a.sca", "of a"}});
  record.files.push_back({"b.sca", 4, digest_of("of b"), {}});
  EXPECT_EQ(error_of(read_result_file(*store_, record, 1, kMuch)), "b.sca is not in the result's archive");
  record = result({{"a.sca", "of a"}}, "", true);
  record.archive = digest_of("gone");
  EXPECT_THAT(error_of(read_result_file(*store_, record, 0, kMuch)), HasSubstr("not in the store any more"));
}

TEST_F(ResultFilesTest, StandsAnArchiveThatHoldsMoreThanItSays) {
  auto record = result({{"a.sca", std::string(1U << 20U, 'x')}});
  record.files[0].size = 10;
  EXPECT_FALSE(read_result_file(*store_, record, 0, 1000).has_value());
}

TEST_F(ResultFilesTest, VisitsThoseThatAreWanted) {
  const auto record = result({{"a.sca", "of a"}, {"b.vec", "of b"}, {"c.sca", "of c"}, {"d.sca", "beyond"}}, "c.sca");
  std::set<std::string> seen;
  EXPECT_TRUE(each_result_file(
      *store_, record, 4, [](const std::string& path) { return path.ends_with(".sca"); },
      [&](const std::string& path, const std::string& content) { seen.insert(path + ": " + content); }));
  EXPECT_THAT(seen, ElementsAre("a.sca: of a", "c.sca: of c"));
}

TEST_F(ResultFilesTest, ReadsScalarsOfAStore) {
  store::accept_one(*store_, result({{"results/General-#0.sca", kScalars}, {"results/General-#0.vec", "no text"}}));
  store::RunRecord broken = result({{"results/broken.sca", "version 3\nscalar \xff\x01 what"}});
  broken.made_by.attempt.key = key_at(1);
  store::accept_one(*store_, broken);
  const auto campaign = campaign_of(3);
  std::map<std::size_t, std::vector<result::Observation>> taken;
  const auto take = [&](std::size_t position, const std::vector<result::Observation>& found) {
    taken[position] = found;
  };
  EXPECT_TRUE(read_stored_values(*store_, *campaign, {0, 1, 2}, take).has_value());
  ASSERT_TRUE(taken.contains(0));
  ASSERT_EQ(taken[0].size(), 2U);
  EXPECT_EQ(taken[0][0].module, "net.host");
  EXPECT_EQ(taken[0][0].name, "delay");
  EXPECT_DOUBLE_EQ(taken[0][0].value, 1.25);
  EXPECT_EQ(taken[0][0].unit, "s");
  EXPECT_TRUE(taken.contains(1)) << "a file that cannot be read has no values";
  EXPECT_FALSE(taken.contains(2)) << "its result is not there yet";
}

TEST(MemoryFileTest, IsReadAsResults) {
  const auto file = MemoryFile::of(kScalars);
  ASSERT_TRUE(file.has_value());
  const auto found = result::read_observations(file->path(), {});
  ASSERT_TRUE(found.has_value()) << error_of(found);
  EXPECT_EQ(found->size(), 2U);
}

TEST(MemoryFileTest, CanBeOpenedWhileItLives) {
  std::string text(3U << 20U, 'x');
  text[7] = '\0';
  fs::path path;
  {
    const auto file = MemoryFile::of(text);
    ASSERT_TRUE(file.has_value());
    path = file->path();
    EXPECT_TRUE(read_file(path).value_or("") == text);
    EXPECT_TRUE(read_file(path).value_or("") == text) << "as often as one likes";
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(read_file(MemoryFile::of("")->path()).value_or("none"), "");
}

}  // namespace
}  // namespace simswarm::view
