// The line to the server breaks: each question is lost, its answer is lost, or half of it. And the server is away, or
// the disk full.
#include <algorithm>

#include "tool.h"
#include "wire_proxy.h"

namespace simswarm::store {
namespace {

// What is asked while something is done.
struct Fault {
  const char* question;
  int count;
};

class Line : public testing::Test {
 protected:
  Line() : store_(good(open_store(url_))), direct_(good(open_store(server_.socket_url(database_)))) {}

  // The first try ends well or says that it may be tried again; the second ends well.
  template <typename T>
  T twice(const Fault& fault, Break how, const std::function<Result<T>()>& act) {
    SCOPED_TRACE(fmt::format("{} #{}, {}", fault.question, fault.count, static_cast<int>(how)));
    proxy_.at(fault.question, fault.count, how);
    Result<T> first = act();
    EXPECT_TRUE(proxy_.happened());
    if (first) return std::move(*first);
    ++errors_;
    EXPECT_TRUE(first.error().can_retry) << first.error().message;
    EXPECT_EQ(first.error().message.find(store_->shown() + " does not answer: "), 0U) << first.error().message;
    EXPECT_EQ(first.error().message.find('\n'), std::string::npos);
    return good(act());
  }
  std::size_t count(const char* collection) {
    std::size_t all = 0;
    EXPECT_TRUE(direct_->back_end()
                    .each(collection, {},
                          [&](const Document&) -> Status {
                            ++all;
                            return {};
                          })
                    .has_value());
    return all;
  }
  void expect_whole_files() {
    EXPECT_TRUE(direct_->back_end()
                    .each_file([&](const FileRecord& one) -> Status {
                      EXPECT_EQ(good(all_of(*good(direct_->back_end().open_file(one)))).size(), one.size);
                      return {};
                    })
                    .has_value());
  }
  // Each in turn, unless all are wanted.
  std::vector<Break> breaks() {
    std::vector<Break> all{Break::kAsked, Break::kAnswered, Break::kHalfReply};
    return all_faults() ? all : std::vector{all[turn_++ % all.size()]};
  }

  TestFolder folder_;
  MongoServer& server_ = own();
  WireProxy proxy_{folder_ / "proxy.sock", server_.folder() / "mongo.sock"};
  std::string database_ = server_.fresh_database();
  std::string url_ = url_of_socket(folder_ / "proxy.sock", database_);
  std::unique_ptr<Store> store_;
  std::unique_ptr<Store> direct_;
  int errors_ = 0;
  std::size_t turn_ = 1;  // the lost answer first

