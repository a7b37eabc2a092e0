#include "ledger/live.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <set>

#include "base/text.h"
#include "ledger_support.h"

namespace simswarm {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::string this_host() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

LiveRun run(const std::string& text) {
  return {key(text), 2, at(5), R"({"fraction":0.5,"line":"half \u001b[31m<b>"})", "/state/scratch/01A/out \"1\"", 1000};
}

class LiveTest : public testing::Test {
 protected:
  LiveTest() {
    live_.campaign = "01A";
    live_.host = this_host();
    live_.process = 4711;
    live_.slots = 4;
    live_.busy = 2;
    live_.running = 2;
    live_.runs = {run("a"), {key("b"), 1, at(6), {}, {}, {}}};
  }
  void write() { ASSERT_TRUE(write_live(folder_.path(), live_.campaign, to_json(live_)).has_value()); }
  std::optional<Live> read() const {
    return read_live(folder_.path(), "01A", [this](const std::string& id) { return living_.contains(id); });
  }
  [[nodiscard]] fs::path file() const { return folder_ / "live/01A.json"; }
  void make_old() const {
    const timespec then{::time(nullptr) - 60, 0};
    const std::array<timespec, 2> times{then, then};
    ASSERT_EQ(::utimensat(AT_FDCWD, file().c_str(), times.data(), 0), 0);
  }

  TestFolder folder_;
  Live live_;
  std::set<std::string> living_{"01A"};
};

TEST_F(LiveTest, ComesBackAsItWasWritten) {
  write();
  const auto read = this->read();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->campaign, "01A");
  EXPECT_EQ(read->process, 4711);
  EXPECT_EQ(read->slots, 4U);
  EXPECT_EQ(read->busy, 2U);
  EXPECT_EQ(read->running, 2U);
  ASSERT_THAT(read->runs, SizeIs(2));
  const LiveRun& one = read->runs[0];
  EXPECT_EQ(one.key, key("a"));
  EXPECT_EQ(one.attempt, 2);
  EXPECT_EQ(one.started, at(5));
  EXPECT_THAT(one.progress, HasSubstr(R"("fraction":0.5)"));
  EXPECT_EQ(one.output, "/state/scratch/01A/out \"1\"");
  EXPECT_EQ(one.output_owner, 1000U);
  EXPECT_EQ(read->runs[1].progress, "");
  EXPECT_FALSE(fs::exists(folder_ / "live/01A.json.new"));
}

TEST_F(LiveTest, IsAFormat) {
  live_.host = "lab1";
  live_.runs = {{key("a"), 1, at(0), R"({"seconds":1})", "/out", {}}};
  EXPECT_EQ(
      to_json(live_),
      R"({"version":1,"campaign":"01A","host":"lab1","process":4711,"slots":4,"busy":2,"running":2,"runs":[{"key":")" +
          key("a").digest.hex() + R"(","attempt":1,"started":")" + to_text(at(0)) +
          R"(","progress":{"seconds":1},"output":"/out"}]})" + "\n");
}

TEST_F(LiveTest, OfADeadProcessIsNothing) {
  write();
  living_.clear();
  EXPECT_FALSE(read().has_value());
}

TEST_F(LiveTest, OfAnotherHostLivesAsLongAsItIsWritten) {
  live_.host = "elsewhere";
  write();
  living_.clear();
  EXPECT_TRUE(read().has_value());
  make_old();
  EXPECT_FALSE(read().has_value());
  living_ = {"01A"};
  EXPECT_TRUE(read().has_value()) << "its lock is seen from here";
}

TEST_F(LiveTest, OfALivingProcessThatIsSilentStays) {
  write();
  make_old();
  EXPECT_TRUE(read().has_value());
}

TEST_F(LiveTest, ReadsNoRubbish) {
  const std::string deep(100'000, '[');
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("\xff\xfe\0x", 4), deep,
        R"({"version":1,"campaign":"01A","runs":)" + deep, std::string(R"({"version":2,"campaign":"01A","runs":[]})"),
        std::string(R"({"version":1,"campaign":"01B","runs":[]})"), std::string(R"({"version":1,"campaign":"01A"})"),
        std::string(R"({"version":1,"campaign":7,"runs":[]})"),
        std::string(R"({"version":1,"campaign":"01A","runs":{"key":1}})")}) {
    folder_.write("live/01A.json", text);
    EXPECT_FALSE(read().has_value()) << text.substr(0, 60);
  }
}

