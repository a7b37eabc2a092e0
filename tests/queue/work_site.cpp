#include "work_site.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/text.h"

namespace simswarm::jobs {
namespace {

// Number of the run, its folder, the list of executions, the gate.
constexpr const char* kProgram = R"(echo "$1" >>"$3"
printf 'begin %s\n' "$1" >"$2/out.txt"
while [ -n "$4" ] && [ ! -e "$4" ]; do sleep 0.02; done
printf 'end %s\n' "$1" >>"$2/out.txt")";

[[noreturn]] void become(const Words& words, const fs::path& log, const Environment& environment, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int to = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(to, STDOUT_FILENO);
  ::dup2(to, STDERR_FILENO);
  ::setpgid(0, 0);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::signal(number, SIG_DFL);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

std::string file_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

Program::Program(const Words& words, const fs::path& log, const Environment& environment) : log_(log) {
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(words, log, environment, parent);
  EXPECT_GT(pid_, 0);
}

Program::Program(Program&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), code_(other.code_), log_(std::move(other.log_)) {}

Program& Program::operator=(Program&& other) noexcept {
  kill();
  pid_ = std::exchange(other.pid_, -1);
  code_ = other.code_;
  log_ = std::move(other.log_);
  return *this;
}

void Program::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void Program::send(int signal) const {
  ASSERT_GT(pid_, 0);
  ::kill(pid_, signal);
}

bool Program::has_ended() {
  int status = 0;
  if (pid_ < 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return pid_ < 0;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
  return true;
}

std::optional<int> Program::wait(std::chrono::seconds at_most) {
  EXPECT_TRUE(wait_until([this] { return has_ended(); }, at_most)) << "it has not ended; it said:\n" << log();
  return code_;
}

std::string Program::log() const {
  return file_text(log_);
}

bool Program::says(std::string_view text) const {
  const bool said = wait_until([&] { return log().find(text) != std::string::npos; });
  EXPECT_TRUE(said) << "it does not say «" << text << "», but:\n" << log();
  return said;
}

std::size_t Program::count(std::string_view text) const {
  const std::string all = log();
  std::size_t found = 0;
  for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + text.size())) ++found;
  return found;
}

WorkSite::WorkSite() : proxy_(folder_ / "proxy.sock", server_.socket()) {
  folder_.script("project/program", kProgram);
  folder_.write("executions", "");
  fs::permissions(folder_ / "executions", fs::perms(0666));  // runs may have a user of their own
}

Program WorkSite::program(const Words& words, const std::string& log, Environment environment) const {
  Words all{SIMSWARM_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  environment.emplace_back("SIMSWARM_QUEUE", url());
  return {all, folder_ / log, environment};
}

void WorkSite::enqueue(int runs, const Words& options) {
  Words words{"sweep", "-C", folder_ / "project", "--name", "study", "--json", "--queue", server_.url()};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {fmt::format("n=0..{}", runs - 1), "--", "./program", "{n}", "{results}",
                             folder_ / "executions", gate_});
  Program sweep = program(words, "sweep.log");
  ASSERT_EQ(sweep.wait(), 0) << sweep.log();
  const std::string said = sweep.log();
  constexpr std::string_view kBefore = R"("campaign":")";
  ASSERT_NE(said.find(kBefore), std::string::npos) << said;
  campaign_ = said.substr(said.find(kBefore) + kBefore.size(), 26);
  runs_ = static_cast<std::size_t>(runs);
}

Program WorkSite::worker(const std::string& name, const Words& options, const Environment& environment) {
  Words words{"worker",  "run", "--name",  name, "--node",  "node-of-" + name,
              "--slots", "1",   "--lease", "1",  "--spool", spool()};
  for (std::size_t i = 0; i + 1 < options.size(); i += 2) {  // they take the place of those above
    const auto there = std::find(words.begin(), words.end(), options[i]);
    if (there != words.end()) words.erase(there, there + 2);
  }
  words.insert(words.end(), options.begin(), options.end());
  Program started = program(words, fmt::format("{}-{}.log", name, ++logs_), environment);
  EXPECT_TRUE(started.says(", queues "));
  return started;
}

std::string WorkSite::url() const {
  return fmt::format("unix://:{}@{}", kTestPassword, (folder_ / "proxy.sock").string());
}

JobId WorkSite::job(std::size_t index) const {
  return {fmt::format("{}-{}", campaign_, index)};
}

JobView WorkSite::view(std::size_t index) {
  const auto queue = open_job_queue(server_.url());
  if (!queue) return {};
  const auto found = (*queue)->find(job(index));
  return found && *found ? (*found)->job : JobView{};
}

Standing WorkSite::standing(std::size_t index) {
  const JobView now = view(index);
  const RedisReply commits = server_.command({"XLEN", "rq:results:" + job(index).text});
  return {now.state, now.attempt, now.lost_on, static_cast<std::size_t>(commits.integer), executions(index)};
}

Counts WorkSite::counts() {
  const auto queue = open_job_queue(server_.url());
  if (!queue) return {};
  return (*queue)->counts({"run-" + campaign_}).value_or(Counts{});
}

std::map<std::string, std::size_t> WorkSite::executions() const {
  std::map<std::string, std::size_t> counts;
  const std::string all = folder_.read("executions");
  for (const std::string_view line : split(all, '\n')) {
    if (!line.empty()) ++counts[std::string(line)];
  }
  return counts;
}

std::size_t WorkSite::executions(std::size_t index) const {
  const auto all = executions();
  const auto found = all.find(std::to_string(index));
  return found == all.end() ? 0 : found->second;
}

bool WorkSite::waits_for_start(std::size_t index) const {
  return wait_until([&] { return executions(index) > 0; });
}

bool WorkSite::waits_for_end() {
  return wait_until([&] { return counts().finished == runs_; }, std::chrono::seconds(90));
}

std::string WorkSite::result_of(std::size_t index) const {
  return folder_.read(fmt::format("project/results/study/n={}/out.txt", index));
}

void WorkSite::expect_all_finished() {
  EXPECT_TRUE(waits_for_end());
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 0, runs_, 0, 0}));
  const auto executed = executions();
  auto server = server_.connect();
  ASSERT_TRUE(server.has_value());
  for (std::size_t i = 0; i < runs_; ++i) {
    EXPECT_EQ(result_of(i), fmt::format("begin {0}\nend {0}\n", i));
    const auto commits = server->command({"XLEN", "rq:results:" + job(i).text});
    EXPECT_TRUE(commits.has_value() && commits->integer == 1) << i;
    EXPECT_TRUE(executed.contains(std::to_string(i))) << i;
  }
  expect_nothing_left();
}

void WorkSite::expect_nothing_left() {
  EXPECT_EQ(server_.command({"ZCARD", "simswarm:leases"}).integer, 0);
  EXPECT_EQ(server_.command({"ZCARD", "rq:wip:run-" + campaign_}).integer, 0);
  EXPECT_EQ(server_.command({"LLEN", "rq:queue:run-" + campaign_}).integer, 0);
}

}  // namespace simswarm::jobs
