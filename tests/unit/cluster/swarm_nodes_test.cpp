#include "cluster/swarm_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_swarm.h"

namespace simswarm::cluster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SwarmOfFakes : public testing::Test {
 protected:
  SwarmOfFakes() {
    for (const char* name : {"node1", "node2", "node3"}) fake_.host(name);
    record_.name = "lab";
    record_.manager = "ada@node1";
    options_.patience = 0.5;
    options_.say = [this](const Step& step) {
      said_.push_back(fmt::format("{} {}: {}", to_text(step.kind), step.where, step.what));
    };
  }

  // What it finds wrong, or why it failed; empty: it went well.
  std::vector<std::string> lines_of(const Result<NodesOutcome>& outcome) {
    if (!outcome) return {outcome.error().message};
    std::vector<std::string> lines;
    for (const Finding& one : outcome->findings) lines.push_back(one.line());
    return lines;
  }
  std::vector<std::string> make(const std::vector<std::string>& workers, const std::string& address = "") {
    said_.clear();
    if (has_swarm("lab")) record_ = read_swarm("lab").value();
    return lines_of(make_swarm(record_, workers, address, options_));
  }
  void is_made() { ASSERT_THAT(make({"node2", "node3"}), IsEmpty()); }
  [[nodiscard]] std::string secrets_said(const char* how) const {
    return fmt::format("{} {}", how, (swarms_folder() / "lab").string());
  }

  FakeSwarm fake_;
  SwarmRecord record_;
  NodesOptions options_;
  std::vector<std::string> said_;
};

TEST_F(SwarmOfFakes, IsMadeOnceAndSaysWhatIsThereAlready) {
  EXPECT_THAT(make({"node2", "ada@node3"}), IsEmpty());
  EXPECT_THAT(said_, ElementsAre("done ada@node1: is the manager, at 10.0.9.1",
                                 secrets_said("done lab: its secrets are made, and kept in"),
                                 "done node2: joined the swarm of 10.0.9.1:2377",
                                 "done ada@node3: joined the swarm of 10.0.9.1:2377"));
  EXPECT_THAT(read_swarm("lab")->workers, ElementsAre("node2", "ada@node3"));
  const std::string token = swarm_secret("lab", kToken).value();
  const std::string log = fake_.text("docker.log");
  EXPECT_THAT(make({"node2", "ada@node3"}), IsEmpty());
  EXPECT_THAT(said_,
              ElementsAre("already ada@node1: is the manager already, at 10.0.9.1",
                          secrets_said("already lab: its secrets are there already, in"),
                          "already node2: is in the swarm already", "already ada@node3: is in the swarm already"));
  EXPECT_THAT(fake_.text("docker.log").substr(log.size()), Not(HasSubstr("swarm init")));
  EXPECT_EQ(swarm_secret("lab", kToken).value(), token);
}

TEST_F(SwarmOfFakes, IsMadeOnThisMachine) {
  record_.manager = "";
  EXPECT_THAT(make({}, "10.1.2.3"), IsEmpty());
  EXPECT_THAT(fake_.text("docker.log"), HasSubstr("here: swarm init --advertise-addr 10.1.2.3\n"));
  EXPECT_EQ(fake_.text("ssh.log"), "");
}

TEST_F(SwarmOfFakes, NeverHasItsTokenInWordsOfSsh) {
  is_made();
  EXPECT_THAT(fake_.text("ssh.log"), HasSubstr("docker swarm join"));
  EXPECT_THAT(fake_.text("ssh.log"), Not(HasSubstr(std::string(kFakeToken))));
  for (const std::string& line : said_) EXPECT_THAT(line, Not(HasSubstr(std::string(kFakeToken))));
}

TEST_F(SwarmOfFakes, IsNotBegunWhileAnythingIsWrong) {
  fake_.say("node2", "version", "19.03.1");
  fake_.say("node3", "disk", "1000000");
  EXPECT_THAT(
      make({"node2", "node3", "node4"}),
      ElementsAre("node4: is not reached by SSH: ssh: connect to host node4 port 22: No route to host: `ssh node4 "
                  "true` has to work without a question",
                  HasSubstr("node2: Docker 19.03.1 is too old"),
                  HasSubstr("node3: 1.0 GB are free in /data, at least 5.0 GB are needed")));
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_FALSE(has_swarm("lab"));
  EXPECT_THAT(fake_.text("docker.log"), Not(HasSubstr("swarm")));
}

