#include "store/node_cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "artifact_support.h"
#include "tar_writer.h"

namespace simswarm::store {
namespace {

class Cache : public testing::Test {
 protected:
  std::unique_ptr<NodeCache> open(std::uint64_t limit = 1ULL << 40U) {
    CacheOptions options;
    options.folder = folder_ / "cache";
    options.limit = limit;
    options.say = [this](const std::string& text) { said_.push_back(text); };
    return good(NodeCache::open(options));
  }
  std::unique_ptr<Held> hold(const Digest& artifact) { return good(open()->hold(artifact, *store_)); }
  // Held, and let go at once.
  fs::path tree(const Digest& artifact) {
    const auto held = hold(artifact);
    return held == nullptr ? fs::path() : held->tree();
  }
  Digest put(const std::string& content) {
    return put_artifact(*store_, {{"program", content}, {"data/a.txt", "data of " + content}});
  }
  Digest put_tar(const std::string& tar) {
    TextSource source(tar);
    return good(store_->put(source)).digest;
  }
  static std::string read(const fs::path& path) { return read_file(path).value_or("nothing"); }
  // As another machine's, or that of this one before it was started anew.
  void make_note_stale(const Digest& artifact) {
    const fs::path note = folder_ / "cache" / artifact.hex() / "good";
    std::string text = *read_file(note);
    text[0] = text[0] == 'x' ? 'y' : 'x';
    ASSERT_TRUE(write_file(note, text).has_value());
  }
  static void use_writable(const fs::path& path, const std::function<void()>& act) {
    ::chmod(path.parent_path().c_str(), 0755);
    ::chmod(path.c_str(), 0644);
    act();
    ::chmod(path.c_str(), 0444);
  }

