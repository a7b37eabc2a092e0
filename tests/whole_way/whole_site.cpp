#include "whole_site.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"

namespace simswarm::whole {
namespace {

using nlohmann::json;

void take_event(const json& event, Told& told) {
  const std::string kind = event.value("event", "");
  if (kind == "built") told.built = event;
  if (kind == "build_output") told.output += event.value("text", "");
  if (kind == "building") {
    const std::string phase = event.value("phase", "");
    if (told.phases.empty() || told.phases.back() != phase) told.phases.push_back(phase);
  }
  if (kind == "built" || kind == "building") told.campaign = event.value("campaign", told.campaign);
}

// Each has a value; one takes the place of its like, an empty one takes it away.
Words with_options(std::vector<std::pair<std::string, std::string>> all, const Words& options) {
  for (std::size_t i = 0; i + 1 < options.size(); i += 2) {
    if (options[i] != "--distcc") std::erase_if(all, [&](const auto& one) { return one.first == options[i]; });
    if (!options[i + 1].empty()) all.emplace_back(options[i], options[i + 1]);
  }
  Words words;
  for (const auto& [option, value] : all) words.insert(words.end(), {option, value});
  return words;
}

// Projects that the environment of the tests happens to name are none of theirs.
Environment without_roots() {
  Environment none;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name(std::string_view(*entry).substr(0, std::string_view(*entry).find('=')));
    if (name.ends_with("_ROOT") || name.ends_with("_PROJ")) none.emplace_back(name, "");
  }
  return none;
}

std::string through(const fs::path& socket) {
  return fmt::format("unix://:{}@{}", jobs::kTestPassword, socket.string());
}

}  // namespace

bool Told::is_whole(std::size_t runs, std::size_t known) const {
  EXPECT_EQ(error, "") << log;
  EXPECT_TRUE(built.is_object()) << log;
  return is_complete(runs, known);
}

bool Told::built_nothing() const {
  const bool is_it = built.is_object() && built.at("was_known") == true;
  EXPECT_TRUE(is_it) << log;
  return is_it;
}

bool Told::compiled(std::size_t files) const {
  const bool is_it = built.is_object() && built.at("was_known") == false &&
                     built.at("compiled").get<std::size_t>() + built.at("hits").get<std::size_t>() == files;
  EXPECT_TRUE(is_it) << log;
  return is_it;
}

Told told_by(const Program& program) {
  Told told;
  static_cast<store::Said&>(told) = store::said_by(program);
  for (const std::string_view line : split(told.log, '\n')) {
    const json event = json::parse(line, nullptr, false);
    if (event.is_object()) take_event(event, told);
    if (event.is_object() && event.value("event", "") == "error") told.error = event.value("message", "");
  }
  return told;
}

WholeSite::WholeSite(Kind kind) : store::CampaignSite(kind), files_(project()) {
  for (const char* name : {"asked", "executions"}) {
    folder().write(std::string("outside/") + name, "");
    fs::permissions(outside_folder() / name, fs::perms(0666));  // builds and runs have users of their own
  }
  write_hosts(redis().url());
}

void WholeSite::write_hosts(const std::string& queue) const {
  folder().write("hosts.toml", fmt::format("[lab]\nqueue = \"{}\"\nstore = \"{}\"\n", queue, store_url()));
  ::chmod(hosts_file().c_str(), 0600);
}

jobs::FaultProxy& WholeSite::watch_client() {
  client_proxy_ = std::make_unique<jobs::FaultProxy>(folder() / "client.sock", redis().socket());
  write_hosts(through(folder() / "client.sock"));
  return *client_proxy_;
}

jobs::FaultProxy& WholeSite::watch_builders() {
  builder_proxy_ = std::make_unique<jobs::FaultProxy>(folder() / "builder.sock", redis().socket());
  return *builder_proxy_;
}

Program WholeSite::builder(const std::string& name, const Words& options, const Environment& environment) {
  Words words = with_options({{"--queue", builder_proxy_ ? through(folder() / "builder.sock") : redis().url()},
                              {"--name", name},
                              {"--node", "node-of-" + name},
                              {"--lease", "1"},
                              {"--store", store_url()},
                              {"--work", folder() / "builder"},
                              {"--cache", folder() / "cache"},
                              {"--compilers", "2"}},
                             options);
  words.insert(words.begin(), {"worker", "build"});
  Program started = start(folder() / "elsewhere", words, name, environment);
  EXPECT_TRUE(started.says("compilers here"));
  return started;
}

Program WholeSite::runner(const std::string& name, const Words& options) {
  Words all{"--slots", "2"};
  all.insert(all.end(), options.begin(), options.end());
  return worker(name, all);
}

