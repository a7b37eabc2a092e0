// Both back ends of the store for tests, each with a place of its own, and ways to do damage to it.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mongo_server.h"
#include "store/store.h"
#include "stream_support.h"
#include "test_folder.h"

namespace simswarm::store {

// The value, or a failure of the test with the error.
template <typename T>
T good(Result<T> result) {
  if (!result.has_value()) {
    ADD_FAILURE() << result.error().message;
    return T{};
  }
  return std::move(*result);
}

// Text that does not compress: as many bytes in the store as before.
inline std::string noise(std::size_t size, std::uint64_t seed = 1) {
  std::string text(size, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
  for (char& c : text) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    c = static_cast<char>(state >> 32U);
  }
  return text;
}

// What a program of PyMongo says, of tests/store/store_client.py: its words are described there.
inline std::string pymongo(const std::vector<std::string>& words) {
  std::string command = "/usr/bin/python3 '" STORE_CLIENT "'";
  for (const std::string& word : words) command += " '" + word + "'";
  std::string said;
  FILE* const pipe = ::popen(command.c_str(), "re");  // NOLINT(*-env33-c)
  if (pipe == nullptr) return "no program";
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command << "\n" << said;
  while (said.ends_with('\n')) said.pop_back();
  return said;
}

// What can happen to the file of a blob.
enum class Damage { kFlipped, kShort, kLong, kGone };

class DirectoryPlace {
 public:
  [[nodiscard]] std::string url() const { return "directory:" + (folder_ / "store").string(); }
  [[nodiscard]] fs::path root() const { return folder_ / "store"; }
  // The only file of this name.
  [[nodiscard]] fs::path file(const std::string& name) const {
    for (const auto& entry : fs::recursive_directory_iterator(root() / "files")) {
      if (entry.is_regular_file() && entry.path().parent_path().filename() == name) return entry.path();
    }
    ADD_FAILURE() << "no file " << name;
    return {};
  }
  void damage(Damage how, const std::string& name) const {
    const fs::path path = file(name);
    std::string content = read_file(path).value_or("");
    fs::remove(path);
    if (how == Damage::kGone) return;
    if (how == Damage::kFlipped) content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
    if (how == Damage::kShort) content.resize(content.size() - 1);
    if (how == Damage::kLong) content += 'x';
    EXPECT_TRUE(write_file(path, content).has_value());
  }
  // A file as another program would put it: under a name, uncompressed.
  void put(const std::string& name, const std::string& content) const {
    const auto back_end = good(open_directory(root()));
    const auto file = good(back_end->create_file());
    EXPECT_TRUE(file->write(content).has_value());
    EXPECT_TRUE(file->keep(name).has_value());
  }

 private:
  TestFolder folder_;
};

class ServerPlace {
 public:
  ServerPlace() : url_(shared_mongo().url(shared_mongo().fresh_database())) {}
  [[nodiscard]] const std::string& url() const { return url_; }
  void damage(Damage how, const std::string& name) const {
    constexpr std::string_view kWords[] = {"flip", "shorten", "lengthen", "remove"};
    pymongo({url_, std::string(kWords[static_cast<int>(how)]), name});
  }
  void put(const std::string& name, const std::string& content) const {
    const TestFolder folder;
    pymongo({url_, "put", name, folder.write("content", content), "261120"});
  }

 private:
  std::string url_;
};

using Places = testing::Types<DirectoryPlace, ServerPlace>;

template <typename Place>
class StoreTest : public testing::Test {
 protected:
  StoreTest() : store_(good(open_store(place_.url()))) {}
  BackEnd& back_end() { return store_->back_end(); }
  Blob put(const std::string& content) {
    TextSource source(content);
    return good(store_->put(source));
  }
  // Of another process, as far as the store can tell.
  std::unique_ptr<Store> another() { return good(open_store(place_.url())); }

  Place place_;
  std::unique_ptr<Store> store_;
};

inline RunKey key_for(const std::string& text) {
  return {digest_of(text)};
}

// A result that has a small archive within it.
inline RunRecord result_for(const std::string& run, const std::string& content = "scalars",
                            const std::string& campaign = "01CAMPAIGN", int number = 1) {
  RunRecord record;
  Attempt& attempt = record.made_by.attempt;
  attempt.key = key_for(run);
  attempt.campaign = campaign;
  attempt.number = number;
  attempt.verdict.outcome = Outcome::kCompleted;
  attempt.host = "n1";
  attempt.command = {"./sim", "-r", run};
  record.made_by.run = run;
  record.made_by.worker = "w1";
  record.files = {{"results/" + run + ".sca", content.size(), digest_of(content), {}}};
  record.canonical = digest_of("canonical " + content);
  record.archive = digest_of("tar " + content);
  record.archive_size = content.size() + 512;
  record.packed = "packed " + content;
  record.packed_size = record.packed.size();
  return record;
}

}  // namespace simswarm::store