  TestFolder folder_;
  std::unique_ptr<Store> store_ = good(open_store("directory:" + (folder_ / "store").string()));
  std::vector<std::string> said_;
};

TEST_F(Cache, GivesATreeThatNobodyWrites) {
  const Digest artifact = put("one");
  const auto held = hold(artifact);
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(read(held->tree() / "program"), "one");
  EXPECT_EQ(read(held->tree() / "data/a.txt"), "data of one");
  struct stat info {};
  ASSERT_EQ(::stat((held->tree() / "program").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0555U);
  ASSERT_EQ(::stat((held->tree() / "data/a.txt").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0444U);
  const auto contents = good(open()->contents());
  EXPECT_EQ(contents.artifacts, 1U);
  EXPECT_EQ(contents.bytes, 3U + 11U);
}

TEST_F(Cache, AsksTheStoreOnce) {
  const Digest artifact = put("one");
  tree(artifact);
  fs::remove_all(folder_ / "store/files");
  EXPECT_EQ(read(tree(artifact) / "program"), "one");
  make_note_stale(artifact);  // looked through, and still good
  EXPECT_EQ(read(tree(artifact) / "program"), "one");
  EXPECT_TRUE(said_.empty());
}

// Each way in which a tree can differ: it is noticed, said, and fetched again.
TEST_F(Cache, FetchesAgainWhatIsDamaged) {
  const Digest artifact = put("one");
  const std::vector<std::function<void(const fs::path&)>> damages{
      [](const fs::path& tree) {  // a byte, with the times put back
        const fs::path path = tree / "data/a.txt";
        struct stat info {};
        ASSERT_EQ(::stat(path.c_str(), &info), 0);
        use_writable(path, [&] { ASSERT_TRUE(write_file(path, "Data of one").has_value()); });
        const timespec times[] = {info.st_atim, info.st_mtim};
        ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
      },
      [](const fs::path& tree) { fs::remove(tree / "data/a.txt"); },
      [](const fs::path& tree) { ASSERT_TRUE(write_file(tree / "data/b.txt", "more").has_value()); },
      [](const fs::path& tree) { ::chmod((tree / "program").c_str(), 0444); },
      [](const fs::path& tree) {
        fs::remove(tree / "data/a.txt");
        fs::create_symlink("../program", tree / "data/a.txt");
      },
      [](const fs::path& tree) { fs::remove_all(tree); },
  };
  for (const auto& damage : damages) {
    for (const bool is_stale : {false, true}) {
      said_.clear();
      const fs::path place = tree(artifact);
      damage(place);
      if (is_stale) make_note_stale(artifact);
      EXPECT_EQ(read(tree(artifact) / "data/a.txt"), "data of one");
      EXPECT_FALSE(fs::exists(place / "data/b.txt"));
      ASSERT_EQ(said_.size(), 1U) << "damage " << &damage - damages.data();
      EXPECT_EQ(said_.front(), fmt::format("artifact {} in {} is damaged: it is fetched again",
                                           artifact.hex().substr(0, 12), (folder_ / "cache").string()));
    }
  }
}

// What was written without any trace in its times is noticed when the machine has started anew.
TEST_F(Cache, LooksThroughEverythingAfterAStart) {
  const Digest artifact = put("one");
  const fs::path place = tree(artifact);
  use_writable(place / "data/a.txt", [&] { ASSERT_TRUE(write_file(place / "data/a.txt", "Data of one").has_value()); });
  // A note that says that it looks good, of an earlier start: as a disk that has lost what it had.
  make_note_stale(artifact);
  EXPECT_EQ(read(tree(artifact) / "data/a.txt"), "data of one");
  EXPECT_EQ(said_.size(), 1U);
}

TEST_F(Cache, SaysWhatTheStoreHasNotGot) {
  const Digest artifact = digest_of("nothing");
  EXPECT_EQ(error_of(open()->hold(artifact, *store_)),
            fmt::format("artifact {} is not in {}", artifact.hex().substr(0, 12), store_->shown()));
  EXPECT_TRUE(entries_in(folder_ / "cache").empty());
}

TEST_F(Cache, LeavesNothingOfWhatIsDamagedOrHostile) {
  DirectoryPlace damaged;
  store_ = good(open_store(damaged.url()));
  const Digest flipped = put("one");
  damaged.damage(Damage::kFlipped, flipped.hex() + ".zst");
  EXPECT_EQ(error_of(open()->hold(flipped, *store_)).find("artifact blob " + flipped.hex() + ": "), 0U);
  const Digest gone = put("two");
  damaged.damage(Damage::kGone, gone.hex() + ".zst");
  EXPECT_NE(error_of(open()->hold(gone, *store_)).find("is missing"), std::string::npos);
  for (const std::string& tar :
       {tar_of({{.name = "../escape", .content = "x"}}), tar_of({{.name = "/etc/escape", .content = "x"}}),
        tar_of({{.name = "a", .content = "x"}, link_to("l", "/etc"), {.name = "l/escape", .content = "x"}}),
        tar_of({{.name = "dev", .kind = '3'}}), std::string("no tar at all"), std::string(100'000, 'x')}) {
    const Digest artifact = put_tar(tar);
    const std::string said = error_of(open()->hold(artifact, *store_));
    EXPECT_EQ(said.find(fmt::format("artifact {}: ", artifact.hex().substr(0, 12))), 0U) << said;
  }
  EXPECT_TRUE(entries_in(folder_ / "cache").empty());
  EXPECT_FALSE(fs::exists(folder_ / "escape"));
}

TEST_F(Cache, LetsGoOfWhatWasNotUsedForTheLongestTime) {
  const std::string large(100'000, 'x');
  std::vector<Digest> artifacts;
  for (const char* name : {"a", "b", "c"}) artifacts.push_back(put(name + large));
  const std::uint64_t each = 2 * large.size() + 9 + 3;
  const auto cache = open(3 * each + 20'000);
  for (const Digest& artifact : artifacts) good(cache->hold(artifact, *store_));
  EXPECT_EQ(good(cache->contents()).artifacts, 3U);
  // The order of use, whatever the clock of the file system is able to tell.
  const auto used = [&](std::size_t which, int seconds) {
    const timespec times[] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ / ("cache/" + artifacts[which].hex() + ".lock")).c_str(), times, 0), 0);
  };
  used(1, 1000);
  used(2, 2000);
  used(0, 3000);
  good(cache->hold(put("d" + large), *store_));
  EXPECT_TRUE(fs::exists(folder_ / "cache" / artifacts[0].hex()));
  EXPECT_FALSE(fs::exists(folder_ / "cache" / artifacts[1].hex()));
  EXPECT_TRUE(fs::exists(folder_ / "cache" / artifacts[2].hex()));
  const auto held = good(cache->hold(artifacts[2], *store_));
  used(2, 500);
  good(cache->hold(put("e" + large), *store_));
  EXPECT_TRUE(fs::exists(held->tree() / "program"));  // in use
  EXPECT_FALSE(fs::exists(folder_ / "cache" / artifacts[0].hex()));
  EXPECT_LE(good(cache->contents()).bytes, 3 * each + 20'000);
}

TEST_F(Cache, StaysBeyondItsLimitForWhatIsInUse) {
  const auto cache = open(1);
  const auto first = good(cache->hold(put("a"), *store_));
  const auto second = good(cache->hold(put("b"), *store_));
  EXPECT_EQ(read(first->tree() / "program"), "a");
  EXPECT_EQ(read(second->tree() / "program"), "b");
}

// What somebody left who died goes when room is made, though nobody knows how large it is.
TEST_F(Cache, RemovesWhatWasLeftHalf) {
  const Digest artifact = put("one");
  const std::string left = digest_of("left").hex();
  folder_.write("cache/" + left + ".lock", "");
  folder_.write("cache/" + left + "/tree/part", "half");
  tree(artifact);
  EXPECT_EQ(entries_in(folder_ / "cache"), std::vector<std::string>{artifact.hex()});
}

TEST_F(Cache, ServesManyAtOnce) {
  const Digest artifact = put(noise(1'000'000));
  const auto cache = open();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const auto held = good(cache->hold(artifact, *store_));
        EXPECT_EQ(read(held->tree() / "program").size(), 1'000'000U);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(said_.empty());
}

TEST_F(Cache, GivesUpWhenItIsAsked) {
  const Digest artifact = put("one");
  CacheOptions options;
  options.folder = folder_ / "cache";
  options.gives_up = [] { return true; };
  const auto cache = good(NodeCache::open(options));
  const auto held = good(cache->hold(artifact, *store_));  // nobody is waited for
  fs::remove(held->tree() / "data/a.txt");
  const auto other = cache->hold(artifact, *store_);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ExitCode::kInterrupted);
  EXPECT_TRUE(other.error().can_retry);
}

}  // namespace
}  // namespace simswarm::store
