#include "cluster/swarm_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cluster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> lines_of(const Findings& findings) {
  std::vector<std::string> all;
  for (const Finding& one : findings) all.push_back(one.line());
  return all;
}

HostFacts host(const std::string& name) {
  HostFacts facts;
  facts.name = facts.user = name;
  facts.has_docker = true;
  facts.engine = EngineInfo{};
  facts.engine->id = "E-" + name;
  facts.engine->hostname = name;
  facts.engine->version = "20.10.24+dfsg1";
  facts.engine->architecture = "x86_64";
  facts.engine->root = "/var/lib/docker";
  facts.disk_size = 100'000'000'000;
  facts.disk_free = 50'000'000'000;
  facts.clock = 0;
  return facts;
}

SwarmNode node(const std::string& id, const std::string& hostname) {
  SwarmNode one;
  one.id = id;
  one.hostname = hostname;
  one.role = "worker";
  one.availability = "active";
  one.state = "ready";
  one.address = "10.0.9.7";
  return one;
}

TEST(Checks, OfAnEngine) {
  struct Row {
    bool has_docker;
    const char* said;
    const char* version;  // null: no answer
    const char* line;     // null: nothing is wrong
  };
  const Row kTable[] = {
      {true, "", "20.10.24+dfsg1", nullptr},
      {true, "WARNING: No swap limit support", "29.8.2", nullptr},
      {true, "", "dev", nullptr},
      {true, "", "19.03.8",
       "n: Docker 19.03.8 is too old: install Docker 20.10 or newer (Debian and Ubuntu: sudo apt install docker.io)"},
      {true, "", "20.9.1",
       "n: Docker 20.9.1 is too old: install Docker 20.10 or newer (Debian and Ubuntu: sudo apt install docker.io)"},
      {false, "sh: docker: not found", nullptr,
       "n: there is no docker in its PATH: install Docker 20.10 or newer (Debian and Ubuntu: sudo apt install "
       "docker.io)"},
      {true, "Got permission denied while trying to connect to the Docker daemon socket", nullptr,
       "n: user «n» may not use Docker (permission denied): sudo usermod -aG docker n there, and log in again"},
      {true, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
       nullptr, "n: Docker's server does not answer: sudo systemctl enable --now docker there"},
      {true, "", nullptr, "n: Docker's server does not answer: sudo systemctl enable --now docker there"},
      {true, "Error response from daemon: client version 1.50 is too new", nullptr,
       "n: docker info: Error response from daemon: client version 1.50 is too new: see `docker info` there"},
  };
  for (const Row& row : kTable) {
    HostFacts facts = host("n");
    facts.has_docker = row.has_docker;
    facts.docker_said = row.said;
    if (row.version == nullptr) facts.engine.reset();
    if (row.version != nullptr) facts.engine->version = row.version;
    const std::vector<std::string> lines = lines_of(check_engine(facts));
    if (row.line == nullptr) {
      EXPECT_THAT(lines, IsEmpty()) << row.version;
    } else {
      EXPECT_THAT(lines, ElementsAre(row.line));
    }
  }
}

TEST(Checks, OfPortsAndDisk) {
  HostFacts facts = host("n");
  EXPECT_THAT(lines_of(check_room(facts)), IsEmpty());
  EXPECT_THAT(lines_of(check_disk(facts)), IsEmpty());
  facts.taken = {"2377/tcp", "4789/udp"};
  facts.disk_free = 1'400'000'000;
  EXPECT_THAT(
      lines_of(check_room(facts)),
      ElementsAre("n: port 2377/tcp is taken, and a swarm needs it: end what listens there (`sudo ss -ltnp` tells)",
                  "n: port 4789/udp is taken, and a swarm needs it: end what listens there (`sudo ss -lunp` tells)",
                  "n: 1.4 GB are free in /var/lib/docker, at least 5.0 GB are needed: make room there (`docker "
                  "system df` tells what Docker takes)"));
  EXPECT_THAT(lines_of(check_disk(facts)),
              ElementsAre("n: its disk is nearly full: 1.4 GB of 100.0 GB are free in /var/lib/docker: make room there "
                          "(`docker system df` tells what Docker takes)"));
  facts.disk_size = 5'300'000'000;  // a small disk is not full at 5 GB
  EXPECT_THAT(lines_of(check_disk(facts)), IsEmpty());
  facts.disk_free.reset();
  facts.taken.clear();
  EXPECT_THAT(lines_of(check_room(facts)), IsEmpty()) << "what is not known is not wrong";
}

TEST(Checks, OfAHostBesideTheManager) {
  const HostFacts manager = host("m");
  HostFacts facts = host("n");
  facts.clock = 1.9;
  EXPECT_THAT(lines_of(check_beside(manager, facts)), IsEmpty());
  facts.clock = -75;
  facts.engine->architecture = "aarch64";
  EXPECT_THAT(
      lines_of(check_beside(manager, facts)),
      ElementsAre("n: it is aarch64, and the manager m is x86_64: programs of the one do not run on the other: make "
                  "a swarm of each",
                  "n: its clock is 1 min 15 s behind that of m (at most 2 s are right): sudo timedatectl set-ntp "
                  "true there"));
  facts = host("n");
  facts.clock = 3;
  facts.clock_doubt = 1.5;
  EXPECT_THAT(lines_of(check_beside(manager, facts)), IsEmpty()) << "a slow answer is no wrong clock";
  facts.clock = 7;
  EXPECT_THAT(check_beside(manager, facts).front().what, testing::StartsWith("its clock is 7.0 s ahead of that of m"));
}

