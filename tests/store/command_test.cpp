// simswarm store, end to end: on a store in a folder, and on a server that speaks MongoDB's protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "mongo_server.h"
#include "store/upkeep.h"
#include "store_samples.h"

namespace simswarm::store {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFirst = "01M82V0000AAAAAAAAAAAAAAAA";
constexpr const char* kSecond = "01M82W0000BBBBBBBBBBBBBBBB";

struct Answer {
  int code = -1;
  std::string out;
  std::string errors;
};

class Command : public ::testing::TestWithParam<const char*> {
 protected:
  Command() {
    if (is_directory()) {
      url_ = "directory:" + (folder_ / "store").string();
    } else {
      url_ = shared_mongo().url(shared_mongo().fresh_database());
    }
    store_ = value_of(open_store(url_));
    folder_.folder("work");
  }

  [[nodiscard]] static bool is_directory() { return std::string_view(GetParam()) == "directory"; }

  // In the folder «work», with SIMSWARM_STORE.
  Answer run(const std::vector<std::string>& words, const std::string& more_environment = "") {
    std::string line = "cd '" + (folder_ / "work").string() + "' && env SIMSWARM_STORE='" + url_ + "' " +
                       more_environment + " '" + SIMSWARM_PROGRAM + "' store";
    for (const std::string& word : words) line += " '" + word + "'";
    line += " >'" + (folder_ / "out").string() + "' 2>'" + (folder_ / "errors").string() + "'";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, folder_.read("out"), folder_.read("errors")};
  }

  json json_of(std::vector<std::string> words, int code = 0) {
    words.emplace_back("--json");
    const Answer answer = run(words);
    EXPECT_EQ(answer.code, code) << answer.errors;
    return json::parse(answer.out, nullptr, false);
  }

  void fill(const std::string& campaign, const std::string& name) {
    make_campaign(*store_, campaign, name);
    accept_one(*store_, make_result(*store_, campaign, name + "#0", std::string(3000, 'x'), true));
    RunRecord second = make_result(*store_, campaign, name + "#1", "second", false);
    accept_one(*store_, second);
  }

  TestFolder folder_;
  std::string url_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(On, Command, ::testing::Values("directory", "mongodb"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(Command, ListsCampaigns) {
  EXPECT_THAT(run({"ls"}).out, HasSubstr("no campaigns\n0 B stored: 0 B in 0 blobs, 0 B in documents\nno quota\n"));
  fill(kFirst, "wifi");
  fill(kSecond, "aloha");
  EXPECT_TRUE(store_->note_collected(kFirst, system_clock().stamp()));
  const json all = json_of({"ls"});
  ASSERT_EQ(all["campaigns"].size(), 2U);
  EXPECT_EQ(all["campaigns"][0]["name"], "aloha");
  EXPECT_EQ(all["campaigns"][0]["complete"], 2);
  EXPECT_TRUE(all["campaigns"][0]["collected"].is_null());
  EXPECT_TRUE(all["campaigns"][1]["collected"].is_string());
  EXPECT_EQ(all["bytes"], value_of(store_->usage()).bytes());
  const std::string text = run({"ls"}).out;
  EXPECT_THAT(text, HasSubstr("01M82W0000  aloha"));
  EXPECT_THAT(text, HasSubstr("2/2"));
}

TEST_P(Command, ShowsCampaignsResultsAndBlobs) {
  fill(kFirst, "wifi");
  const RunRecord other = make_result(*store_, kFirst, "wifi#1", "something else", false);
  EXPECT_EQ(value_of(store_->accept({&other, 1})).front(), Accepted::kConflict);
  const json campaign = json_of({"show", "01M82V"})["items"][0];
  EXPECT_EQ(campaign["campaign"], kFirst);
  EXPECT_EQ(campaign["attempts"]["completed"], 2);
  EXPECT_EQ(campaign["conflicting"][0]["run"], "wifi#1");
  const std::string key = key_named("wifi#0").digest.hex();
  const json result = json_of({"show", key.substr(0, 12)})["items"][0];
  EXPECT_EQ(result["key"], key);
  EXPECT_EQ(result["files"][0]["path"], "results/run.csv");
  EXPECT_EQ(result["files"][0]["size"], 3000);
  EXPECT_EQ(result["in_blob"], true);
  const std::string blob = result["archive"];
  EXPECT_EQ(json_of({"show", blob})["items"][0]["blob"], blob);
  EXPECT_THAT(run({"show", "wifi"}).out, HasSubstr("conflict    wifi#1 of worker lab1: differs from the result that"));
  EXPECT_THAT(run({"show", key}).out, HasSubstr("results/run.csv  2.9 KiB"));
}

TEST_P(Command, BringsFilesAndReplacesNothing) {
  fill(kFirst, "wifi");
  const std::string first = key_named("wifi#0").digest.hex();
  const std::string second = key_named("wifi#1").digest.hex();
  EXPECT_EQ(json_of({"get", first})["files"], 1);
  EXPECT_EQ(folder_.read("work/results/run.csv"), std::string(3000, 'x'));
  EXPECT_EQ(json_of({"get", first})["unchanged"], 1);
  // Both runs of this campaign have a file of one name: what is there stays.
  const Answer refused = run({"get", second});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.errors, "simswarm: 1 file is there with other content: results/run.csv; --replace overwrites\n");
  EXPECT_EQ(folder_.read("work/results/run.csv"), std::string(3000, 'x'));
  EXPECT_EQ(run({"get", second, "--replace"}).code, 0);
  EXPECT_EQ(folder_.read("work/results/run.csv"), "second");
  EXPECT_EQ(json_of({"get", second, "--collect", "*.sca", "--into", "other"})["files"], 0);
  EXPECT_EQ(json_of({"get", second, "--collect", "**/*.csv", "--into", "other"})["files"], 1);
  EXPECT_EQ(folder_.read("work/other/results/run.csv"), "second");
  const std::string plan = value_of(store_->campaign(kFirst))->plan.hex();
  EXPECT_EQ(run({"get", plan, "--into", "other"}).code, 0);
  EXPECT_EQ(folder_.read("work/other/" + plan), plan_of({key_named("wifi#0"), key_named("wifi#1")}));
  for (const auto& entry : fs::directory_iterator(folder_ / "work"))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("simswarm")))
        << "nothing is left of what was on its way";
}

