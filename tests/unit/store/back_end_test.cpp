// What every place that keeps things promises (back_end.h), on all of them.
#include "store/back_end.h"

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "store_support.h"

namespace simswarm::store {
namespace {

constexpr std::size_t kChunk = 128 * 1024;  // of GridFS, as we write it
constexpr std::size_t kMiB = 1024 * 1024;

Document document(const std::string& id, const std::string& data = {}) {
  return {id, R"({"v":1,"what":")" + id + R"("})", data};
}

template <typename Place>
class BackEndTest : public StoreTest<Place> {
 protected:
  using StoreTest<Place>::back_end;
  std::vector<bool> insert(const std::vector<Document>& documents) {
    return good(back_end().insert("things", documents));
  }
  std::vector<std::optional<Document>> find(const std::vector<std::string>& ids, Part part = Part::kAll) {
    return good(back_end().find("things", ids, part));
  }
  std::set<std::string> each(const Where& where = {}) {
    std::set<std::string> ids;
    const auto done = back_end().each("things", where, [&](const Document& one) -> Status {
      EXPECT_TRUE(ids.insert(one.id).second) << one.id;
      EXPECT_EQ(one.data, "");
      return {};
    });
    EXPECT_EQ(error_of(done), "no error");
    return ids;
  }
  std::string write(const std::string& name, std::string_view content, std::size_t piece = 100'000) {
    const auto file = good(back_end().create_file());
    while (!content.empty()) {
      EXPECT_EQ(error_of(file->write(content.substr(0, piece))), "no error");
      content.remove_prefix(std::min(piece, content.size()));
    }
    return good(file->keep(name));
  }
  std::string read(const FileRecord& file) { return good(all_of(*good(back_end().open_file(file)))); }
  std::vector<FileRecord> files() {
    std::vector<FileRecord> all;
    EXPECT_TRUE(back_end()
                    .each_file([&](const FileRecord& file) -> Status {
                      all.push_back(file);
                      return {};
                    })
                    .has_value());
    return all;
  }
};
TYPED_TEST_SUITE(BackEndTest, Places);

TYPED_TEST(BackEndTest, KeepsWhatCameFirst) {
  EXPECT_EQ(this->insert({document("a", "first"), document("b")}), (std::vector<bool>{true, true}));
  EXPECT_EQ(this->insert({document("b", "second"), document("c"), document("a")}),
            (std::vector<bool>{false, true, false}));
  EXPECT_EQ(this->find({"a"}).at(0)->data, "first");
  EXPECT_EQ(this->find({"b"}).at(0)->data, "");
  EXPECT_EQ(this->insert({}), std::vector<bool>());
}

TYPED_TEST(BackEndTest, KeepsTheFirstOfDuplicatesInOneCall) {
  EXPECT_EQ(this->insert({document("a", "1"), document("b", "2"), document("a", "3"), document("a", "4")}),
            (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(this->find({"a"}).at(0)->data, "1");
}

TYPED_TEST(BackEndTest, TellsDuplicatesAlsoWhereACallIsLargerThanAMessage) {
  const std::string large = noise(9 * kMiB);
  this->insert({document("3"), document("5")});
  std::vector<Document> documents;
  for (int i = 0; i < 7; ++i) documents.push_back(document(std::to_string(i), i % 2 == 0 ? large : ""));
  EXPECT_EQ(this->insert(documents), (std::vector<bool>{true, true, true, false, true, false, true}));
  EXPECT_EQ(this->find({"6"}).at(0)->data, large);
}

TYPED_TEST(BackEndTest, FindsManyInTheOrderOfTheQuestion) {
  std::vector<Document> documents;
  std::vector<std::string> ids;
  for (int i = 0; i < 2500; ++i) {
    ids.push_back(fmt::format("id/{}", (i * 7919) % 2500));
    if (i % 5 != 0) documents.push_back(document(ids.back(), ids.back()));
  }
  this->insert(documents);
  ids.push_back(ids[1]);  // twice
  const auto found = this->find(ids);
  ASSERT_EQ(found.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_EQ(found[i].has_value(), i % 5 != 0 || i == 2500) << i;
    if (!found[i]) continue;
    EXPECT_EQ(found[i]->id, ids[i]);
    EXPECT_EQ(found[i]->data, ids[i]);
  }
  EXPECT_TRUE(this->find({}).empty());
}

TYPED_TEST(BackEndTest, KeepsDataOfAnySizeByteByByte) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, 64 * std::size_t{1024}, 10 * kMiB}) {
    const Document one = document("of " + std::to_string(size), noise(size));
    this->insert({one});
    const auto whole = this->find({one.id}).at(0);
    ASSERT_TRUE(whole.has_value());
    EXPECT_TRUE(whole->data == one.data) << size;
    EXPECT_EQ(nlohmann::json::parse(whole->body), nlohmann::json::parse(one.body));
    EXPECT_EQ(this->find({one.id}, Part::kBody).at(0)->data, "");
  }
}

TYPED_TEST(BackEndTest, TakesIdsOfEveryPrintableCharacter) {
  std::vector<Document> documents;
  for (char c = ' '; c <= '~'; ++c) documents.push_back(document(fmt::format("{}", c)));
  for (const char* id : {"..", ".", "a/b", "a/b/c", "a%2Fb", "Ä", "x ", "A", "a", "results"}) {
    const std::string body = R"({"v":1})";
    documents.push_back({"-" + std::string(id), body, {}});
    documents.push_back({std::string(id) + "+", body, {}});
  }
  documents.push_back({std::string(200, 'x'), R"({"v":1})", {}});
  std::set<std::string> ids;
  for (Document& one : documents) {
    one.body = R"({"v":1})";
    ids.insert(one.id);
  }
  for (const bool is_new : this->insert(documents)) EXPECT_TRUE(is_new);
  EXPECT_EQ(this->each(), ids);
  for (const std::string& id : ids) EXPECT_TRUE(this->find({id}).at(0).has_value()) << id;
}

TYPED_TEST(BackEndTest, KeepsACollectionForItself) {
  this->insert({document("a")});
  const std::string id = "a";
  EXPECT_FALSE(good(this->back_end().find("others", {&id, 1}, Part::kAll)).at(0).has_value());
  EXPECT_FALSE(good(this->back_end().remove("others", id)));
  EXPECT_TRUE(this->find({"a"}).at(0).has_value());
  EXPECT_TRUE(this->back_end().each("nothing", {}, [](const Document&) -> Status { return {}; }).has_value());
}

TYPED_TEST(BackEndTest, SelectsByATextOfTheBodyItself) {
  this->insert({{"a", R"({"campaign":"X","v":1})", {}},
                {"b", R"({"campaign":"XY","v":1})", {}},
                {"c", R"({"v":1})", {}},
                {"d", R"({"other":{"campaign":"X"},"v":1})", {}},
                {"e", R"({"text":"\"campaign\":\"X\"","v":1})", {}},
                {"f", R"({ "campaign" : "X", "v":1 })", {}},
                {"g", R"({"campaign":["Y"],"v":1})", {}},
                {"h", R"({"campaign":"ä\"\\","v":1})", {}}});
  EXPECT_EQ(this->each({"campaign", "X"}), (std::set<std::string>{"a", "f"}));
  EXPECT_EQ(this->each({"campaign", "ä\"\\"}), (std::set<std::string>{"h"}));
  EXPECT_EQ(this->each({"campaign", "Z"}), (std::set<std::string>{}));
  EXPECT_EQ(this->each().size(), 8U);
}

TYPED_TEST(BackEndTest, EndsAVisitWithItsError) {
  this->insert({document("a"), document("b")});
  int seen = 0;
  const auto done = this->back_end().each("things", {}, [&](const Document&) -> Status {
    ++seen;
    return usage_error("enough");
  });
  EXPECT_EQ(error_of(done), "enough");
  EXPECT_EQ(seen, 1);
}

TYPED_TEST(BackEndTest, TellsOneOfManyThatItRemoved) {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    this->insert({document("a")});
    std::atomic<int> told = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] { told += good(this->back_end().remove("things", "a")) ? 1 : 0; });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(this->find({"a"}).at(0).has_value());
  }
  EXPECT_FALSE(good(this->back_end().remove("things", "a")));
}

