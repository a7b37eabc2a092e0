// A folder for one test, and waiting for a condition.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>

#include "base/files.h"
#include "folder_of_tests.h"

namespace simswarm {

// Removed with all that is in it when the test ends. Other users may enter it.
class TestFolder {
 public:
  TestFolder() : TestFolder(folder_of_tests(), "test-XXXXXX") {}
  explicit TestFolder(const fs::path& where, std::string_view name = "simswarm-test-XXXXXX") {
    std::string pattern = (fs::canonical(where) / name).string();
    const char* made = ::mkdtemp(pattern.data());
    EXPECT_NE(made, nullptr) << pattern;
    path_ = pattern;
    ::chmod(path_.c_str(), 0755);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { EXPECT_TRUE(remove_tree(path_).has_value()); }

  [[nodiscard]] const fs::path& path() const { return path_; }
  fs::path operator/(const std::string& name) const { return path_ / name; }

  fs::path folder(const std::string& name) const {
    fs::create_directories(path_ / name);
    return path_ / name;
  }
  fs::path write(const std::string& name, std::string_view content) const {
    const fs::path file = path_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  // A shell script that can be started.
  fs::path script(const std::string& name, const std::string& text) const {
    const fs::path file = write(name, "#!/bin/sh\n" + text + "\n");
    ::chmod(file.c_str(), 0755);
    return file;
  }
  // Empty for what is not there.
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream stream(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

 private:
  fs::path path_;
};

// Asks again and again until the condition holds; false when it does not within the time.
inline bool wait_until(const std::function<bool()>& condition,
                       std::chrono::seconds at_most = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// What the user reads when it fails; «no error» when it does not.
template <typename Result>
std::string error_of(const Result& result) {
  return result.has_value() ? "no error" : result.error().message;
}

}  // namespace simswarm
