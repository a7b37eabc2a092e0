// simswarm as a process beside a Redis server of the test's own: workers that run beside the test, commands, and jobs
// whose runs wait for the test.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/subprocess.h"
#include "base/text.h"
#include "job_queue_support.h"

namespace simswarm::jobs {

using nlohmann::json;
using Words = std::vector<std::string>;
using Said = simswarm::Answer;  // not the queue's
using Environment = std::vector<std::pair<std::string, std::string>>;

inline std::string simswarm_program() {
  const char* given = std::getenv("SIMSWARM_PROGRAM");
  return given == nullptr ? SIMSWARM_PROGRAM : given;
}

inline Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// A program beside the test; killed when this goes, or when the test is.
class Process {
 public:
  Process(Words argv, const Environment& environment) {
    folder_.write("out", "");
    folder_.write("err", "");
    std::vector<char*> words;
    for (std::string& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::setpgid(0, 0);
    ::dup2(::open((folder_ / "out").c_str(), O_WRONLY | O_APPEND), 1);
    ::dup2(::open((folder_ / "err").c_str(), O_WRONLY | O_APPEND), 2);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (status_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }
  void send(int signal) const { ::kill(pid_, signal); }
  [[nodiscard]] std::string out() const { return folder_.read("out"); }
  [[nodiscard]] std::string log() const { return folder_.read("err"); }
  [[nodiscard]] bool says(const std::string& text) const {
    return wait_until([&] { return log().find(text) != std::string::npos; });
  }
  [[nodiscard]] bool has_ended() {
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return status_.has_value();
  }
  // Its exit code; a failure of the test when it does not end.
  int wait() {
    const bool ended = wait_until([&] { return has_ended(); }, std::chrono::seconds(60));
    EXPECT_TRUE(ended) << "still running; it has said:\n" << log();
    return status_.value_or(-1);
  }

 private:
  TestFolder folder_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

// A server that is empty, a folder with programs, and one outside of what runs may write in private: `outside()`.
class WorkerTest {
 public:
  explicit WorkerTest(RedisServer& server) : server_(server), queue_(good(open_job_queue(server.url()))) {
    ::chmod(outside_.path().c_str(), 0777);
    const std::string outside = outside_.path();
    // Each notes that it began, in a file that all runs share.
    project_.script("prog", "echo $1 >>" + outside + "/began\necho said $1\necho result $1 >out-$1.txt");
    project_.script("broken", "echo $1 >>" + outside + "/began\necho it said this\necho and broke >&2\nexit 3");
    project_.script("gate", "echo $1 >>" + outside + "/began\necho behind the gate $1\nwhile [ ! -e " + outside +
                                "/open-$1 ]; do sleep 0.02; done\necho opened $1 >gate-$1.txt");
    // Is killed $2 times, then ends well.
    project_.script("flaky",
                    "echo $1 >>" + outside + "/began\nn=$(grep -cx $1 " + outside +
                        "/began)\nif [ $n -le $2 ]; then echo not yet >&2; kill -9 $$; fi\necho try $n >flaky-$1.txt");
  }

  // --- simswarm

  [[nodiscard]] Environment environment() const { return {{"SIMSWARM_QUEUE", server_.url()}}; }
  [[nodiscard]] Said simswarm(const Words& words, const fs::path& folder = fs::temp_directory_path()) const {
    const auto answer = run(Subprocess{Words{simswarm_program()} + words, folder, environment(), {}, 60});
    EXPECT_TRUE(answer.has_value()) << error_of(answer);
    return answer.value_or(Said{});
  }
  // What a command prints with --json, when it succeeds.
  [[nodiscard]] json asked(const Words& words, int exit_code = 0) const {
    Words with_json = words;
    with_json.insert(with_json.begin() + 1, "--json");
    const Said answer = simswarm(with_json, project_.path());
    EXPECT_EQ(answer.exit_code, exit_code) << answer.errors;
    const json value = json::parse(answer.output, nullptr, false);
    EXPECT_FALSE(value.is_discarded()) << answer.output << answer.errors;
    return value;
  }
  // One line on standard error with this text, and this exit code.
  void expect_refused(const Words& words, const std::string& text, int exit_code = 2) const {
    const Said answer = simswarm(words, project_.path());
    EXPECT_EQ(answer.exit_code, exit_code) << answer.errors;
    EXPECT_EQ(answer.errors.rfind("simswarm: ", 0), 0U) << answer.errors;
    EXPECT_NE(answer.errors.find(text), std::string::npos) << answer.errors;
    EXPECT_EQ(std::count(answer.errors.begin(), answer.errors.end(), '\n'), 1) << answer.errors;
  }

  // --- workers

  [[nodiscard]] Words worker_words(const std::string& name, const Words& options) const {
    return Words{simswarm_program(), "worker", "run", "--name", name, "--spool", spool_.path(), "--lease", "5"} +
           options;
  }
  // Not yet at work.
  [[nodiscard]] std::unique_ptr<Process> started(const std::string& name, const Words& options = {}) const {
    return std::make_unique<Process>(worker_words(name, options), environment());
  }
  [[nodiscard]] std::unique_ptr<Process> worker(const std::string& name, const Words& options = {}) const {
    auto made = started(name, options);
    EXPECT_TRUE(wait_until([&] { return is_registered(name) || made->has_ended(); })) << made->log();
    EXPECT_FALSE(made->has_ended()) << made->log();
    return made;
  }
  // Until nothing is left: what it has said.
  std::string work_burst(const Words& options = {}) const {
    const auto made = started("burst", Words{"--burst"} + options);
    EXPECT_EQ(made->wait(), 0) << made->log();
    return made->log();
  }
  // By SIGTERM: what it has said.
  static std::string end(Process& worker) {
    worker.send(SIGTERM);
    EXPECT_EQ(worker.wait(), 0) << worker.log();
    return worker.log();
  }
  [[nodiscard]] bool is_registered(const std::string& name) const {
    return server_.command({"SISMEMBER", "rq:workers", "rq:worker:" + name}).integer == 1 &&
           server_.command({"EXISTS", "rq:worker:" + name}).integer == 1;
  }

  // --- jobs

  // A self-contained job of a program of the project.
  [[nodiscard]] NewJob run_job(const std::string& id, const Words& command, const json& more = json::object()) const {
    json named{{"folder", project_.path()}, {"command", command}};
    named.update(more);
    NewJob made = job(id);
    made.payload = json::array({"simswarm.run", nullptr, json::array(), named}).dump();
    return made;
  }
  void enqueue(const NewJob& made) const {
    const auto added = good(queue_->enqueue({made}));
    EXPECT_EQ(added, std::vector<bool>{true});
  }
  // A run that ends when it is let.
  void enqueue_gate(const std::string& id, int retries = 0) const {
    NewJob made = run_job(id, {"./gate", id});
    made.retries = retries;
    enqueue(made);
  }
  void open_gate(const std::string& id) const { outside_.write("open-" + id, ""); }

  [[nodiscard]] JobDetails details(const std::string& id) const {
    return good(queue_->find({id})).value_or(JobDetails{});
  }
  [[nodiscard]] bool becomes(const std::string& id, State state) const {
    const auto is_it = [&] { return details(id).job.state == state; };
    EXPECT_TRUE(wait_until(is_it)) << id << " is " << to_text(details(id).job.state) << ": " << details(id).message;
    return is_it();
  }
  // The run itself is at work, not only its job started.
  [[nodiscard]] bool begins(const std::string& id) const {
    return becomes(id, State::kStarted) && wait_until([&] { return times_begun(id) > 0; });
  }
  [[nodiscard]] std::size_t times_begun(const std::string& id) const {
    std::size_t times = 0;
    for (const std::string& line : begun()) times += line == id ? 1 : 0;
    return times;
  }
  // By their first argument, in order.
  [[nodiscard]] Words begun() const {
    Words names;
    std::istringstream lines(outside_.read("began"));
    for (std::string line; std::getline(lines, line);) names.push_back(line);
    return names;
  }
  // All that runs have put into the project, but for the programs; sorted.
  [[nodiscard]] Words results() const {
    Words names;
    for (const auto& entry : fs::directory_iterator(project_.path())) {
      const std::string name = entry.path().filename();
      if (name != ".simswarm" && name != "prog" && name != "gate" && name != "flaky" && name != "broken")
        names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  [[nodiscard]] Counts counts(const std::string& queue = "run-1") const { return good(queue_->counts({queue})); }
  [[nodiscard]] json result(const std::string& id) const { return json::parse(details(id).result, nullptr, false); }

  [[nodiscard]] RedisServer& server() const { return server_; }
  [[nodiscard]] JobQueue& queue() const { return *queue_; }
  [[nodiscard]] const TestFolder& project() const { return project_; }
  [[nodiscard]] const TestFolder& outside() const { return outside_; }
  [[nodiscard]] const TestFolder& spool() const { return spool_; }

 private:
  RedisServer& server_;
  std::unique_ptr<JobQueue> queue_;
  TestFolder project_;
  TestFolder outside_;
  TestFolder spool_;
};

}  // namespace simswarm::jobs