TEST(Checks, OfWhatAHostIsIn) {
  const std::vector<SwarmNode> nodes{node("id-n", "n")};
  HostFacts facts = host("n");
  const auto in = [&](const char* state, const char* id, bool manager) {
    facts.engine->swarm = state;
    facts.engine->node_id = id;
    facts.engine->is_manager = manager;
    facts.engine->address = "10.5.5.5";
    facts.engine->managers = {"10.9.9.9:2377"};
  };
  EXPECT_THAT(lines_of(check_worker_state(facts, nodes)), IsEmpty());
  EXPECT_THAT(lines_of(check_manager_state(facts)), IsEmpty());
  in("active", "id-n", false);
  EXPECT_THAT(lines_of(check_worker_state(facts, nodes)), IsEmpty()) << "ours";
  EXPECT_TRUE(is_node(facts, nodes));
  EXPECT_THAT(
      lines_of(check_manager_state(facts)),
      ElementsAre("n: it is a worker of the swarm of 10.9.9.9:2377: name that one with --manager, or docker swarm "
                  "leave there"));
  in("active", "id-other", false);
  EXPECT_THAT(
      lines_of(check_worker_state(facts, nodes)),
      ElementsAre("n: it is in the swarm of 10.9.9.9:2377 already: docker swarm leave there, if it is to leave that"));
  in("active", "id-other", true);
  EXPECT_THAT(
      lines_of(check_worker_state(facts, nodes)),
      ElementsAre("n: it is in a swarm of its own (manager 10.5.5.5) already: docker swarm leave --force there, if "
                  "it is to leave that"));
  EXPECT_THAT(lines_of(check_manager_state(facts)), IsEmpty());
  in("pending", "", false);
  EXPECT_THAT(lines_of(check_worker_state(facts, nodes)),
              ElementsAre("n: its swarm is in state pending: docker swarm leave --force there, then again"));
  in("locked", "", false);
  EXPECT_THAT(lines_of(check_manager_state(facts)), ElementsAre("n: its swarm is locked: docker swarm unlock there"));
  in("error", "", false);
  facts.engine->swarm_error = "rpc error";
  EXPECT_THAT(
      lines_of(check_manager_state(facts)),
      ElementsAre("n: its swarm is in state error (rpc error): docker swarm leave --force there, if that swarm is to "
                  "be left"));
}

TEST(Checks, OfNames) {
  HostFacts twin = host("b");
  twin.engine->hostname = "a";
  constexpr const char* kRename =
      ": dashboards tell nodes apart by it: sudo hostnamectl set-hostname NAME there, then restart Docker";
  EXPECT_THAT(lines_of(check_names({host("a"), host("b")}, {})), IsEmpty());
  EXPECT_THAT(lines_of(check_names({host("a"), twin}, {})),
              ElementsAre(std::string("b: its host name «a» is that of a, too") + kRename));
  twin.engine->id = "E-a";
  EXPECT_THAT(lines_of(check_names({host("a"), twin}, {})),
              ElementsAre("b: it is the same computer as a: name it once"));
  EXPECT_THAT(lines_of(check_names({host("a")}, {node("id-x", "a")})),
              ElementsAre(std::string("a: its host name «a» is that of node id-x (10.0.9.7), too") + kRename));
  SwarmNode down = node("id-x", "a");
  down.state = "down";
  EXPECT_THAT(lines_of(check_names({host("a")}, {down})), IsEmpty()) << "its own former entry";
}

TEST(Checks, OfSubnets) {
  const std::vector<TakenSubnet> taken{{*subnet_from("10.211.7.0/24"), "the route of eth0 on node2"}};
  const auto clash = check_subnets("10.211.0.0/16", "10.212.0.0/16", taken);
  ASSERT_TRUE(clash.has_value());
  EXPECT_THAT(lines_of(*clash),
              ElementsAre("--interlink 10.211.0.0/16: it lies upon 10.211.7.0/24, the route of eth0 on "
                          "node2: 10.213.0.0/16 is free: --interlink 10.213.0.0/16"));
  EXPECT_THAT(lines_of(check_subnets("10.220.0.0/16", "10.221.0.0/16", taken).value()), IsEmpty());
  EXPECT_EQ(error_of(check_subnets("10.220.0.0/16", "10.220.5.0/24", taken)),
            "--interlink 10.220.0.0/16 and --buildnet 10.220.5.0/24 overlap: 10.212.0.0/16 is free");
  EXPECT_EQ(error_of(check_subnets("10.220.0.0/16", "x", taken)),
            "--buildnet «x» is no IPv4 subnet: expected one like 10.211.0.0/16");
}

TEST(Looks, AreRead) {
  const HostFacts facts = facts_from(
      "== user\nada\n== docker\n/usr/bin/docker\n== info\nWARNING: no swap\n"
      R"({"ID":"E","Name":"lab","ServerVersion":"24.0.7","DockerRootDir":"/data","Swarm":{"LocalNodeState":"inactive"}})"
      "\n== disk\nFilesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 1000000 1 500000 50% /\n"
      "== tcp\n  sl  local_address rem_address   st\n"
      "   0: 00000000:0949 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 123 1\n"
      "   1: 00000000:1F0A 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 124 1\n"
      "== udp\n"
      "  10: 00000000:12B5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 0 2\n"
      "  11: 00000000:1F0A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 77 2\n== routes\n",
      "lab");
  EXPECT_EQ(facts.user, "ada");
  EXPECT_TRUE(facts.has_docker);
  ASSERT_TRUE(facts.engine.has_value());
  EXPECT_EQ(facts.engine->version, "24.0.7");
  EXPECT_EQ(facts.disk_free, 500000U * 1024);
  EXPECT_EQ(facts.disk_size, 1000000U * 1024);
  EXPECT_THAT(facts.taken, ElementsAre("2377/tcp", "7946/udp")) << "a connection, and the kernel's VXLAN, are none";
}

}  // namespace
}  // namespace simswarm::cluster
