// Nothing half is ever seen: who writes, who reads and the server are killed at each step, and it is done again.
#include <algorithm>

#include "tool.h"

namespace simswarm::store {
namespace {

constexpr std::size_t kSize = 6'000'000;

// Before the file is kept there is no blob; from then on it may be there, and whole.
const std::vector<std::string> kStepsOfWriter{"create file#1",  "write#1",         "wrote#1", "wrote#17",
                                              "wrote#40",       "find blobs#1",    "keep#1",  "kept#1",
                                              "insert blobs#1", "inserted blobs#1"};
const std::vector<std::string> kStepsOfReader{"find blobs#1", "open file#1", "opened file#1", "read#2", "read#30"};

std::vector<std::string> some_of(const std::vector<std::string>& steps, std::size_t every) {
  std::vector<std::string> some;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (all_faults() || i % every == every - 1) some.push_back(steps[i]);
  }
  return some;
}

// A store that others break, looked at from outside.
class Site {
 public:
  Site(std::string url, bool is_server) : url_(std::move(url)), is_server_(is_server) {}

  std::string put(std::uint64_t seed, const Environment& environment = {}) {
    return tool({url_, "put", file(seed)}, environment);
  }
  fs::path file(std::uint64_t seed) {
    const fs::path path = folder_ / std::to_string(seed);
    return fs::exists(path) ? path : folder_.write(std::to_string(seed), noise(kSize, seed));
  }
  static Digest digest(std::uint64_t seed) { return digest_of(noise(kSize, seed)); }
  Fetched::State state(std::uint64_t seed) {
    const auto store = good(open_store(url_));
    TextSink sink;
    return good(store->fetch(digest(seed), sink)).state;
  }
  // What uploads have left goes, and everything else is whole.
  void expect_clean() {
    const auto store = good(open_store(url_));
    good(store->back_end().sweep(std::chrono::seconds(0)));
    const std::string chunks = is_server_ ? pymongo({url_, "chunks"}) : "0 0";
    EXPECT_TRUE(chunks.ends_with(" 0")) << chunks << " (all, orphans)";
    EXPECT_TRUE(store->back_end()
                    .each_file([&](const FileRecord& one) -> Status {
                      const auto source = good(store->back_end().open_file(one));
                      EXPECT_EQ(good(all_of(*source)).size(), one.size);
                      return {};
                    })
                    .has_value());
  }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  std::string url_;
  bool is_server_;
  TestFolder folder_;
};

template <typename Place>
class Killed : public testing::Test {
 protected:
  Place place_;
  Site site_{place_.url(), std::is_same_v<Place, ServerPlace>};
  TestFolder folder_;
};
TYPED_TEST_SUITE(Killed, Places);

TYPED_TEST(Killed, WritersLeaveNothingHalf) {
  std::uint64_t seed = 0;
  for (const std::string& step : some_of(kStepsOfWriter, 2)) {
    SCOPED_TRACE(step);
    Tool writer({this->place_.url(), "put", this->site_.file(++seed)}, {{"SIMSWARM_STORE_STEP", step}});
    EXPECT_EQ(writer.wait(), 128 + SIGKILL);
    const auto at = std::find(kStepsOfWriter.begin(), kStepsOfWriter.end(), step);
    const bool is_kept = at >= std::find(kStepsOfWriter.begin(), kStepsOfWriter.end(), "kept#1");
    EXPECT_EQ(this->site_.state(seed), is_kept ? Fetched::State::kWhole : Fetched::State::kMissing);
    EXPECT_EQ(this->site_.put(seed), Site::digest(seed).hex());
    EXPECT_EQ(this->site_.state(seed), Fetched::State::kWhole);
  }
  this->site_.expect_clean();
}

TYPED_TEST(Killed, ReadersLeaveTheStoreAsItIs) {
  ASSERT_EQ(this->site_.put(1), Site::digest(1).hex());
  for (const std::string& step : some_of(kStepsOfReader, 2)) {
    SCOPED_TRACE(step);
    const fs::path to = this->folder_ / step;
    Tool reader({this->place_.url(), "get", Site::digest(1).hex(), to}, {{"SIMSWARM_STORE_STEP", step}});
    EXPECT_EQ(reader.wait(), 128 + SIGKILL);
    EXPECT_EQ(tool({this->place_.url(), "get", Site::digest(1).hex(), to.string() + " again"}), "whole");
  }
  this->site_.expect_clean();
}

TYPED_TEST(Killed, WritersOfAResultHaveWrittenItOrNot) {
  int run = 0;
  for (const char* step : {"insert results#1", "inserted results#1"}) {
    const std::string name = std::to_string(++run);
    Tool writer({this->place_.url(), "accept", name, "x", "01C"}, {{"SIMSWARM_STORE_STEP", step}});
    EXPECT_EQ(writer.wait(), 128 + SIGKILL);
    EXPECT_EQ(tool({this->place_.url(), "accept", name, "x", "01C"}), run == 1 ? "new" : "equal");
    EXPECT_EQ(tool({this->place_.url(), "accept", name, "y", "01C"}), "conflict");
  }
}

TYPED_TEST(Killed, NobodyOfManyProcessesIsFirstTwice) {
  for (int round = 0; round < (all_faults() ? 20 : 2); ++round) {
    std::vector<std::unique_ptr<Tool>> tools;
    const std::string run = std::to_string(round);
    for (int i = 0; i < 8; ++i) {
      tools.push_back(std::make_unique<Tool>(
          Words{this->place_.url(), "accept", run, i % 2 == 0 ? "even" : "odd", "01C" + std::to_string(i)}));
    }
    std::vector<std::string> said;
    for (const auto& one : tools) said.push_back(one->said());
    EXPECT_EQ(std::count(said.begin(), said.end(), "new"), 1);
    EXPECT_EQ(std::count(said.begin(), said.end(), "equal"), 3);
    EXPECT_EQ(std::count(said.begin(), said.end(), "conflict"), 4);
  }
}

// The server goes and comes while the program stands at a step.
class ServerKilled : public testing::Test {
 protected:
  // What the program says in the end.
  std::string at(const std::string& step, const Words& words) {
    const fs::path wait = folder_ / "wait";
    Tool program(words, {{"SIMSWARM_STORE_STEP", step}, {"SIMSWARM_STORE_WAIT", wait}});
    EXPECT_TRUE(wait_until([&] { return fs::exists(wait); }, std::chrono::seconds(60))) << step;
    server_.kill_hard();
    server_.start();
    fs::remove(wait);
    return program.said();
  }
  static void expect_one_line(const std::string& said) {
    EXPECT_EQ(said.find("error: (again) mongodb://127.0.0.1:"), 0U) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  }

