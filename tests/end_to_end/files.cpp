#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "folder_of_tests.h"
#include "support.h"

namespace simswarm::e2e {

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << "cannot read " << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  EXPECT_TRUE(file.good()) << "cannot write " << path;
}

bool replace_in(const fs::path& path, std::string_view from, std::string_view to) {
  std::string text = read(path);
  std::size_t at = text.find(from);
  if (at == std::string::npos) return false;
  for (; at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  write(path, text);
  return true;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::vector<std::string> files_below(const fs::path& folder) {
  std::vector<std::string> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) found.push_back(entry.path().lexically_relative(folder).string());
  }
  std::ranges::sort(found);
  return found;
}

std::map<std::string, std::string> contents_below(const fs::path& folder) {
  std::map<std::string, std::string> contents;
  for (const std::string& file : files_below(folder)) contents[file] = read(folder / file);
  return contents;
}

bool eventually(const std::function<bool()>& condition, double seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // between two looks at the condition
  }
  return true;
}

std::vector<pid_t> processes_with(std::string_view text) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);  // empty for a zombie
    std::ostringstream words;
    words << file.rdbuf();
    if (contains(words.str(), text)) found.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return found;
}

TemporaryFolder::TemporaryFolder(std::string_view name) {
  std::string pattern = (folder_of_tests() / "e2e-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw fs::filesystem_error("mkdtemp", pattern, std::error_code());
  // For root's tests: their simulations run as another user, who has to get in.
  chmod(pattern.c_str(), 0755);
  outside_ = pattern;
  path_ = name.empty() ? outside_ : outside_ / name;
  fs::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  if (std::getenv("SIMSWARM_E2E_KEEP") != nullptr) return;  // to look at what a failed test left
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(outside_, ignored)) {
    if (entry.is_directory() && !entry.is_symlink())
      fs::permissions(entry.path(), fs::perms::owner_all, fs::perm_options::add, ignored);
  }
  fs::remove_all(outside_, ignored);
}

}  // namespace simswarm::e2e
