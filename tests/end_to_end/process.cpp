#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "support.h"

namespace simswarm::e2e {
namespace {

int open_for_child(const fs::path& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, 0644);
  EXPECT_GE(fd, 0) << path;
  return fd;
}

[[noreturn]] void become(const Words& argv, const fs::path& folder, const Process::Environment& environment,
                         const int (&standard)[3]) {
  for (int i = 0; i < 3; ++i) dup2(standard[i], i);
  setpgid(0, 0);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) signal(number, SIG_DFL);  // a test may run under nohup
  if (chdir(folder.c_str()) != 0) _exit(126);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  _exit(127);
}

}  // namespace

Process::Process(const Words& argv, const fs::path& folder, const Environment& environment) {
  const int standard[3] = {open_for_child("/dev/null", O_RDONLY),
                           open_for_child(outputs_.path() / "out", O_WRONLY | O_CREAT),
                           open_for_child(outputs_.path() / "err", O_WRONLY | O_CREAT)};
  pid_ = fork();
  if (pid_ == 0) become(argv, folder, environment, standard);
  for (const int fd : standard) close(fd);
}

Process::~Process() {
  if (status_) return;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::send(int signal) const {
  kill(pid_, signal);
}

std::string Process::out() const {
  return read(outputs_.path() / "out");
}

Answer Process::wait(double seconds) {
  int status = 0;
  const bool ended = eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, seconds);
  Answer answer;
  if (ended) {
    status_ = status;
    answer.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  answer.out = out();
  answer.errors = read(outputs_.path() / "err");
  EXPECT_TRUE(ended) << "still running after " << seconds << " s; it has said:\n" << answer.all();
  return answer;
}

Answer run(const Words& argv, const fs::path& folder, const Process::Environment& environment) {
  return Process(argv, folder, environment).wait();
}

}  // namespace simswarm::e2e