  MongoServer server_;
  Site site_{server_.url("one"), true};
  TestFolder folder_;
};

TEST_F(ServerKilled, WritersLeaveNothingHalf) {
  std::uint64_t seed = 0;
  for (const std::string& step : some_of(kStepsOfWriter, 4)) {
    SCOPED_TRACE(step);
    const std::string said = at(step, {site_.url(), "put", site_.file(++seed)});
    if (said != Site::digest(seed).hex()) expect_one_line(said);
    EXPECT_NE(site_.state(seed), Fetched::State::kDamaged);
    EXPECT_EQ(site_.put(seed), Site::digest(seed).hex());
    EXPECT_EQ(site_.state(seed), Fetched::State::kWhole);
  }
  site_.expect_clean();
}

TEST_F(ServerKilled, ReadersTakeItForNoDamage) {
  ASSERT_EQ(site_.put(1), Site::digest(1).hex());
  for (const std::string& step : some_of(kStepsOfReader, 2)) {
    SCOPED_TRACE(step);
    const std::string to = folder_ / step;
    const std::string said = at(step, {site_.url(), "get", Site::digest(1).hex(), to});
    if (said != "whole") expect_one_line(said);
    EXPECT_EQ(tool({site_.url(), "get", Site::digest(1).hex(), to + " again"}), "whole");
  }
}

}  // namespace
}  // namespace simswarm::store
