// What the client does beyond what every back end promises (back_end_test.cpp).
#include "store/mongo_client.h"

#include <stdexcept>

#include "mongo_server.h"
#include "store_support.h"

namespace simswarm::store {
namespace {

// One connection, and no patience: what is not given back is missed at once.
class OneConnection : public ::testing::Test {
 protected:
  static std::string url() {
    const std::string plain = shared_mongo().socket_url(shared_mongo().fresh_database());
    return plain + (plain.find('?') == std::string::npos ? "?" : "&") + "maxPoolSize=1&waitQueueTimeoutMS=50";
  }
  std::string insert(const std::string& id, const std::string& body = R"({"v":1})") {
    const Document document{id, body, {}};
    return error_of(client_->insert("things", {&document, 1}));
  }

  std::unique_ptr<MongoClient> client_ = good(make_mongo_client(url()));
};

TEST_F(OneConnection, SaysWhenAllAreInUse) {
  const auto chunks = good(client_->open_chunks(make_file_id(), 1));
  const auto removed = client_->remove("things", "a");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().message, client_->shown() + ": all connections that maxPoolSize allows are in use");
  EXPECT_TRUE(removed.error().can_retry);
}

TEST_F(OneConnection, IsGivenBackWhateverHappens) {
  EXPECT_EQ(insert("a"), "no error");
  EXPECT_EQ(insert("a"), "no error");
  std::string too_much;
  too_much.resize(17'000'000, 'x');
  EXPECT_EQ(insert("b", "{").find("document b cannot be written: "), 0U);
  EXPECT_NE(insert("c", R"({"x":")" + too_much + "\"}"), "no error");
  const auto fails = [](const Document&) -> Status { return environment_error("enough"); };
  EXPECT_EQ(error_of(client_->each("things", {}, fails)), "enough");
  const auto throws = [](const Document&) -> Status { throw std::runtime_error("a bug"); };
  EXPECT_THROW((void)client_->each("things", {}, throws), std::runtime_error);
  good(client_->open_chunks(make_file_id(), 1)).reset();
  EXPECT_TRUE(good(client_->remove("things", "a")));
  EXPECT_FALSE(good(client_->remove("things", "a")));
}

// By what others may have written.
TEST_F(OneConnection, PassesOnChunksAsTheyAre) {
  const std::string file = make_file_id();
  const std::vector<Chunk> written{{2, "two"}, {0, "zero"}, {1, ""}};
  EXPECT_TRUE(good(client_->insert_chunks(file, written)));
  const auto chunks = good(client_->open_chunks(file, 1));
  for (const Chunk& expected : {Chunk{0, "zero"}, Chunk{1, ""}, Chunk{2, "two"}}) {
    const auto chunk = good(chunks->next());
    ASSERT_TRUE(chunk);
    EXPECT_EQ(chunk->n, expected.n);
    EXPECT_EQ(chunk->bytes, expected.bytes);
  }
  EXPECT_FALSE(good(chunks->next()));
}

TEST_F(OneConnection, TellsWhatAFileHas) {
  const std::string file = make_file_id();
  EXPECT_EQ(good(client_->shape_of_file(file)).chunk_size, 0);
  EXPECT_FALSE(good(client_->has_file(file)));
  EXPECT_EQ(error_of(client_->insert_file({file, "name", 5, {}}, 3)), "no error");
  EXPECT_TRUE(good(client_->insert_chunks(file, std::vector<Chunk>{{0, "abc"}, {1, "de"}})));
  EXPECT_EQ(good(client_->shape_of_file(file)).chunk_size, 3);
  EXPECT_EQ(good(client_->shape_of_file(file)).size, 5U);
  EXPECT_EQ(good(client_->size_of_chunks(file)), 5U);
  EXPECT_EQ(error_of(client_->remove_chunks(file, Chunks::kAllButFirst)), "no error");
  EXPECT_EQ(good(client_->size_of_chunks(file)), 3U);
  EXPECT_TRUE(good(client_->remove_file(file)));
  EXPECT_FALSE(good(client_->remove_file(file)));
}

// Who is refused may have an old password.
TEST(AChangedPassword, IsAskedForWhenTheServerRefusesTheOneWeHave) {
  MongoServer& server = shared_mongo();
  const std::string right = server.socket_url(server.fresh_database());
  const std::string scheme = "mongodb://";
  std::string fresh = right;
  fresh.insert(scheme.size(), "somebody:old-secret@");
  const auto client = good(make_mongo_client(fresh, [&fresh] { return fresh; }));
  for (int i = 0; i < 2; ++i) {
    const auto refused = client->has_file(make_file_id());
    ASSERT_FALSE(refused.has_value()) << "as long as nobody knows another";
    EXPECT_NE(refused.error().message.find(" refuses us: "), std::string::npos) << refused.error().message;
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos) << refused.error().message;
    EXPECT_TRUE(refused.error().can_retry) << "another may come at any time";
  }
  fresh = right;
  EXPECT_FALSE(client->has_file(make_file_id()).has_value());
  EXPECT_FALSE(good(client->has_file(make_file_id()))) << "with the one that holds now";
  const auto fixed = good(make_mongo_client(right.substr(0, scheme.size()) + "a:b@" + right.substr(scheme.size())));
  const auto refused = fixed->has_file(make_file_id());
  ASSERT_FALSE(refused.has_value());
  EXPECT_FALSE(refused.error().can_retry) << "nobody is going to know another";
}

TEST(FileId, Is24HexDigits) {
  EXPECT_TRUE(is_file_id(make_file_id()));
  EXPECT_NE(make_file_id(), make_file_id());
  EXPECT_TRUE(is_file_id("0123456789abcdefABCDEF00"));
  for (const char* text : {"", "0123456789abcdef0123456", "0123456789abcdef012345678", "0123456789abcdef0123456g"})
    EXPECT_FALSE(is_file_id(text)) << text;
  EXPECT_FALSE(is_file_id(std::string("0123456789abcdef01234567\0", 25)));
}

}  // namespace
}  // namespace simswarm::store