TEST_F(SwarmOfFakes, TellsEachThingThatIsWrong) {
  struct Row {
    const char* host;
    const char* file;
    const char* text;
    const char* line;
  };
  const Row kTable[] = {
      {"node2", "no-docker", "", "node2: there is no docker in its PATH: install Docker 20.10"},
      {"node2", "info", "dial unix /var/run/docker.sock: connect: permission denied",
       "may not use Docker (permission denied)"},
      {"node2", "info", "Cannot connect to the Docker daemon", "node2: Docker's server does not answer"},
      {"node2", "arch", "aarch64", "node2: it is aarch64, and the manager ada@node1 is x86_64"},
      {"node2", "clock", "-30", "node2: its clock is 30.0 s behind that of ada@node1"},
      {"node2", "hostname", "node3", "node3: its host name «node3» is that of node2, too"},
      {"node2", "swarm", "active", "node2: it is in the swarm of 10.0.9.1:2377 already"},
      {"node1", "swarm", "active", "ada@node1: it is a worker of the swarm of 10.0.9.1:2377"},
      {"node1", "swarm", "locked", "ada@node1: its swarm is locked"},
      {"node1", "disk", "100", "ada@node1: 0.0 GB are free in /data"},
      {"node2", "tcp", " 0: 00000000:1F0A 00000000:0000 0A 0:0 0:0 0 0 0 12 1\n", "node2: port 7946/tcp is taken"},
      {"node2", "udp", " 0: 00000000:12B5 00000000:0000 07 0:0 0:0 0 0 0 12 1\n", "node2: port 4789/udp is taken"},
      {"node3", "route", "eth0\t0000D30A\t0\t1\t0\t0\t0\t0000FFFF\n",
       "--interlink 10.211.0.0/16: it lies upon 10.211.0.0/16, the route of eth0 on node3: 10.213.0.0/16 is free"},
      {"node3", "swarm", "pending", "node3: its swarm is in state pending"},
  };
  for (const Row& row : kTable) {
    fake_.say(row.host, row.file, row.text);
    const std::vector<std::string> lines = make({"node2", "node3"});
    ASSERT_EQ(lines.size(), 1U) << row.line;
    EXPECT_THAT(lines.front(), HasSubstr(row.line));
    EXPECT_THAT(lines.front(), Not(HasSubstr("\n")));
    EXPECT_THAT(said_, IsEmpty()) << row.line;
    fake_.forget(row.host, row.file);
  }
  is_made();
}

TEST_F(SwarmOfFakes, TellsWrongWordsBeforeAnyoneIsAsked) {
  record_.interlink = "10.211.0.0/33";
  EXPECT_THAT(make({}), ElementsAre("--interlink «10.211.0.0/33» is no IPv4 subnet: expected one like 10.211.0.0/16"));
  record_.interlink = "10.212.0.0/16";
  EXPECT_THAT(make({}),
              ElementsAre("--interlink 10.212.0.0/16 and --buildnet 10.212.0.0/16 overlap: 10.211.0.0/16 is free"));
  record_.interlink = "10.211.0.0/16";
  EXPECT_THAT(make({"node2", "node2"}), ElementsAre("«node2» is named twice"));
  EXPECT_THAT(make({"a b"}), ElementsAre("«a b» is no machine: expected [user@]host or ssh://[user@]host:port"));
  EXPECT_EQ(fake_.text("ssh.log"), "");
}

TEST_F(SwarmOfFakes, IsFinishedByTheSecondCall) {
  fake_.say("node2", "join", "Error response from daemon: rpc error: no route to host\n");
  EXPECT_THAT(
      make({"node2", "node3"}),
      ElementsAre("node2: it cannot join the manager at 10.0.9.1:2377 (Error response from daemon: rpc error: no route "
                  "to host); 2377/tcp, 7946/tcp and udp and 4789/udp have to be open between nodes: when that is "
                  "put right, the same call goes on from here"));
  EXPECT_THAT(read_swarm("lab")->workers, ElementsAre("node3")) << "one that fails stands in nobody's way";
  fake_.forget("node2", "join");
  is_made();
  EXPECT_THAT(said_, testing::Contains("done node2: joined the swarm of 10.0.9.1:2377"));
  EXPECT_THAT(said_, testing::Contains("already node3: is in the swarm already"));
}

TEST_F(SwarmOfFakes, LosesAHostInTheMiddle) {
  fake_.say("node2", "calls-left", "2");  // the look
  EXPECT_THAT(make({"node2", "node3"}),
              ElementsAre("node2: is not reached by SSH: ssh: connect to host node2 port 22: No "
                          "route to host: when that is put right, the same call goes on from here"));
  fake_.forget("node2", "calls-left");
  is_made();
}

