// What is a folder's own: damage that somebody does to it, and what else lies in it.
#include <sys/stat.h>

#include "store_support.h"

namespace simswarm::store {
namespace {

class DirectoryStore : public StoreTest<DirectoryPlace> {
 protected:
  fs::path only_document(const std::string& collection) {
    fs::path found;
    for (const auto& entry : fs::recursive_directory_iterator(place_.root() / "documents" / collection)) {
      if (entry.is_regular_file()) found = entry.path();
    }
    return found;
  }
  std::string find(const std::string& id) {
    const auto found = back_end().find("things", {&id, 1}, Part::kAll);
    if (!found) return found.error().message;
    return found->front() ? found->front()->data : "nothing";
  }
};

// It counts as none, its bytes stay, and the user hears of it.
TEST_F(DirectoryStore, PutsADocumentAsideThatIsDamaged) {
  const Document one{"a", R"({"v":1})", "data"};
  ASSERT_TRUE(back_end().insert("things", {&one, 1}).has_value());
  const fs::path path = only_document("things");
  const std::string content = *read_file(path);
  ASSERT_TRUE(content.ends_with("data"));
  const fs::path aside = path.parent_path().parent_path().parent_path().parent_path() / "damaged/things";
  const std::string damaged =
      fmt::format("{} is damaged, and counts for nothing: it lies in {} now", path.string(), aside.string());
  const auto notices = [&](const std::string& text) {
    if (!write_file(path, text)) return false;
    const bool is_none = find("a") == "nothing" && !fs::exists(path);
    const bool is_aside = *read_file(aside / path.filename()) == text;
    return is_none && is_aside && back_end().take_notes() == std::vector<std::string>{damaged};
  };
  for (std::size_t at = 0; at < content.size(); ++at) {
    std::string changed = content;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_TRUE(notices(changed)) << at;
  }
  for (std::size_t size = 0; size < content.size(); ++size) {
    EXPECT_TRUE(notices(content.substr(0, size))) << size;
  }
  EXPECT_TRUE(notices(content + "x"));
  ASSERT_TRUE(write_file(path, content).has_value());
  EXPECT_EQ(find("a"), "data");
}

TEST_F(DirectoryStore, SaysWhatCannotBeRead) {
  const Document one{"a", R"({"v":1})", "data"};
  ASSERT_TRUE(back_end().insert("things", {&one, 1}).has_value());
  const fs::path path = only_document("things");
  fs::remove(path);
  fs::create_symlink(path.filename(), path);  // leads to itself
  EXPECT_EQ(find("a"), path.string() + ": Too many levels of symbolic links");
  fs::remove(path);
  EXPECT_EQ(find("a"), "nothing");
}

TEST_F(DirectoryStore, SurvivesNamesThatAreNotItsOwn) {
  const Document one{"a", R"({"v":1})", "data"};
  ASSERT_TRUE(back_end().insert("things", {&one, 1}).has_value());
  const fs::path path = only_document("things");
  for (const char* name : {"100%zz", "%", "%2", "%-1"}) fs::copy_file(path, path.parent_path() / name);
  std::size_t seen = 0;
  const auto done = back_end().each("things", {}, [&](const Document&) -> Status {
    ++seen;
    return {};
  });
  EXPECT_EQ(error_of(done), "no error");
  EXPECT_EQ(seen, 5U);
}

TEST_F(DirectoryStore, RefusesAFolderOfAnotherKindAndLeavesItAlone) {
  const TestFolder folder;
  folder.write("format", "simswarm store 2\n");
  EXPECT_EQ(error_of(open_store("directory:" + folder.path().string())),
            folder.path().string() + " is a store of another kind: simswarm store 2");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST_F(DirectoryStore, SaysWhereItCannotBe) {
  const TestFolder folder;
  const fs::path file = folder.write("file", "");
  EXPECT_EQ(error_of(open_store("directory:" + file.string())), (file / "documents").string() + ": Not a directory");
}

// An upload is locked as long as its writer lives.
TEST_F(DirectoryStore, SweepsNoUploadThatSomebodyWrites) {
  const auto file = good(back_end().create_file());
  ASSERT_TRUE(file->write("content").has_value());
  EXPECT_EQ(good(back_end().sweep(std::chrono::seconds(0))).files, 0U);
  EXPECT_EQ(error_of(file->keep("a")), "no error");
  EXPECT_EQ(good(back_end().find_file("a")).value_or(FileRecord{}).size, 7U);
}

TEST_F(DirectoryStore, SweepsWhatOthersHaveLeft) {
  ASSERT_TRUE(write_file(place_.root() / "uploads" / "01OLD.part", "12345").has_value());
  EXPECT_EQ(good(back_end().sweep(std::chrono::hours(1))).files, 0U);
  const Swept swept = good(back_end().sweep(std::chrono::seconds(0)));
  EXPECT_EQ(swept.files, 1U);
  EXPECT_EQ(swept.bytes, 5U);
  EXPECT_TRUE(fs::is_empty(place_.root() / "uploads"));
}

// Who cannot open any more files has not seen that one is damaged.
TEST_F(DirectoryStore, TakesNoTroubleOfItsOwnForDamage) {
  const Blob blob = put("content");
  const fs::path path = place_.file(blob.digest.hex() + ".zst");
  fs::remove(path);
  fs::create_symlink(path.filename(), path);  // cannot be opened, and is not missing
  TextSink sink;
  const auto fetched = store_->fetch(blob.digest, sink);
  ASSERT_FALSE(fetched.has_value());
  EXPECT_EQ(fetched.error().message, path.string() + ": Too many levels of symbolic links");
}

}  // namespace
}  // namespace simswarm::store