TEST_P(Command, VerifiesAndRepairs) {
  fill(kFirst, "wifi");
  EXPECT_THAT(run({"verify"}).out, HasSubstr("2 results, 3 blobs, "));
  const RunKey key = key_named("wifi#1");
  RunRecord record = *value_of(store_->results({&key, 1}, Part::kAll))[0];
  EXPECT_TRUE(value_of(store_->back_end().remove(kResults, key.digest.hex())));
  record.packed = "not what it was";
  accept_one(*store_, record);
  const Answer found = run({"verify"});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr("damaged: result of wifi#1 of campaign 01M82V0000AAAAAAAAAAAAAAAA: the data is not "
                                   "compressed with zstd\n"));
  EXPECT_THAT(found.out, HasSubstr("1 damaged\nsimswarm store verify --repair lets those runs run again.\n"));
  EXPECT_EQ(json_of({"verify", "--repair"}, 1)["damaged"][0]["run"], "wifi#1");
  EXPECT_EQ(json_of({"verify"})["results"], 1);
  accept_one(*store_, record);
  const Answer got = run({"get", "wifi"});
  EXPECT_EQ(got.code, 3);
  EXPECT_EQ(
      got.errors,
      "simswarm: 1 result is damaged in the store (simswarm store verify --repair lets them run again): wifi#1: the "
      "data is not compressed with zstd\n");
  EXPECT_THAT(got.out, HasSubstr("1 file (2.9 KiB) of 1 run in "));
  EXPECT_EQ(run({"verify", "--repair"}).code, 1);
  EXPECT_THAT(run({"get", "wifi"}).out, HasSubstr("; 1 there already; 1 without a result yet\n"));
}

TEST_P(Command, RemovesCampaignsAndCollectsWhatTheyLeave) {
  fill(kFirst, "wifi");
  fill(kSecond, "aloha");
  EXPECT_EQ(run({"rm", "wifi"}).out, "1 campaign removed with 2 results; simswarm store gc frees the room of blobs\n");
  EXPECT_EQ(json_of({"gc"})["blobs"], 0) << "they are young";
  const json would = json_of({"gc", "--grace", "0", "--dry-run"});
  EXPECT_EQ(would["dry_run"], true);
  EXPECT_GE(would["blobs"], 2);
  const json freed = json_of({"gc", "--grace", "0"});
  EXPECT_EQ(freed["blobs"], would["blobs"]);
  EXPECT_EQ(freed["bytes"], would["bytes"]);
  EXPECT_EQ(json_of({"verify"})["results"], 2);
  EXPECT_TRUE(store_->note_collected(kSecond, system_clock().stamp() - std::chrono::hours(48)));
  EXPECT_THAT(run({"gc", "--collected-older-than", "1d"}).out, HasSubstr("campaigns"));
  EXPECT_EQ(json_of({"ls"})["campaigns"].size(), 0U);
}

