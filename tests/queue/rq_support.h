// RQ in its versions, for tests that put it beside ours: Debian's 1.13, and those that scripts/rq.sh installs.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/subprocess.h"
#include "base/text.h"
#include "job_queue_support.h"

namespace simswarm::jobs {

using RqVersion = const char*;
inline constexpr std::array<RqVersion, 3> kRqVersions{"1.13", "2.12", "3.0"};
inline constexpr std::array<RqVersion, 2> kRqOfPyPi{"2.12", "3.0"};

inline std::string rq_program(const std::string& version, const std::string& name) {
  return (version == "1.13" ? "/usr/bin/" : RQ_FOLDER "/" + version + "/bin/") + name;
}

// Names tests NAME/vVERSION.
inline std::string rq_name(const testing::TestParamInfo<RqVersion>& info) {
  std::string name = std::string("v") + info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

// What jobs for workers of RQ do.
inline constexpr const char* kFunctions = R"py(
import os, time
def add(a, b): return a + b
def boom(): raise ValueError("böse")
def wait(path):
    while not os.path.exists(path): time.sleep(0.01)
    return "waited"
)py";

// What every script may use.
inline constexpr const char* kPreamble = R"py(
import hashlib, json, os, sys, time
from datetime import datetime, timedelta, timezone
from redis import Redis
from rq import Queue, Retry, Worker
from rq.command import send_kill_horse_command, send_shutdown_command, send_stop_job_command
from rq.job import Dependency, Job
from rq.registry import *
from rq.serializers import JSONSerializer
c = Redis(unix_socket_path=os.environ['SOCKET'], password=os.environ['PASSWORD'])
q = Queue('run-1', connection=c, serializer=JSONSerializer)
py = Queue('py', connection=c, serializer=JSONSerializer)
def status(j): return getattr(j.get_status(), 'value', j.get_status())  # a text in 1.13
def fetch(id): return Job.fetch(id, connection=c, serializer=JSONSerializer)
)py";

// Reads «LENGTH\nSCRIPT», executes it, writes «ok|error LENGTH\nOUTPUT», again and again.
inline constexpr const char* kPythonLoop = R"py(
import contextlib, io, sys, traceback
names = {}
while True:
    line = sys.stdin.buffer.readline()
    if not line: break
    script = sys.stdin.buffer.read(int(line)).decode()
    text, word = io.StringIO(), 'ok'
    with contextlib.redirect_stdout(text):
        try: exec(script, names)
        except BaseException: word = 'error'; text.write(traceback.format_exc())
    data = text.getvalue().encode()
    sys.stdout.buffer.write(f'{word} {len(data)}\n'.encode() + data)
    sys.stdout.buffer.flush()
)py";