 private:
  static MongoServer& own() {
    static MongoServer server;
    return server;
  }
};

TEST_F(Line, UploadsAreTriedAgain) {
  std::uint64_t seed = 0;
  int blobs = 0;
  for (const Fault& fault : {Fault{"insert fs.chunks", 1},
                             {"insert fs.chunks", 3},
                             {"insert fs.files", 1},
                             {"insert blobs", 1},
                             {"find blobs", 1}}) {
    for (const Break how : breaks()) {
      const std::string content = noise(5'000'000, ++seed);
      ++blobs;
      const auto blob = twice<Blob>(fault, how, [&] {
        TextSource source(content);
        return store_->put(source);
      });
      EXPECT_EQ(blob.digest, digest_of(content));
      TextSink sink;
      EXPECT_EQ(good(direct_->fetch(blob.digest, sink)).state, Fetched::State::kWhole);
      EXPECT_TRUE(sink.text() == content);
    }
  }
  EXPECT_GE(errors_, blobs / 2);
  EXPECT_EQ(count(kBlobs), static_cast<std::size_t>(blobs));
  expect_whole_files();
  good(direct_->back_end().sweep(std::chrono::seconds(0)));
  EXPECT_TRUE(pymongo({server_.socket_url(database_), "chunks"}).ends_with(" 0"));
  expect_whole_files();
}

TEST_F(Line, DownloadsAreTriedAgain) {
  const std::string content = noise(12'000'000);
  TextSource source(content);
  const Digest digest = good(direct_->put(source)).digest;
  for (const Fault& fault : {Fault{"find blobs", 1}, {"find fs.files", 1}, {"find fs.chunks", 1}, {"getMore", 2}}) {
    for (const Break how : breaks()) {
      std::string back;
      const auto fetched = twice<Fetched>(fault, how, [&] {
        TextSink sink;
        auto done = store_->fetch(digest, sink);
        back = sink.take();
        return done;
      });
      EXPECT_EQ(fetched.state, Fetched::State::kWhole) << fetched.trouble;
      EXPECT_TRUE(back == content);
    }
  }
  EXPECT_GE(errors_, 1);
}

TEST_F(Line, ResultsAreNotWrittenTwice) {
  int run = 0;
  for (const Fault& fault : {Fault{"insert results", 1}, {"find results", 1}, {"insert conflicts", 1}}) {
    for (const Break how : breaks()) {
      const std::string name = std::to_string(++run);
      const RunRecord first = result_for(name);
      const RunRecord other = result_for(name, "other");
      const bool is_first = std::string_view(fault.question) == "insert results";
      const auto before = is_first ? std::vector{Accepted::kNew} : good(direct_->accept({&first, 1}));
      EXPECT_EQ(before.at(0), Accepted::kNew);
      const RunRecord& sent = is_first ? first : other;
      const auto said = twice<std::vector<Accepted>>(fault, how, [&] { return store_->accept({&sent, 1}); });
      if (is_first) {
        EXPECT_NE(said.at(0), Accepted::kConflict);
      } else {
        EXPECT_EQ(said.at(0), Accepted::kConflict);
      }
    }
  }
  EXPECT_EQ(count(kResults), static_cast<std::size_t>(run));
  EXPECT_EQ(count(kConflicts), static_cast<std::size_t>(run / 3 * 2));
}

TEST_F(Line, AttemptsAreNotNotedTwice) {
  const std::vector<Break> all{Break::kAsked, Break::kAnswered, Break::kHalfReply};
  for (const Break how : all) {
    const AttemptRecord record = result_for(std::to_string(static_cast<int>(how))).made_by;
    twice<bool>({"insert attempts", 1}, how, [&]() -> Result<bool> {
      SIMSWARM_CHECK(store_->note_attempts({&record, 1}));
      return true;
    });
  }
  EXPECT_EQ(count(kAttempts), 3U);
}

TEST_F(Line, IsSlow) {
  proxy_.delay(std::chrono::milliseconds(40));
  const std::string content = noise(3'000'000);
  TextSource source(content);
  const Digest digest = good(store_->put(source)).digest;
  TextSink sink;
  EXPECT_EQ(good(store_->fetch(digest, sink)).state, Fetched::State::kWhole);
}

// What a server says of itself is nothing that is known of the file: nobody throws a result away for it.
TEST_F(Line, IsNoDamageWhateverTheServerSays) {
  const std::string content = noise(12'000'000);
  TextSource source(content);
  const Digest digest = good(store_->put(source)).digest;
  for (const char* question : {"find fs.chunks", "getMore"}) {
    proxy_.at(question, 1, Break::kRefused);
    TextSink sink;
    const auto refused = store_->fetch(digest, sink);
    EXPECT_TRUE(proxy_.happened());
    ASSERT_FALSE(refused.has_value()) << "damaged: " << refused->trouble;
    EXPECT_EQ(refused.error().message, store_->shown() + ": the database behind it has gone");
    EXPECT_TRUE(refused.error().can_retry);
  }
  TextSink sink;
  EXPECT_EQ(good(store_->fetch(digest, sink)).state, Fetched::State::kWhole);
}

TEST(Away, IsSaidInOneLine) {
  const MongoServer server;
  server.stop_still();
  const auto begin = std::chrono::steady_clock::now();
  const auto store = open_store(server.socket_url("one"));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  server.go_on();
  ASSERT_FALSE(store.has_value());
  EXPECT_TRUE(store.error().can_retry);
  EXPECT_NE(store.error().message.find(" does not answer: "), std::string::npos) << store.error().message;
  EXPECT_EQ(store.error().message.find('\n'), std::string::npos);
  testing::Test::RecordProperty("seconds", std::to_string(took.count()));
  std::printf("said after %.1f s\n", took.count());
  EXPECT_LT(took, std::chrono::seconds(30));  // 5 s and a bit, on a machine with nothing else to do
}

// A small disk of the test's own: `script`, without a «'», runs with the program as $1, the folder as $2 and a large
// file as $3.
std::string on_small_disk(const TestFolder& folder, const std::string& script) {
  const fs::path disk = folder.folder("disk");
  const fs::path large = folder.write("large", noise(6'000'000));
  const std::string mount = "mount -t tmpfs -o size=4m none \"$2\" && ";
  const std::string command = "unshare " + std::string(::geteuid() == 0 ? "-m" : "-Urm") + " sh -c '" + mount + script +
                              "' sh '" STORE_TOOL "' '" + disk.string() + "' '" + large.string() + "' > '" +
                              (folder / "said").string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT(*-env33-c)
  return folder.read("said");
}

TEST(DiskFull, LeavesNothingHalfInAFolder) {
  const TestFolder folder;
  folder.write("small", noise(1'000'000));
  const std::string said = on_small_disk(folder,
                                         "\"$1\" directory:\"$2\"/s put \"$3\"; echo; find \"$2\"/s -type f | wc -l; "
                                         "\"$1\" directory:\"$2\"/s put " +
                                             (folder / "small").string());
  EXPECT_EQ(said.find("error: "), 0U) << said;
  EXPECT_NE(said.find(": No space left on device\n\n1\n" + digest_of(noise(1'000'000)).hex()), std::string::npos)
      << said;
}

TEST(DiskFull, LeavesNoResultHalf) {
  const TestFolder folder;
  const std::string url = "directory:" + (folder / "store").string();
  good(open_store(url));
  EXPECT_NE(tool({url, "accept", "a", std::string(20'000, 'x'), "01C"}, {{"SIMSWARM_STORE_FILE_LIMIT", "10000"}})
                .find(": File too large"),
            std::string::npos);
  EXPECT_TRUE(fs::is_empty(folder / "store/uploads"));
  EXPECT_EQ(tool({url, "accept", "a", "x", "01C"}), "new");
}

}  // namespace
}  // namespace simswarm::store