TEST_P(Command, SetsAQuota) {
  fill(kFirst, "wifi");
  EXPECT_THAT(run({"quota"}).out, HasSubstr("no quota"));
  EXPECT_THAT(run({"quota", "1G"}).out, HasSubstr("quota 1.0 GiB\n"));
  EXPECT_EQ(value_of(store_->quota()), std::uint64_t{1} << 30U);
  EXPECT_THAT(run({"quota", "100"}).out, HasSubstr("quota 100 B, used up: nothing new starts"));
  EXPECT_THAT(run({"ls"}).out, HasSubstr("used up: nothing new starts"));
  EXPECT_EQ(json_of({"quota", "none"})["quota"], json());
}

TEST_P(Command, SaysWhatIsWrong) {
  fill(kFirst, "wifi");
  const auto error = [&](const std::vector<std::string>& words, int code) {
    const Answer answer = run(words);
    EXPECT_EQ(answer.code, code);
    EXPECT_EQ(std::count(answer.errors.begin(), answer.errors.end(), '\n'), 1) << answer.errors;
    return answer.errors;
  };
  EXPECT_EQ(error({"verfy"}, 2),
            "simswarm: store verfy: there are ls, show, verify, gc, get, rm, quota; did you mean verify?\n");
  EXPECT_EQ(error({"ls", "--repair"}, 2), "simswarm: --repair belongs to store verify, not to store ls\n");
  EXPECT_THAT(error({"show", "wiifi"}, 2), HasSubstr("there is no campaign, key or digest «wiifi» in "));
  EXPECT_THAT(error({"show", "wiifi"}, 2), HasSubstr("; did you mean wifi?"));
  EXPECT_THAT(error({"rm", "wiifi"}, 2), HasSubstr("there is no campaign «wiifi»"));
  EXPECT_EQ(error({"rm"}, 2), "simswarm: store rm: which campaigns?\n");
  EXPECT_EQ(error({"gc", "--grace", "soon"}, 2), "simswarm: --grace=soon: expected a duration, like 12h or 30d\n");
  EXPECT_EQ(error({"quota", "much"}, 2), "simswarm: store quota much: expected a size, like 500G, or none\n");
  EXPECT_EQ(error({"ls", "--store", "ftp://u:secret@host/x"}, 2),
            "simswarm: store ftp://host/x: expected directory:PATH, mongodb://HOST/DATABASE or "
            "mongodb+srv://HOST/DATABASE\n");
  EXPECT_EQ(error({"ls", "--store", "directory:nowhere"}, 3),
            "simswarm: there is no store in " + (fs::canonical(folder_ / "work") / "nowhere").string() +
                "; the first campaign that uses it makes it\n");
  EXPECT_FALSE(fs::exists(folder_ / "work/nowhere"));
  url_.clear();
  EXPECT_EQ(error({"ls"}, 2),
            "simswarm: which store? --store mongodb://host/database or directory:PATH or SIMSWARM_STORE says it; "
            "--store-password-file FILE has its password\n");
}

// While it waits for a server that does not answer, its words and environment can be read by everybody.
TEST(Secrets, AreNotShown) {
  const TestFolder folder;
  folder.write("password", "tops3cret\n");
  const std::string errors = (folder / "errors").string();
  const std::string url =
      "mongodb://user:w0rd@127.0.0.1:1/db?serverSelectionTimeoutMS=2000&appName=a@b&tlsCertificateKeyFilePassword=k3y";
  const std::string file = (folder / "password").string();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv("SIMSWARM_STORE_PASSWORD_FILE", file.c_str(), 1);
    (void)!::freopen(errors.c_str(), "w", stderr);
    ::execl(SIMSWARM_PROGRAM, SIMSWARM_PROGRAM, "store", "ls", ("--store=" + url).c_str(), nullptr);
    ::_exit(127);
  }
  const auto words = [&] {
    std::ifstream stream("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  EXPECT_TRUE(wait_until([&] { return words().find("user:xxxx") != std::string::npos; }));
  EXPECT_THAT(words(), Not(HasSubstr("w0rd")));
  EXPECT_THAT(words(), Not(HasSubstr("k3y")));
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_THAT(folder.read("errors"), HasSubstr("simswarm: mongodb://… does not answer"));
  EXPECT_THAT(folder.read("errors"), Not(HasSubstr("s3cret")));
  EXPECT_THAT(folder.read("errors"), Not(HasSubstr("w0rd")));
  EXPECT_THAT(folder.read("errors"), Not(HasSubstr("k3y")));
}

}  // namespace
}  // namespace simswarm::store
