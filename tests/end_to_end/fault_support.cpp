#include "fault_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <sstream>

namespace simswarm::e2e {
namespace {

constexpr std::string_view kForeign = "a file of the user\n";
constexpr std::string_view kInTheWay = "results/Study-ill=none-#0.sca";

std::vector<std::string> entries_of(const fs::path& folder) {
  std::vector<std::string> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) found.push_back(entry.path().filename().string());
  std::ranges::sort(found);
  return found;
}

// Of the project, without results and state.
std::map<std::string, std::string> files_beside(const Project& project) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::directory_iterator(project.folder())) {
    if (entry.is_regular_file()) found[entry.path().filename().string()] = read(entry.path());
  }
  return found;
}

std::string runs_text(const std::vector<RunStatus>& runs) {
  std::string text;
  for (const RunStatus& run : runs)
    text += run.run + " " + run.outcome + " after " + std::to_string(run.attempts) + " attempts\n";
  return text;
}

}  // namespace

bool all_faults() {
  const char* wanted = std::getenv("SIMSWARM_FAULTS");
  return wanted != nullptr && std::string_view(wanted) == "all";
}

std::string KillPoint::text() const {
  return (in_main ? "main:" : "other:") + std::to_string(number);
}

Process::Environment shim(const fs::path& temporary) {
  return {{"LD_PRELOAD", fault_shim()}, {"TMPDIR", temporary.string()}, {"SIMSWARM_GATHER", "0"}};
}

Process::Environment with_kill(Process::Environment environment, const KillPoint& point) {
  environment.emplace_back("SIMSWARM_TEST_KILL", point.text());
  return environment;
}

Process::Environment with_calls(Process::Environment environment, const fs::path& file) {
  environment.emplace_back("SIMSWARM_TEST_CALLS", file.string());
  return environment;
}

std::vector<KillPoint> calls_in(const fs::path& file) {
  std::vector<KillPoint> found;
  std::istringstream lines(read(file));
  int in_main = 0;
  int in_others = 0;
  for (std::string line; std::getline(lines, line);) {
    const bool is_main = line.starts_with("main ");
    found.push_back({is_main, is_main ? ++in_main : ++in_others, line.substr(line.find(' ') + 1)});
  }
  return found;
}

Campaign::Campaign(Results results)
    : project_(
          "[General]\nnetwork = Net\nsim-time-limit = 20s\n\n[Study]\n**.ill = "
          "${ill=\"none\",\"own-files\",\"error\"}\n"),
      temporary_(project_.outside() / "tmp"),
      results_(results) {
  if (results == Results::kOnTmpfs) mount_tmpfs(project_.path("results"), "16m");
  fs::create_directories(temporary_);
  fs::permissions(temporary_, fs::perms::all);
  project_.write(kInTheWay, kForeign);
}

Campaign::~Campaign() {
  if (results_ == Results::kOnTmpfs) ::umount2(project_.path("results").c_str(), MNT_DETACH);
}

Report Campaign::run(const Process::Environment& environment, const Words& options) const {
  return parse_report(e2e::run(project_.runall_words(Words{"-j1"} + options, {}), project_.folder(), environment));
}

void expect_foreign_file(const Campaign& campaign) {
  int found = 0;
  for (const char* folder : {"results", ".simswarm/kept"}) {
    for (const auto& [file, text] : contents_below(campaign.project().path(folder))) found += text == kForeign ? 1 : 0;
  }
  EXPECT_GE(found, 1) << "copies of the user's file";
  // One that is cut off between copying it to another file system and removing it there copies it once more.
  if (!campaign.is_across()) {
    EXPECT_EQ(found, 1) << "copies of the user's file";
  }
}

void expect_clean(const Project& project, const fs::path& temporary) {
  const std::set<std::string> known{".gitignore",    "alive",   "attempts",          "commit.lock",       "kept",
                                    "ledger.sqlite", "scratch", "ledger.sqlite-shm", "ledger.sqlite-wal", "open.lock"};
  for (const std::string& entry : entries_of(project.path(".simswarm")))
    EXPECT_TRUE(known.contains(entry)) << entry << " is left in the state folder";
  EXPECT_THAT(entries_of(project.path(".simswarm/scratch")), testing::IsEmpty());
  EXPECT_THAT(entries_of(project.path(".simswarm/alive")), testing::IsEmpty());
  EXPECT_THAT(entries_of(temporary), testing::IsEmpty());
}

void expect_nothing_lost(const Campaign& campaign, const std::vector<Report>& before, const Report& after,
                         const Campaign& undisturbed) {
  EXPECT_EQ(after.exit_code, 1) << after.errors;  // one run is ill
  EXPECT_EQ(after.complete, 2) << after.out;
  EXPECT_EQ(after.outcomes, (std::map<std::string, int>{{"completed", 2}, {"model_error", 1}}));
  const std::vector<std::string> started = after.started();
  for (const Report& report : before) {
    for (const Event& event : report.of("ended"))
      EXPECT_THAT(started, testing::Not(testing::Contains(event.run))) << "was said to have ended, and ran again";
  }
  const std::vector<RunStatus> runs = campaign.project().status({"--all"});
  EXPECT_TRUE(std::ranges::all_of(runs, [](const RunStatus& run) { return run.attempts == 1; })) << runs_text(runs);
  std::string difference;
  EXPECT_TRUE(equal_results(undisturbed.project().path("results"), campaign.project().path("results"), &difference))
      << difference;
  EXPECT_EQ(campaign.project().results(), undisturbed.project().results());
  EXPECT_EQ(files_beside(campaign.project()), files_beside(undisturbed.project()));
  expect_foreign_file(campaign);
  expect_clean(campaign.project(), campaign.temporary());
}

namespace {

void must(bool done, const std::string& what) {
  if (!done) throw std::runtime_error(what + ": " + std::strerror(errno));
}

void mount_size(const fs::path& folder, std::string_view size, unsigned long flags) {
  const std::string options = "mode=0777,size=" + std::string(size);
  must(::mount("tmpfs", folder.c_str(), "tmpfs", flags, options.c_str()) == 0, "mount " + folder.string());
}

}  // namespace

void enter_own_namespace() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  must(::unshare(user == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0, "unshare");
  if (user != 0) {  // stays itself, so that simswarm is an ordinary user, too
    write("/proc/self/setgroups", "deny");
    write("/proc/self/uid_map", std::to_string(user) + " " + std::to_string(user) + " 1");
    write("/proc/self/gid_map", std::to_string(group) + " " + std::to_string(group) + " 1");
  }
  must(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount --make-rprivate /");
}

void mount_tmpfs(const fs::path& folder, std::string_view size) {
  fs::create_directories(folder);
  mount_size(folder, size, 0);
}

void resize_tmpfs(const fs::path& folder, std::string_view size) {
  mount_size(folder, size, MS_REMOUNT);
}

}  // namespace simswarm::e2e
