// A program that fails in every way: fault_ills INDEX EVERY RESULTS INPUT. Each EVERY-th run is ill, the ills in turn;
// the others write RESULTS/run.csv. The order of kIlls is that of fault_many_test.cpp.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace {

struct Run {
  long index;
  std::string results;
  std::string input;
};

void write_result(const Run& run) {
  std::ofstream(run.results + "/run.csv") << "index,value\n" << run.index << "," << 3 * run.index + 7 << "\n";
}

void end_by(int number) {
  ::signal(number, SIG_DFL);
  ::raise(number);
}

[[noreturn]] void hang() {
  while (true) ::pause();
}

void grow() {
  constexpr std::size_t kMebibyte = std::size_t{1} << 20U;
  std::vector<std::string> held;
  for (int i = 0; i < 600; ++i) held.emplace_back(kMebibyte, 'x');
  hang();
}

void leave_child() {
  if (::fork() != 0) return;
  ::setsid();
  hang();
}

void say_much() {
  const std::string line(1023, 'x');
  for (int i = 0; i < 4096; ++i) std::cout << line << "\n";
}

void write_unreadable(const Run& run) {
  const std::string path = run.results + "/secret.txt";
  std::ofstream(path) << "secret\n";
  ::chmod(path.c_str(), 0);
}

const std::vector<std::function<void(const Run&)>>& ills() {
  static const std::vector<std::function<void(const Run&)>> all{
      [](const Run&) { end_by(SIGSEGV); },
      [](const Run&) { end_by(SIGABRT); },
      [](const Run&) { end_by(SIGFPE); },
      [](const Run&) { end_by(SIGBUS); },
      [](const Run&) { end_by(SIGILL); },
      [](const Run&) { end_by(SIGKILL); },
      [](const Run&) { end_by(SIGTERM); },
      [](const Run&) { end_by(SIGHUP); },
      [](const Run&) { std::exit(1); },
      [](const Run&) { std::exit(7); },
      [](const Run&) { ::_exit(0); },
      [](const Run& run) {
        std::ofstream(run.results + "/run.csv").flush();
        std::exit(0);
      },
      [](const Run&) {
        ::signal(SIGTERM, SIG_IGN);
        hang();
      },
      [](const Run&) { grow(); },
      [](const Run&) { leave_child(); },
      [](const Run&) { say_much(); },
      [](const Run& run) { ::unlink(run.input.c_str()); },
      [](const Run& run) {
        std::ofstream(run.results + "/../beside-" + std::to_string(run.index) + ".txt") << "beside\n";
      },
      [](const Run& run) { write_unreadable(run); },
      [](const Run& run) { ::mkfifo((run.results + "/pipe").c_str(), 0666); },
      [](const Run&) { ::close(STDOUT_FILENO); },
      [](const Run& run) { std::ofstream(run.results + "/odd \n\t\"name\xff") << "odd\n"; },
  };
  return all;
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  const Run run{std::strtol(words[1], nullptr, 10), words[3], words[4]};
  const long every = std::strtol(words[2], nullptr, 10);
  const bool is_ill = run.index % every == every - 1;
  if (is_ill) ills()[static_cast<std::size_t>(run.index / every) % ills().size()](run);
  write_result(run);
  return 0;
}
