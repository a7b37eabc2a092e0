#include "cluster/swarm_stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_stack.h"

namespace simswarm::cluster {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class StackOfServices : public testing::Test {
 protected:
  StackOfServices() {
    record_.name = "lab";
    record_.image = "img:1";
    options_.interval = 0.01;
    options_.patience = 5;
    options_.say = [this](const Step& step) {
      said_.push_back(fmt::format("{} {}: {}", to_text(step.kind), step.where, step.what));
    };
  }
  // No secret that there is or was stands in what programs were called with.
  void expect_no_secret_told() {
    std::vector<std::string> values = former_;
    const SecretValues now = secret_values("lab").value();
    values.insert(values.end(), {now.queue_password, now.store_password, now.token});
    for (const std::string& value : values) {
      ASSERT_FALSE(value.empty());
      for (const char* file : {"words", "env", "variables", "stack.yml"})
        EXPECT_THAT(fake_.text(file), Not(HasSubstr(value))) << file;
      for (const std::string& line : said_) EXPECT_THAT(line, Not(HasSubstr(value)));
    }
  }
  void deploy() {
    const auto outcome = deploy_stack(record_, options_);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
    ASSERT_TRUE(outcome->findings.empty()) << outcome->findings.front().line();
    record_ = read_swarm("lab").value();
  }