TYPED_TEST(BackEndTest, LetsOneOfManyInsert) {
  std::vector<std::unique_ptr<Store>> stores;
  for (int i = 0; i < 8; ++i) stores.push_back(this->another());
  for (int round = 0; round < 10; ++round) {
    const std::string id = std::to_string(round);
    std::atomic<int> told = 0;
    std::atomic<int> by = -1;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const Document mine = document(id, std::to_string(i));
        if (!good(stores[static_cast<std::size_t>(i)]->back_end().insert("things", {&mine, 1})).at(0)) return;
        ++told;
        by = i;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(told, 1);
    EXPECT_EQ(this->find({id}).at(0)->data, std::to_string(by));
  }
}

// What goes while it is looked for is there or not; it is no error.
TYPED_TEST(BackEndTest, FindsWhileOthersRemove) {
  std::atomic<bool> ends = false;
  std::thread other([&] {
    const Document one = document("a", noise(20'000));
    while (!ends) {
      EXPECT_TRUE(this->back_end().insert("things", {&one, 1}).has_value());
      EXPECT_TRUE(this->back_end().remove("things", "a").has_value());
    }
  });
  const std::string id = "a";
  for (int i = 0; i < 300; ++i) {
    const auto found = this->back_end().find("things", {&id, 1}, Part::kAll);
    EXPECT_EQ(error_of(found), "no error");
    EXPECT_EQ(error_of(this->back_end().each("things", {}, [](const Document&) -> Status { return {}; })), "no error");
    if (this->HasFailure()) break;
  }
  ends = true;
  other.join();
}

TYPED_TEST(BackEndTest, KeepsFilesOfAnySize) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunk, kChunk + 1, 16 * kChunk, 40 * kMiB + 7}) {
    const std::string content = noise(size);
    const std::string name = "file of " + std::to_string(size);
    const std::string id = this->write(name, content, size / 3 + 1);
    const auto found = good(this->back_end().find_file(name));
    ASSERT_TRUE(found.has_value()) << size;
    EXPECT_EQ(found->id, id);
    EXPECT_EQ(found->name, name);
    EXPECT_EQ(found->size, size);
    EXPECT_LT(found->uploaded, system_clock().stamp() + std::chrono::minutes(1));
    EXPECT_GT(found->uploaded, system_clock().stamp() - std::chrono::minutes(10));
    EXPECT_TRUE(this->read(*found) == content) << size;
  }
  EXPECT_EQ(this->files().size(), 6U);
}