// One interpreter that stays: to start one and import RQ takes longer than most that it is asked.
class Python {
 public:
  Python(const std::string& interpreter, const RedisServer& server) {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    EXPECT_EQ(::pipe(to.data()) + ::pipe(from.data()), 0);
    ::signal(SIGPIPE, SIG_IGN);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(to[0], 0);
      ::dup2(from[1], 1);
      for (const int end : {to[0], to[1], from[0], from[1]}) ::close(end);
      ::setenv("SOCKET", server.socket().c_str(), 1);
      ::setenv("PASSWORD", kTestPassword, 1);
      ::execl(interpreter.c_str(), interpreter.c_str(), "-c", kPythonLoop, nullptr);
      ::_exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    in_ = to[1];
    out_ = from[0];
    (void)run(kPreamble);
  }
  Python(const Python&) = delete;
  Python& operator=(const Python&) = delete;
  ~Python() {
    ::close(in_);
    ::close(out_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  // What the script prints, without the last end of line. Names that scripts define stay.
  std::string run(const std::string& script) {
    const std::string request = std::to_string(script.size()) + "\n" + script;
    for (std::size_t sent = 0; sent < request.size();) {
      const ssize_t count = ::write(in_, request.data() + sent, request.size() - sent);
      if (count <= 0) return failed("python has ended", script);
      sent += static_cast<std::size_t>(count);
    }
    while (answer_.find('\n') == std::string::npos) {
      if (!more()) return failed("python does not answer", script);
    }
    const std::size_t line = answer_.find('\n');
    const std::string word = answer_.substr(0, answer_.find(' '));
    const std::size_t end = line + 1 + std::stoul(answer_.substr(word.size() + 1));
    while (answer_.size() < end) {
      if (!more()) return failed("python does not end its answer", script);
    }
    const std::string text = answer_.substr(line + 1, end - line - 1);
    answer_.erase(0, end);
    EXPECT_EQ(word, "ok") << text << "\nin:\n" << script;
    return std::string(trim(text));
  }

 private:
  bool more() {
    pollfd ready{out_, POLLIN, 0};
    std::array<char, 65536> part{};
    const ssize_t count = ::poll(&ready, 1, 60'000) > 0 ? ::read(out_, part.data(), part.size()) : 0;
    if (count > 0) answer_.append(part.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
  static std::string failed(const char* what, const std::string& script) {
    ADD_FAILURE() << what << "; it was asked:\n" << script;
    return "";
  }

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string answer_;
};

// One for each version and program of tests; it goes before the server does.
class SharedPython : public testing::Environment {
 public:
  static Python& of(const std::string& version, const RedisServer& server) {
    std::unique_ptr<Python>& one = all()[version];
    if (!one) one = std::make_unique<Python>(rq_program(version, "python3"), server);
    return *one;
  }
  void TearDown() override { all().clear(); }

 private:
  static std::map<std::string, std::unique_ptr<Python>>& all() {
    static std::map<std::string, std::unique_ptr<Python>> pythons;
    return pythons;
  }
};
inline testing::Environment* const kSharedPython = testing::AddGlobalTestEnvironment(new SharedPython);

// RQ of one version as processes of its own beside an empty server.
class Rq {
 public:
  Rq(std::string version, RedisServer& server) : version_(std::move(version)), server_(server) {
    folder_.write("functions.py", kFunctions);
  }
  // Every test begins with ASSERT_EQ(why_not(), "").
  [[nodiscard]] std::string why_not() const {
    const std::string rq = rq_program(version_, "rq");
    return fs::exists(rq) ? "" : "RQ " + version_ + " is missing (" + rq + "): ./check --setup installs it";
  }

  std::string python(const std::string& script) { return SharedPython::of(version_, server_).run(script); }
  // `rq COMMAND WORDS...`: what it prints.
  std::string command(const std::vector<std::string>& words) {
    Subprocess process{{rq_program(version_, "rq"), words.at(0), "--url", server_.url()}, folder_.path(), {}, {}, 60};
    process.argv.insert(process.argv.end(), words.begin() + 1, words.end());
    process.environment = {{"PYTHONPATH", folder_.path()}};
    const auto answer = run(process);
    EXPECT_TRUE(answer.has_value()) << error_of(answer);
    if (!answer.has_value()) return "";
    EXPECT_EQ(answer->exit_code, 0) << answer->errors;
    return answer->output;
  }
  std::string work_burst(const std::string& queue) {
    return command({"worker", "-S", "rq.serializers.JSONSerializer", "--burst", queue});
  }
  // argv of such a worker, and where its functions are: for one that runs beside the test.
  [[nodiscard]] std::vector<std::string> worker_words(const std::string& queue) const {
    return {rq_program(version_, "rq"),      "worker",  "--url", server_.url(), "-S",
            "rq.serializers.JSONSerializer", "--burst", queue};
  }
  [[nodiscard]] std::string functions() const { return folder_.path(); }

 private:
  std::string version_;
  RedisServer& server_;
  TestFolder folder_;
};

}  // namespace simswarm::jobs