TEST_F(SwarmOfFakes, LosesTheManagerInTheMiddle) {
  fake_.say("node1", "calls-left", "3");  // the look, and init
  const auto lines = make({"node2"});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines.front(), HasSubstr("ada@node1 is not reached by SSH"));
  fake_.forget("node1", "calls-left");
  is_made();
  EXPECT_THAT(said_, testing::Contains("already ada@node1: is the manager already, at 10.0.9.1"));
}

TEST_F(SwarmOfFakes, SaysWhichAddressesThereAre) {
  fake_.say("node1", "init",
            "Error response from daemon: could not choose an IP address to advertise since this system has multiple "
            "addresses "
            "on different interfaces (10.0.0.1 on eth0 and 10.1.0.1 on eth1) - specify one with --advertise-addr");
  EXPECT_THAT(make({}),
              ElementsAre(HasSubstr("the other nodes reach one of them: name it with --address (could not choose")));
}

TEST_F(SwarmOfFakes, KeepsDockersNetworkFromThatOfTheHosts) {
  fake_.say("node2", "route", "eth0\t0000000A\t0\t1\t0\t0\t0\t00FFFFFF\n");  // 10.0.0.0/24
  is_made();
  EXPECT_THAT(fake_.text("docker.log"), HasSubstr("node1: swarm init --default-addr-pool 10.1.0.0/16\n"));
}

TEST_F(SwarmOfFakes, KnowsWhoTakesHimselfForANode) {
  is_made();
  fs::remove(fake_.path() / "nodes/id-node3");
  EXPECT_THAT(make({"node3"}),
              ElementsAre("node3: it takes itself for a node of this swarm, which has removed it: docker "
                          "swarm leave --force there, then again"));
}

TEST_F(SwarmOfFakes, OnlySaysWhatItWouldDo) {
  options_.dry_run = true;
  EXPECT_THAT(make({"node2"}), IsEmpty());
  EXPECT_THAT(said_, ElementsAre("would ada@node1: would become the manager", "would node2: would join the swarm"));
  EXPECT_FALSE(has_swarm("lab"));
  options_.dry_run = false;
  is_made();
  options_.dry_run = true;
  EXPECT_THAT(make({"node2"}), IsEmpty());
  EXPECT_THAT(said_,
              ElementsAre("already ada@node1: is the manager already", "already node2: is in the swarm already"));
  const std::string log = fake_.text("docker.log");
  said_.clear();
  EXPECT_THAT(lines_of(remove_nodes(record_, {"node2"}, options_)), IsEmpty());
  EXPECT_THAT(said_, ElementsAre("would node2: would be drained, leave and be removed"));
  ASSERT_TRUE(set_availability(record_, {"node2"}, true, options_).has_value());
  EXPECT_EQ(said_.back(), "would node2: would be drained");
  for (const char* word : {"node update", "node rm", "swarm leave"})
    EXPECT_THAT(fake_.text("docker.log").substr(log.size()), Not(HasSubstr(word)));
}

TEST_F(SwarmOfFakes, TakesMoreNodesAndClearsTheirFormerEntries) {
  EXPECT_THAT(lines_of(add_nodes(record_, {"node2"}, options_)),
              ElementsAre("ada@node1 is no manager of a swarm: simswarm swarm init"));
  ASSERT_THAT(make({"node2"}), IsEmpty());
  fake_.node("id-old", "node3 worker active down");
  record_ = read_swarm("lab").value();
  said_.clear();
  EXPECT_THAT(lines_of(add_nodes(record_, {"node3", "node2"}, options_)), IsEmpty());
  EXPECT_THAT(said_,
              ElementsAre("done node3: its former entry id-old is removed",
                          "done node3: joined the swarm of 10.0.9.1:2377", "already node2: is in the swarm already"));
  EXPECT_FALSE(fake_.has("nodes/id-old"));
  EXPECT_THAT(read_swarm("lab")->workers, ElementsAre("node2", "node3"));
}

TEST_F(SwarmOfFakes, RefusesSubnetsThatItsNetworksDoNotHave) {
  is_made();
  fake_.file("networks",
             "ingress 10.0.0.0/24\nlab_interlink 10.211.0.0/16\nlab_buildnet 10.212.0.0/16\nother 10.230.0.0/16\n");
  is_made();
  record_ = read_swarm("lab").value();
  record_.buildnet = "10.230.0.0/24";
  EXPECT_THAT(
      lines_of(make_swarm(record_, {}, "", options_)),
      ElementsAre("the network lab_buildnet has 10.212.0.0/16 already: simswarm swarm delete --keep-data first, then "
                  "deploy again"));
  fake_.file("networks", "other 10.230.0.0/16\n");
  EXPECT_THAT(
      lines_of(make_swarm(record_, {}, "", options_)),
      ElementsAre(HasSubstr("--buildnet 10.230.0.0/24: it lies upon 10.230.0.0/16, the swarm's network «other»")));
}