TEST_F(LiveTest, LeavesOutWhatIsWrongInARun) {
  const std::string good = key("a").digest.hex();
  folder_.write(
      "live/01A.json",
      R"({"version":1,"campaign":"01A","slots":-3,"busy":1e300,"running":"x","runs":[7,null,{},
{"key":"../../etc","started":"2026-11-22T12:57:03Z"},{"key":")" +
          good + R"(","started":"never"},
{"key":")" +
          good + R"(","attempt":-1,"started":"2026-11-22T12:57:03Z","progress":[1],"output":"/a","output_owner":"me"},
{"key":")" +
          good + R"(","attempt":99999999,"started":"2026-11-22T12:57:03Z","progress":{"line":")" +
          std::string(5000, 'x') + R"("},"output":"/a\u0000b"}]})");
  const auto read = this->read();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->slots, 0U);
  EXPECT_EQ(read->busy, 0U);
  EXPECT_EQ(read->running, 0U);
  ASSERT_THAT(read->runs, SizeIs(2));
  for (const LiveRun& one : read->runs) {
    EXPECT_EQ(one.progress, "");
    EXPECT_EQ(one.output, "");
    EXPECT_EQ(one.output_owner, std::nullopt);
  }
  EXPECT_EQ(read->runs[0].attempt, 0);
  EXPECT_EQ(read->runs[1].attempt, 65'535);
}

TEST_F(LiveTest, ReadsNothingHuge) {
  folder_.write("live/01A.json", R"({"version":1,"campaign":"01A","runs":[]})" + std::string(Live::kMostBytes, ' '));
  EXPECT_FALSE(read().has_value());
}

TEST_F(LiveTest, ReadsNoLinksAndPipes) {
  write();
  fs::rename(file(), folder_ / "elsewhere.json");
  fs::create_symlink(folder_ / "elsewhere.json", file());
  EXPECT_FALSE(read().has_value());
  fs::remove(file());
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_FALSE(read().has_value()) << "and does not wait for who writes";
  fs::remove(file());
  fs::create_directory(file());
  EXPECT_FALSE(read().has_value());
}

TEST_F(LiveTest, TellsOfNoMoreRunsThanFit) {
  live_.runs.clear();
  live_.running = 5000;
  for (int i = 0; i < 5000; ++i) live_.runs.push_back(run(std::to_string(i)));
  write();
  const auto many = read();
  ASSERT_TRUE(many.has_value());
  EXPECT_THAT(many->runs, SizeIs(Live::kMostRuns));
  EXPECT_EQ(many->running, 5000U);
  for (LiveRun& one : live_.runs) one.output = "/" + std::string(4000, '\x01');  // an escape is six bytes
  write();
  EXPECT_LE(fs::file_size(file()), Live::kMostBytes);
  const auto few = read();
  ASSERT_TRUE(few.has_value());
  EXPECT_THAT(few->runs, SizeIs(testing::Gt(10U)));
}

TEST_F(LiveTest, IsRemoved) {
  write();
  remove_live(folder_.path(), "01A");
  EXPECT_FALSE(fs::exists(file()));
  remove_live(folder_.path(), "01A");
}

TEST_F(LiveTest, WhatTheDeadLeftIsSweptAway) {
  const auto sweep = [this] {
    sweep_live(folder_.path(), [this](const std::string& id) { return living_.contains(id); });
  };
  sweep();  // nothing is there yet
  write();
  make_old();
  sweep();
  EXPECT_TRUE(fs::exists(file())) << "it lives";
  living_.clear();
  write();
  sweep();
  EXPECT_TRUE(fs::exists(file())) << "it may be of another host";
  make_old();
  sweep();
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(LiveTest, SaysThatItCannotBeWritten) {
  folder_.write("state", "a file");
  EXPECT_FALSE(write_live(folder_ / "state", "01A", "{}").has_value());
}

}  // namespace
}  // namespace simswarm
