// The store beside another program of MongoDB's world: what we write it reads, and the other way round.
#include "tool.h"

namespace simswarm::store {
namespace {

class Interop : public StoreTest<ServerPlace> {
 protected:
  std::string fetch(const Digest& digest) {
    TextSink sink;
    const Fetched fetched = good(store_->fetch(digest, sink));
    return fetched.state == Fetched::State::kWhole ? sink.take() : fetched.trouble;
  }
  TestFolder folder_;
};

TEST_F(Interop, WhatWePutIsAFileOfGridFs) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5'000'000}}) {
    const std::string content = noise(size);
    const Blob blob = put(content);
    pymongo({place_.url(), "get", blob.digest.hex() + ".zst", folder_ / "back.zst"});
    const std::string packed = folder_.read("back.zst");
    EXPECT_EQ(packed.size(), blob.stored);
    TextSource source(packed);
    EXPECT_TRUE(good(all_of(*archive::decompress(source))) == content);
  }
  EXPECT_TRUE(pymongo({place_.url(), "chunks"}).ends_with(" 0"));
}

TEST_F(Interop, WhatItPutsIsABlob) {
  const std::string content = noise(3'000'000);
  for (const char* chunk : {"261120", "20000"}) {
    const std::string own = content + chunk;
    pymongo({place_.url(), "put", digest_of(own).hex(), folder_.write("own", own), chunk});
    EXPECT_TRUE(fetch(digest_of(own)) == own) << chunk;
    EXPECT_EQ(good(store_->open_blob(digest_of(own)))->size(), own.size());
  }
}

TEST_F(Interop, DamageIsNamedChunkByChunk) {
  const auto trouble = [&](const std::string& how, std::uint64_t seed) {
    const Blob blob = put(noise(400'000, seed));
    pymongo({place_.url(), how, blob.digest.hex() + ".zst"});
    std::string said = fetch(blob.digest);
    EXPECT_EQ(said.find("blob " + blob.digest.hex() + ": "), 0U) << said;
    said = said.substr(std::min(said.size(), 5 + 64 + std::size_t{2}));
    const std::size_t file = said.find("file ");
    return file == std::string::npos ? said : said.substr(0, file + 5) + said.substr(file + 5 + 24);
  };
  EXPECT_EQ(trouble("remove", 1), "chunk 0 of file  is missing");
  EXPECT_EQ(trouble("remove-first", 2), "chunk 0 of file  is missing");
  EXPECT_EQ(trouble("remove-middle", 3), "chunk 1 of file  is missing");
  EXPECT_EQ(trouble("shorten", 4).substr(0, 23), "chunk 3 of file  has 68");
  EXPECT_EQ(trouble("lengthen", 5).substr(0, 23), "chunk 3 of file  has 68");
  EXPECT_EQ(trouble("add-chunk", 6), "file  has chunks behind its end");
  EXPECT_EQ(trouble("forget", 7), "file  is missing");
}

// A chunk too many also behind a file whose end is the end of what was asked for at once.
TEST_F(Interop, AChunkTooManyIsNoticedBehindAnyEnd) {
  for (const std::size_t size : {std::size_t{131'072}, 32 * std::size_t{131'072}}) {
    const std::string content = noise(size);
    const std::string name = digest_of(content).hex();
    pymongo({place_.url(), "put", name, folder_.write("own", content), "131072"});
    EXPECT_TRUE(fetch(digest_of(content)) == content);
    pymongo({place_.url(), "add-chunk", name});
    EXPECT_TRUE(fetch(digest_of(content)).ends_with("has chunks behind its end"));
  }
}

TEST_F(Interop, DocumentsOfOthersAreReadOrRefused) {
  const std::string key(64, 'a');
  pymongo({place_.url(), "insert", "results", R"({"_id":")" + key + R"(","v":1,"key":7})"});
  const RunKey wanted{Digest::parse(key).value()};
  EXPECT_EQ(error_of(store_->results({&wanted, 1}, Part::kAll)), "result " + key + ": its «key» is wrong: 7");
  pymongo({place_.url(), "insert", "settings", R"({"_id":"quota","v":1,"number":12345678901})"});
  EXPECT_EQ(good(store_->quota()), 12'345'678'901U);
  pymongo({place_.url(), "insert", "campaigns", R"({"_id":7,"v":1})"});  // nobody's
  EXPECT_TRUE(good(store_->campaigns()).empty());
}

}  // namespace
}  // namespace simswarm::store
