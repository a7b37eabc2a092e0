// store_tool as a process: started, waited for, killed.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store_support.h"

namespace simswarm::store {

using Words = std::vector<std::string>;
using Environment = std::vector<std::pair<std::string, std::string>>;

// Killed when this goes.
class Tool {
 public:
  // `before` stands before the program: «unshare -m …».
  Tool(const Words& words, const Environment& environment = {}, const Words& before = {}) {
    Words all = before;
    all.emplace_back(STORE_TOOL);
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (const std::string& word : all) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    int in[2] = {-1, -1};
    EXPECT_EQ(::pipe2(in, O_CLOEXEC), 0);
    input_ = Fd(in[1]);
    const fs::path out = folder_ / "out";
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 1);
      for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(in[0]);
  }
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;
  ~Tool() {
    kill();
    wait();
  }

  void kill() const {
    if (!code_) ::kill(pid_, SIGKILL);
  }
  // Its standard input ends.
  void let_go() { input_.reset(); }
  // 128 + signal where one has ended it.
  int wait() {
    if (code_) return *code_;
    let_go();
    int status = 0;
    const bool ended = wait_until([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, std::chrono::seconds(90));
    EXPECT_TRUE(ended) << "it does not end: " << text();
    if (!ended) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
    }
    code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return *code_;
  }
  // All that it said.
  [[nodiscard]] std::string text() const {
    std::string text = folder_.read("out");
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  std::string said() {
    wait();
    return text();
  }
  [[nodiscard]] bool has_said(std::string_view what) const {
    return wait_until([&] { return text().find(what) != std::string::npos; }, std::chrono::seconds(60));
  }

 private:
  TestFolder folder_;
  Fd input_;
  pid_t pid_ = -1;
  std::optional<int> code_;
};

inline std::string tool(const Words& words, const Environment& environment = {}) {
  return Tool(words, environment).said();
}

// With SIMSWARM_FAULTS=all lists of faults are whole; else every so many of them is tried.
inline bool all_faults() {
  const char* const value = std::getenv("SIMSWARM_FAULTS");
  return value != nullptr && std::string_view(value) == "all";
}

}  // namespace simswarm::store