TYPED_TEST(BackEndTest, GivesTheFirstOfSeveralFilesOfOneName) {
  const std::string first = this->write("a", "1");
  ASSERT_TRUE(wait_until(
      [now = system_clock().stamp()] { return system_clock().stamp() - now > std::chrono::milliseconds(2); }));
  const std::string second = this->write("a", "2");
  EXPECT_NE(first, second);
  EXPECT_EQ(this->read(*good(this->back_end().find_file("a"))), "1");
  EXPECT_EQ(error_of(this->back_end().remove_file(first)), "no error");
  EXPECT_EQ(error_of(this->back_end().remove_file(first)), "no error");
  EXPECT_EQ(this->read(*good(this->back_end().find_file("a"))), "2");
  EXPECT_EQ(error_of(this->back_end().remove_file(second)), "no error");
  EXPECT_FALSE(good(this->back_end().find_file("a")).has_value());
  EXPECT_TRUE(this->files().empty());
  EXPECT_EQ(good(this->back_end().sweep(std::chrono::seconds(0))).files, 0U);
}

TYPED_TEST(BackEndTest, LeavesNothingOfAFileThatIsNotKept) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, 5 * kMiB}) {
    const auto file = good(this->back_end().create_file());
    EXPECT_TRUE(file->write(noise(size)).has_value());
    EXPECT_TRUE(this->files().empty());
  }
  EXPECT_TRUE(this->files().empty());
  const Swept swept = good(this->back_end().sweep(std::chrono::seconds(0)));
  EXPECT_EQ(swept.files, 0U);
  EXPECT_EQ(swept.bytes, 0U);
}

TYPED_TEST(BackEndTest, SweepsNothingThatIsYoung) {
  const auto file = good(this->back_end().create_file());
  const std::string content = noise(5 * kMiB);
  EXPECT_TRUE(file->write(content).has_value());
  EXPECT_EQ(good(this->back_end().sweep(std::chrono::hours(1))).files, 0U);
  this->write("other", "kept");
  EXPECT_TRUE(file->keep("a").has_value());
  EXPECT_EQ(good(this->back_end().sweep(std::chrono::seconds(0))).files, 0U);
  EXPECT_TRUE(this->read(*good(this->back_end().find_file("a"))) == content);
  EXPECT_EQ(this->read(*good(this->back_end().find_file("other"))), "kept");
}

// «The file need not be there: then reading tells», and it does not say that it may be tried again.
TYPED_TEST(BackEndTest, TellsOfAFileThatHasGoneWhenItIsRead) {
  const std::string id = this->write("a", "1");
  const FileRecord file = *good(this->back_end().find_file("a"));
  EXPECT_TRUE(this->back_end().remove_file(id).has_value());
  const auto source = this->back_end().open_file(file);
  ASSERT_EQ(error_of(source), "no error");
  const auto text = all_of(**source);
  ASSERT_FALSE(text.has_value());
  EXPECT_NE(text.error().message.find("is missing"), std::string::npos) << text.error().message;
  EXPECT_FALSE(text.error().can_retry);
}

// A file is removed with its folder while another of its name comes.
TYPED_TEST(BackEndTest, KeepsAFileWhileOthersOfItsNameGo) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 25; ++round) {
        const auto file = good(this->back_end().create_file());
        EXPECT_TRUE(file->write("content").has_value());
        const auto id = file->keep("a");
        EXPECT_EQ(error_of(id), "no error");
        EXPECT_EQ(error_of(this->back_end().remove_file(id.value_or(""))), "no error");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(this->files().empty());
}

TYPED_TEST(BackEndTest, IsSeenByWhoOpensItAgain) {
  this->insert({document("a", "data")});
  this->write("file", "content");
  const auto again = this->another();
  const std::string id = "a";
  EXPECT_EQ(good(again->back_end().find("things", {&id, 1}, Part::kAll)).at(0)->data, "data");
  EXPECT_TRUE(good(again->back_end().find_file("file")).has_value());
}

}  // namespace
}  // namespace simswarm::store