Program WholeSite::user(const Words& words, const fs::path& where, const Environment& more) {
  Environment environment = without_roots();
  environment.emplace_back("SIMSWARM_HOSTS", hosts_file());
  environment.insert(environment.end(), more.begin(), more.end());
  return start(where.empty() ? project() : where, words, "client", environment);
}

Program WholeSite::runall(const Words& options, const fs::path& where, const Words& more) {
  Words words{"runall", "--on", "lab", "--json", "--name", "study", "-b", "1"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"--", "./sim", "-c", "General"});
  words.insert(words.end(), more.begin(), more.end());
  return user(words, where);
}

Program WholeSite::sweep_on(int runs, const Words& options, const fs::path& where) {
  Words words{"sweep", "--on", "lab", "--json", "--name", "study"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {fmt::format("n=0..{}", runs - 1), "--", "./program", "{n}", "{results}"});
  return user(words, where);
}

Told WholeSite::told(Program program, std::chrono::seconds at_most) const {
  const int code = program.wait(at_most).value_or(-1);
  Told all = told_by(program);
  all.code = code;
  return all;
}

std::vector<fs::path> WholeSite::checkouts() const {
  std::vector<fs::path> all;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder() / "builder/projects", error)) {
    if (fs::is_directory(entry.path() / "checkout/tree", error)) all.push_back(entry.path() / "checkout/tree");
  }
  return all;
}

void WholeSite::close_gate() const {
  files_.write("gate", "held\n");
  for (const fs::path& checkout : checkouts()) {  // what earlier builds have left of theirs
    fs::remove(checkout / "at-gate");
    fs::remove(checkout / "go");
  }
}

bool WholeSite::waits_at_gate() const {
  const bool there = wait_until([this] {
    const auto all = checkouts();
    return std::any_of(all.begin(), all.end(), [](const fs::path& one) { return fs::exists(one / "at-gate"); });
  });
  EXPECT_TRUE(there) << "no build has come to its gate";
  return there;
}

void WholeSite::open_gate() const {
  for (const fs::path& checkout : checkouts()) {
    std::error_code error;
    fs::remove(checkout / "at-gate", error);
    EXPECT_TRUE(write_file(checkout / "go", "").has_value());
  }
}

std::size_t WholeSite::compilations() const {
  std::size_t count = 0;
  for (const fs::path& checkout : checkouts()) {
    const std::string list = read_file(checkout / "compiled.list").value_or("");
    count += static_cast<std::size_t>(std::count(list.begin(), list.end(), '\n'));
  }
  return count;
}

std::size_t WholeSite::processes_of_builds() const {
  std::size_t count = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const fs::path where = fs::read_symlink(entry.path() / "cwd", error);
    if (!error && lies_in(folder() / "builder/projects", where)) ++count;
  }
  return count;
}

std::size_t WholeSite::questions() const {
  const std::string all = folder().read("outside/asked");
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
}

bool WholeSite::waits_for_question(std::size_t count) const {
  const bool asked = wait_until([&] { return questions() >= count; });
  EXPECT_TRUE(asked) << "nobody has asked the program for its runs";
  return asked;
}

void WholeSite::expect_like_local(std::size_t runs, const Words& words) {
  const fs::path copy = folder() / fmt::format("copy-{}", ++copies_);
  fs::copy(project(), copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  for (const char* own : {"results", ".simswarm"}) EXPECT_TRUE(remove_tree(copy / own).has_value());
  run_in(copy, "touch go && make");
  Words all{"runall", "--json", "--name", "study", "-b", "1", "--"};
  all.insert(all.end(), words.begin(), words.end());
  EXPECT_TRUE(told(user(all, copy)).is_complete(runs));
  store::expect_equal(results(), copy / "results");
}

std::string WholeSite::newest_build() {
  constexpr std::string_view kBegin = "rq:job:";
  constexpr std::string_view kEnd = "-build";
  std::string newest;
  for (const jobs::RedisReply& key : redis().command({"KEYS", "rq:job:*-build"}).list)
    newest = std::max(newest, key.text.substr(kBegin.size(), key.text.size() - kBegin.size() - kEnd.size()));
  return newest;
}

std::size_t WholeSite::queued_runs() {
  std::size_t count = 0;
  for (const jobs::RedisReply& key : redis().command({"KEYS", "rq:queue:run*"}).list)
    count += static_cast<std::size_t>(redis().command({"LLEN", key.text}).integer);
  for (const jobs::RedisReply& key : redis().command({"KEYS", "rq:wip:run*"}).list)
    count += static_cast<std::size_t>(redis().command({"ZCARD", key.text}).integer);
  return count;
}

}  // namespace simswarm::whole
