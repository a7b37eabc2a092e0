// A folder for one test, and golden files.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace simswarm::result {

// Removed with all that is in it when the test ends.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "simswarm-result-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }

  std::filesystem::path write(const std::string& name, std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Compares with tests/unit/result/golden/NAME; SIMSWARM_UPDATE_GOLDEN=1 writes it instead, to be looked at and
// committed.
inline void expect_golden(const std::string& name, const std::string& actual) {
  const std::filesystem::path file = std::filesystem::path(__FILE__).parent_path() / "golden" / name;
  if (std::getenv("SIMSWARM_UPDATE_GOLDEN") != nullptr) std::ofstream(file, std::ios::binary) << actual;
  std::ifstream stream(file, std::ios::binary);
  const std::string expected((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  EXPECT_EQ(actual, expected) << "golden file " << file;
}

}  // namespace simswarm::result