  FakeStack fake_;
  SwarmRecord record_;
  StackOptions options_;
  std::vector<std::string> said_, former_;
};

TEST_F(StackOfServices, ComesWithSecretsThatNobodySees) {
  deploy();
  EXPECT_THAT(fake_.text("stack.yml"), StartsWith("# The services of simswarm"));
  const std::string variables = fake_.text("variables");
  for (const char* one :
       {"SIMSWARM_IMAGE=img:1\n", "SIMSWARM_MANAGER=here\n", "SIMSWARM_INTERLINK=10.211.0.0/16\n",
        "SIMSWARM_FOLDER=/var/lib/simswarm-swarm/lab\n", "SIMSWARM_SECRET_QUEUE_PASSWORDS=lab_queue_passwords_"})
    EXPECT_THAT(variables, HasSubstr(one));
  EXPECT_THAT(fake_.text("words"), HasSubstr("docker stack deploy --prune --resolve-image never -c - lab\n"));
  EXPECT_THAT(said_, Contains("done runner: 1 runs"));
  EXPECT_EQ(record_.secrets.size(), 4U);
  const SecretValues values = secret_values("lab").value();
  EXPECT_EQ(fake_.text("secrets/" + record_.secrets.at("queue_password")), values.queue_password);
  EXPECT_THAT(fake_.text("folder"), HasSubstr(values.token)) << "client.json, by standard input";
  expect_no_secret_told();
}

TEST_F(StackOfServices, ComesTheSameWayAgain) {
  deploy();
  const std::string words = fake_.text("words");
  const SwarmRecord before = record_;
  deploy();
  EXPECT_EQ(record_, before);
  EXPECT_THAT(fake_.text("words").substr(words.size()), Not(HasSubstr("secret create")));
}

TEST_F(StackOfServices, IsOnlySpokenOfInADryRun) {
  options_.dry_run = true;
  ASSERT_TRUE(deploy_stack(record_, options_).has_value());
  EXPECT_THAT(said_, Contains(HasSubstr("would this machine: env SIMSWARM_IMAGE=img:1 ")));
  EXPECT_FALSE(fake_.has("stack.yml"));
  EXPECT_FALSE(has_swarm("lab"));
  for (const char* call : {"secret", "docker run", "stack deploy"})
    EXPECT_THAT(fake_.text("words"), Not(HasSubstr(call)));
}

TEST_F(StackOfServices, NeedsAnImageOnEveryNode) {
  SwarmRecord bare = record_;
  bare.image.clear();
  EXPECT_EQ(error_of(deploy_stack(bare, options_)), "swarm lab: it has no image yet: simswarm swarm image --name lab");
  fake_.host("node2");
  record_.workers = {"node2", "away"};
  const auto outcome = deploy_stack(record_, options_);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  ASSERT_EQ(outcome->findings.size(), 1U);
  EXPECT_EQ(outcome->findings.front().line(),
            "node2: it does not have the image img:1: simswarm swarm image --name lab");
  EXPECT_THAT(said_, ElementsAre(StartsWith("note away: away is not reached by SSH")));
  EXPECT_FALSE(fake_.has("stack.yml"));
  record_.registry = "registry:5000/x";
  deploy();
  EXPECT_THAT(fake_.text("words"), HasSubstr("--with-registry-auth"));
}

TEST_F(StackOfServices, LiesUponNoNetworkOfANode) {
  fake_.say("here", "route",
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t0000D30A\t00000000\t0001\t0\t0\t0\t00"
            "00FFFF\n");
  const auto outcome = deploy_stack(record_, options_);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  ASSERT_FALSE(outcome->findings.empty());
  EXPECT_THAT(outcome->findings.front().line(), HasSubstr("10.211.0.0/16"));
  EXPECT_FALSE(fake_.has("stack.yml"));
}

TEST_F(StackOfServices, NeedsAManager) {
  fake_.forget("here", "is-manager");
  EXPECT_EQ(error_of(deploy_stack(record_, options_)),
            "this machine: it is no manager of a swarm (its state is active): simswarm swarm init --name lab");
}

TEST_F(StackOfServices, SaysWhatDockerDoesNotTake) {
  fake_.file("no-deploy", "");
  EXPECT_EQ(error_of(deploy_stack(record_, options_)),
            "this machine: docker stack deploy lab: services.x Additional property y is not allowed");
  fake_.file("no-run", "");
  EXPECT_EQ(error_of(deploy_stack(record_, options_)),
            "this machine: a container of the image did not get at /var/lib/simswarm-swarm/lab: docker: no space left "
            "on device");
}

TEST_F(StackOfServices, SaysWhichServiceDoesNotCome) {
  fake_.file("failing/redis", "No such image: redis:7");
  fake_.file("failing/builder", "task: non-zero exit (3)");
  fake_.file("update/distcc", "rollback_completed");
  options_.patience = 0.5;
  const auto outcome = deploy_stack(record_, options_);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  std::vector<std::string> lines;
  for (const Finding& one : outcome->findings) lines.push_back(one.line());
  EXPECT_THAT(lines,
              ElementsAre(StartsWith("distcc: its update was rolled back: it failed: simswarm swarm logs distcc"),
                          "redis: its tasks fail: No such image: redis:7: simswarm swarm logs redis --name lab",
                          AllOf(StartsWith("builder: it has not come within 500 ms, 0 of 1 run: task: non-zero "),
                                EndsWith("exit (3): simswarm swarm logs builder --name lab"))))
      << "a worker's failures count once the servers have come";
  EXPECT_THAT(said_, Contains("done mongo: 1 runs"));
}

TEST_F(StackOfServices, TakesAFileAndSettingsOfTheUsers) {
  const TestFolder folder;
  record_.stack_override = folder.write("mine.yml", "services: { redis: { image: \"${SIMSWARM_MINE}\" } }\n").string();
  const std::map<std::string, std::string> environment{{"SIMSWARM_MINE", "r:2"},
                                                       {"SIMSWARM_DRAIN", "5s"},
                                                       {"SIMSWARM_IMAGE", "other"},
                                                       {"SIMSWARM_STORE", "mongodb://h/d"}};
  const auto get = [&](const char* name) {
    return environment.contains(name) ? environment.at(name).c_str() : nullptr;
  };
  record_.settings = stack_settings(record_, get).value();
  EXPECT_THAT(record_.settings, ElementsAre(std::pair("SIMSWARM_DRAIN", "5s"), std::pair("SIMSWARM_MINE", "r:2"),
                                            std::pair("SIMSWARM_STORE", "mongodb://h/d")));
  deploy();
  EXPECT_THAT(fake_.text("words"), HasSubstr(" -c - -c /var/lib/simswarm-swarm/lab/override.yml lab\n"));
  EXPECT_THAT(fake_.text("folder"), EndsWith("services: { redis: { image: \"${SIMSWARM_MINE}\" } }\n"));
  EXPECT_THAT(fake_.text("variables"), HasSubstr("SIMSWARM_DRAIN=5s\n"));
  record_.stack_override.clear();
  record_.settings.clear();
  EXPECT_THAT(stack_settings(record_, get).value(), ElementsAre(std::pair("SIMSWARM_DRAIN", "5s")))
      << "the store is another command's, too";
  record_.stack_override = "/nowhere.yml";
  EXPECT_THAT(error_of(stack_settings(record_, get)), StartsWith("the stack file of swarm lab: "));
}

TEST_F(StackOfServices, TakesNoPasswordAsASetting) {
  const TestFolder folder;
  record_.stack_override = folder.write("mine.yml", "x\n").string();
  const auto result = stack_settings(record_, [](const char* name) -> const char* {
    return std::string_view(name) == "SIMSWARM_STORE" ? "mongodb://me:very-secret@h/d" : nullptr;
  });
  EXPECT_THAT(error_of(result), StartsWith("SIMSWARM_STORE: there is a password in it"));
  EXPECT_THAT(error_of(result), Not(HasSubstr("very-secret")));
}

TEST_F(StackOfServices, IsReachedBySsh) {
  fake_.host("boss");
  fake_.say("boss", "swarm", "active");
  fake_.say("boss", "is-manager", "");
  fake_.say("boss", "images", "img:1\n");
  record_.manager = "me@boss";
  deploy();
  EXPECT_THAT(fake_.text("variables"), HasSubstr("SIMSWARM_MANAGER=boss\n"));
  for (const std::string& value : {secret_values("lab")->queue_password, secret_values("lab")->token})
    EXPECT_THAT(fake_.text("ssh.log"), Not(HasSubstr(value)));
  expect_no_secret_told();
}

TEST_F(StackOfServices, HaltsWorkersFirstAndKeepsTheRest) {
  deploy();
  const std::string before = fake_.text("words");
  ASSERT_TRUE(halt_stack(record_, options_).has_value());
  const std::string words = fake_.text("words").substr(before.size());
  EXPECT_LT(words.find("service rm lab_builder lab_runner\n"),
            words.find("service rm lab_dashboard lab_distcc lab_mongo lab_redis lab_visualizer\n"));
  for (const char* kept : {"secret rm", "network rm", "volume rm"}) EXPECT_THAT(words, Not(HasSubstr(kept)));
  ASSERT_TRUE(halt_stack(record_, options_).has_value());
  EXPECT_EQ(said_.back(), "already this machine: no service of lab runs");
  deploy();
  EXPECT_TRUE(fake_.has("live/redis"));
}

TEST_F(StackOfServices, GoesWithAllThatItHad) {
  deploy();
  fake_.file("volumes", "v1\nv2\n");
  fake_.file("networks-left", "n1\n");
  options_.dry_run = true;
  ASSERT_TRUE(delete_stack(record_, false, options_).has_value());
  EXPECT_TRUE(fake_.has("live/redis"));
  options_.dry_run = false;
  const auto outcome = delete_stack(record_, false, options_);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_TRUE(outcome->findings.empty());
  EXPECT_THAT(fake_.text("words"), HasSubstr("volume rm v1 v2\n"));
  EXPECT_THAT(fake_.text("words"), HasSubstr("network rm n1\n"));
  EXPECT_TRUE(fs::is_empty(FakeStack::path("secrets")));
  EXPECT_FALSE(has_swarm("lab"));
}

TEST_F(StackOfServices, LeavesItsDataWhereThatIsAskedFor) {
  deploy();
  fake_.file("volumes", "v1\n");
  const std::string password = secret_values("lab")->store_password;
  ASSERT_TRUE(delete_stack(record_, true, options_).has_value());
  EXPECT_TRUE(fake_.has("volumes"));
  EXPECT_TRUE(has_swarm("lab")) << "the store's password is needed for its data";
  EXPECT_EQ(secret_values("lab")->store_password, password);
}

TEST_F(StackOfServices, KeepsTheRecordWhileSomethingIsLeft) {
  deploy();
  record_.workers = {"away"};
  const auto outcome = delete_stack(record_, false, options_);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  ASSERT_EQ(outcome->findings.size(), 1U);
  EXPECT_THAT(outcome->findings.front().line(), StartsWith("away: away is not reached by SSH"));
  EXPECT_TRUE(has_swarm("lab"));
}

TEST_F(StackOfServices, ChangesItsSecretsWhileRedisTakesBoth) {
  deploy();
  fake_.file("official", "");
  const SecretValues old = secret_values("lab").value();
  former_ = {old.queue_password, old.store_password, old.token};
  const auto outcome = rotate_secrets(record_, options_);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  ASSERT_TRUE(outcome->findings.empty());
  const SecretValues now = secret_values("lab").value();
  EXPECT_NE(now.queue_password, old.queue_password);
  EXPECT_NE(now.store_password, old.store_password);
  EXPECT_NE(now.token, old.token);
  EXPECT_THAT(now.accepted, ElementsAre(now.queue_password));
  const std::string exec = fake_.text("exec");
  const auto both =
      exec.find(fmt::format("AUTH {}\nACL SETUSER default >{}\n", old.queue_password, now.queue_password));
  const auto store = exec.find(fmt::format("changeUserPassword('simswarm', '{}')", now.store_password));
  const auto one = exec.find(fmt::format("AUTH {}\nACL SETUSER default <{}\n", now.queue_password, old.queue_password));
  ASSERT_NE(one, std::string::npos);
  EXPECT_LT(both, store);
  EXPECT_LT(store, one);
  EXPECT_EQ(fake_.text("secrets/" + read_swarm("lab")->secrets.at("queue_passwords")), now.queue_password);
  EXPECT_EQ(std::distance(fs::directory_iterator(FakeStack::path("secrets")), {}), 4) << "the old ones are removed";
  expect_no_secret_told();
}

TEST_F(StackOfServices, GoesOnWithAChangeOfSecretsThatWasCutOff) {
  deploy();
  const SecretValues old = secret_values("lab").value();
  fake_.file("no-deploy", "");
  EXPECT_THAT(error_of(rotate_secrets(record_, options_)), HasSubstr("docker stack deploy"));
  const SecretValues between = secret_values("lab").value();
  EXPECT_THAT(between.accepted, ElementsAre(between.queue_password, old.queue_password));
  fs::remove(FakeStack::path("no-deploy"));
  ASSERT_TRUE(rotate_secrets(record_, options_).has_value());
  const SecretValues now = secret_values("lab").value();
  EXPECT_EQ(now.queue_password, between.queue_password) << "no third one";
  EXPECT_THAT(now.accepted, ElementsAre(now.queue_password));
  EXPECT_EQ(now.store_password, old.store_password) << "of a store that is not the official server";
  EXPECT_THAT(said_, Contains(HasSubstr("the store is not the official server")));
}

TEST_F(StackOfServices, ChangesNoSecretThatRedisDoesNotTake) {
  EXPECT_THAT(error_of(rotate_secrets(record_, options_)), HasSubstr("nothing is deployed"));
  deploy();
  fake_.file("redis", "(error) WRONGPASS invalid username-password pair\n(error) NOAUTH\n");
  EXPECT_EQ(error_of(rotate_secrets(record_, options_)),
            "this machine: Redis did not take the new password: (error) NOAUTH");
  fs::remove(FakeStack::path("live/redis"));
  EXPECT_THAT(error_of(rotate_secrets(record_, options_)), StartsWith("this machine: the service redis does not run"));
}

}  // namespace
}  // namespace simswarm::cluster
