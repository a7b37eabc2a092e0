#include "ill.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <set>
#include <vector>

#include "expression.h"
#include "query.h"
#include "text.h"

namespace cmdsim {
namespace {

double quantity(const Configuration& configuration, const char* name, double otherwise) {
  const auto value = configuration.parameter(name);
  return value ? evaluateNumber(*value) : otherwise;
}

const std::set<std::string> kKnown = {"",
                                      "abort",
                                      "alert",
                                      "asleep",
                                      "cerr",
                                      "cout",
                                      "cut-sca",
                                      "daemon",
                                      "delete-file",
                                      "disk-full",
                                      "empty-sca",
                                      "end",
                                      "error",
                                      "error-finish",
                                      "error-init",
                                      "error-setup",
                                      "error-teardown",
                                      "exit0",
                                      "exit3",
                                      "growing-memory",
                                      "kill",
                                      "late-alert",
                                      "memory",
                                      "no-sca",
                                      "none",
                                      "orphan",
                                      "overwrite-file",
                                      "own-files",
                                      "own-stop",
                                      "partial-vec",
                                      "segv",
                                      "segv-teardown",
                                      "sigint",
                                      "sigterm",
                                      "sigterm-init",
                                      "static-leak",
                                      "std-exception",
                                      "stuck",
                                      "trap",
                                      "unassigned",
                                      "undisposed"};

/// True where no run of this number has been ill before.
bool strikesNow(const Configuration& configuration) {
  const auto marker = configuration.parameter("illOnce");
  if (!marker) return true;
  const std::string name =
      *marker + "." + configuration.variable("configname") + "." + configuration.variable("runnumber");
  const int file = ::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (file == -1) return false;
  ::close(file);
  return true;
}

/// Sleeps, or computes with all signals that can be blocked blocked, for good unless `seconds` says how long.
void stayIn(double seconds, bool computing) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  volatile std::uint64_t spin = 0;
  while (seconds <= 0 || std::chrono::steady_clock::now() < end) {
    if (computing) {
      for (int i = 0; i < 1000000; ++i) spin = spin + 1;
    } else {
      ::usleep(20000);
    }
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// A child that lives on: in the same process group, or in a session of its own.
void leaveChild(const Ill& ill) {
  std::cout.flush();
  const pid_t child = ::fork();
  if (child != 0) return;
  if (ill.is("daemon")) ::setsid();
  ::usleep(static_cast<useconds_t>((ill.seconds > 0 ? ill.seconds : 3600) * 1e6));
  std::_Exit(0);
}

[[noreturn]] void dieOf(int signal) {
  std::signal(signal, SIG_DFL);
  ::raise(signal);
  std::_Exit(99);
}

void touchFiles(const Ill& ill) {
  if (ill.is("delete-file") && ::unlink(ill.file.c_str()) != 0) {
    std::cerr << "cannot delete " << ill.file << ": " << std::strerror(errno) << std::endl;
  }
  if (ill.is("overwrite-file")) std::ofstream(ill.file) << "overwritten by the model\n";
}

}  // namespace

Ill illOfRun(const Configuration& configuration) {
  Ill ill;
  ill.name = configuration.parameter("ill").value_or("");
  if (kKnown.count(ill.name) == 0) throw SimulationError("cmdsim knows no ill '" + ill.name + "'");
  const auto runs = configuration.parameter("illRuns");
  if (runs) {
    const std::vector<int> chosen = parseRunList(*runs);
    const int run = std::stoi(configuration.variable("runnumber"));
    if (std::find(chosen.begin(), chosen.end(), run) == chosen.end()) ill.name.clear();
  }
  if (ill.is("none")) ill.name.clear();
  if (!ill.name.empty() && !strikesNow(configuration)) ill.name.clear();
  ill.text = configuration.parameter("illText").value_or("Queue overflow: 17 packets");
  ill.file = configuration.parameter("illFile").value_or("");
  ill.seconds = quantity(configuration, "illSeconds", 0);
  ill.megabytes = quantity(configuration, "illMegabytes", 64);
  ill.at = quantity(configuration, "illAt", 0.5);
  return ill;
}

void strike(const Ill& ill) {
  if (ill.is("exit0")) std::_Exit(0);
  if (ill.is("exit3")) std::_Exit(3);
  if (ill.is("stuck")) stayIn(ill.seconds, true);
  if (ill.is("asleep")) stayIn(ill.seconds, false);
  if (ill.is("segv")) dieOf(SIGSEGV);
  if (ill.is("abort")) dieOf(SIGABRT);
  if (ill.is("kill")) dieOf(SIGKILL);
  if (ill.is("sigterm")) ::raise(SIGTERM);
  if (ill.is("sigint")) ::raise(SIGINT);
  if (ill.is("orphan") || ill.is("daemon")) leaveChild(ill);
  if (ill.is("cout")) std::cout << ill.text << std::endl;
  if (ill.is("cerr")) std::cerr << ill.text << std::endl;
  if (ill.is("memory")) keepMemory(ill.megabytes);
  touchFiles(ill);
}

void keepMemory(double megabytes) {
  const auto bytes = static_cast<size_t>(megabytes * 1048576);
  char* kept = static_cast<char*>(std::malloc(bytes));
  if (kept == nullptr) throw SimulationError("std::bad_alloc: std::bad_alloc");
  for (size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(kept)[at] = 1;
}

}  // namespace cmdsim
