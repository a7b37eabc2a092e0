#include "hardened_support.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace simswarm::e2e {
namespace {

constexpr uid_t kNobodyInParticular = 54321;

// Empty where it cannot be read.
std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string link_target(const fs::path& path) {
  std::error_code error;
  const fs::path target = fs::read_symlink(path, error);
  return error ? "" : target.string();
}

}  // namespace

std::string mark_of(const Project& project) {
  return project.outside().filename().string();
}

std::string mark_word(const Project& project) {
  return "--**.mark=\"" + mark_of(project) + "\"";
}

std::string nap_of(const Project& project, int kind) {
  std::size_t number = 0;
  for (const char c : mark_of(project)) number = (number * 131 + static_cast<unsigned char>(c)) % 1000000007;
  char text[64];
  std::snprintf(text, sizeof text, "3%07d%010zu.%d", static_cast<int>(getpid()), number, kind);
  return text;
}

std::vector<Living> living(const Project& project) {
  const std::string mark = mark_of(project);
  std::string nap = nap_of(project, 1);
  nap.pop_back();
  std::vector<Living> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string words = content(entry.path() / "cmdline");  // empty for a zombie
    if (words.empty()) continue;
    const bool is_ours = contains(words, mark) || contains(words, nap) ||
                         contains(content(entry.path() / "environ"), mark) ||
                         contains(link_target(entry.path() / "cwd"), mark);
    std::ranges::replace(words, '\0', ' ');
    if (is_ours) found.push_back({static_cast<pid_t>(std::stol(name)), words});
  }
  return found;
}

int living_with(const Project& project, std::string_view text) {
  return static_cast<int>(
      std::ranges::count_if(living(project), [&](const Living& one) { return contains(one.words, text); }));
}

std::string living_text(const Project& project) {
  std::string text;
  for (const Living& one : living(project)) text += std::to_string(one.pid) + ": " + one.words + "\n";
  return text;
}

bool nothing_lives(const Project& project, double seconds) {
  return eventually([&] { return living(project).empty(); }, seconds);
}

Undertaker::~Undertaker() {
  eventually(
      [&] {
        const std::vector<Living> left = living(project_);
        for (const Living& one : left) kill(one.pid, SIGKILL);
        return left.empty();
      },
      10);
}

void write_program(const fs::path& path, std::string_view text) {
  write(path, text);
  fs::permissions(path, fs::perms(0755));
}

fs::path open_folder(const Project& project, std::string_view name) {
  const fs::path folder = project.outside() / name;
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::all);
  return folder;
}

int count_of(const Process& process, std::string_view text) {
  const std::string out = process.out();
  int count = 0;
  for (std::size_t at = out.find(text); at != std::string::npos; at = out.find(text, at + 1)) ++count;
  return count;
}

std::uintmax_t bytes_below(const fs::path& folder) {
  std::uintmax_t bytes = 0;
  std::error_code gone;
  for (const std::string& file : files_below(folder)) {
    const std::uintmax_t size = fs::file_size(folder / file, gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

void add_peer(const Project& project) {
  fs::copy_file(HARDENED_PEER, project.path("peer"));
}

Ordinary::Ordinary(const Project& project) : program_(simswarm_program()) {
  if (geteuid() != 0) return;
  program_ = project.outside() / "simswarm";
  fs::copy_file(simswarm_program(), program_, fs::copy_options::overwrite_existing);
  EXPECT_EQ(chown(project.folder().c_str(), kNobodyInParticular, kNobodyInParticular), 0);
  for (const auto& entry : fs::recursive_directory_iterator(project.folder()))
    EXPECT_EQ(lchown(entry.path().c_str(), kNobodyInParticular, kNobodyInParticular), 0) << entry.path();
}

Words Ordinary::words(const Words& simswarm_words) const {
  return as_user(Words{program_.string()} + simswarm_words);
}

Words Ordinary::as_user(const Words& words) const {
  if (geteuid() != 0) return words;
  const std::string id = std::to_string(kNobodyInParticular);
  return Words{"setpriv", "--reuid", id, "--regid", id, "--clear-groups"} + words;
}

}  // namespace simswarm::e2e