TEST_F(SwarmOfFakes, LetsNodesGo) {
  is_made();
  said_.clear();
  record_ = read_swarm("lab").value();
  EXPECT_THAT(lines_of(remove_nodes(record_, {"node2"}, options_)), IsEmpty());
  EXPECT_THAT(
      said_, ElementsAre("done node2: takes no tasks any more", "done node2: its tasks have ended, runs have gone back",
                         "done node2: has left the swarm", "done node2: is no node any more"));
  EXPECT_FALSE(fake_.has("nodes/id-node2"));
  EXPECT_FALSE(fake_.has("hosts/node2/swarm"));
  record_ = read_swarm("lab").value();
  EXPECT_THAT(record_.workers, ElementsAre("node3"));
  EXPECT_THAT(lines_of(remove_nodes(record_, {"node4"}, options_)),
              ElementsAre("the swarm has no node «node4» (there are: node1, node3); did you mean «node1» or «node3»?"));
  EXPECT_THAT(
      lines_of(remove_nodes(record_, {"node1"}, options_)),
      ElementsAre("node1 is the manager, where queue, store and builder run, and is not removed: simswarm swarm delete "
                  "removes the services"));
  record_.workers.emplace_back("node2");  // an end between list and record
  said_.clear();
  EXPECT_THAT(lines_of(remove_nodes(record_, {"node2"}, options_)), IsEmpty());
  EXPECT_THAT(said_, ElementsAre("already node2: is no node of this swarm"));
  EXPECT_THAT(read_swarm("lab")->workers, ElementsAre("node3"));
}

TEST_F(SwarmOfFakes, LetsNodesGoThatAreNotReached) {
  is_made();
  fake_.say("node3", "calls-left", "0");
  fake_.node("id-node3", "node3 worker active down");
  record_ = read_swarm("lab").value();
  said_.clear();
  EXPECT_THAT(lines_of(remove_nodes(record_, {"id-node3"}, options_)), IsEmpty());
  EXPECT_THAT(said_, ElementsAre("done node3: takes no tasks any more",
                                 "note node3: it is not reached by SSH: `docker swarm leave` there, when it is",
                                 "done node3: is no node any more"));
  EXPECT_THAT(read_swarm("lab")->workers, ElementsAre("node2"));
}

TEST_F(SwarmOfFakes, DrainsAndActivates) {
  is_made();
  said_.clear();
  fake_.file(
      "node-ps",
      R"({"ID":"t","Name":"s.1","Node":"id-node2","DesiredState":"Shutdown","CurrentState":"Running 1 second ago"})");
  ASSERT_EQ(error_of(set_availability(record_, {"ada@node2"}, true, options_)), "no error");
  ASSERT_EQ(error_of(set_availability(record_, {"node2"}, true, options_)), "no error");
  ASSERT_EQ(error_of(set_availability(record_, {"10.0.9.2"}, false, options_)), "no error");
  ASSERT_EQ(error_of(set_availability(record_, {"node2"}, false, options_)), "no error");
  EXPECT_THAT(
      said_, ElementsAre("done node2: takes no tasks any more", "done node2: its tasks have ended, runs have gone back",
                         "already node2: is drained already", "done node2: its tasks have ended, runs have gone back",
                         "done node2: takes tasks again", "already node2: is active already"));
  EXPECT_THAT(
      error_of(set_availability(record_, {"node1"}, true, options_)),
      HasSubstr("node1 is the manager, where queue, store and builder run, and is not drained: simswarm swarm halt"));
  EXPECT_THAT(error_of(set_availability(record_, {"node9"}, true, options_)),
              HasSubstr("the swarm has no node «node9»"));
}

TEST_F(SwarmOfFakes, TellsWhatToCallWithoutSsh) {
  EXPECT_EQ(error_of(join_command(record_)), "ada@node1 is no manager of a swarm: simswarm swarm init");
  is_made();
  EXPECT_EQ(join_command(record_)->command, fmt::format("docker swarm join --token {} 10.0.9.1:2377", kFakeToken));
}

}  // namespace
}  // namespace simswarm::cluster
