// Compilers behind ccache and distcc, on servers that come, go, hang, and have no room.
#include "build/farm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "builder_site.h"
#include "distcc_server.h"

namespace simswarm::build {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr std::size_t kFiles = 150;

// Built once by the plain compiler: what all others must be equal to.
const Checkout& plain() {
  static const auto kBuilt = [] {
    auto checkout = std::make_unique<Checkout>(kFiles);
    Subprocess make;
    make.argv = {"make", "-j2", "-s"};
    make.folder = checkout->tree();
    const auto answer = simswarm::run(make);
    EXPECT_TRUE(answer.has_value() && answer->exit_code == 0);
    return checkout;
  }();
  return *kBuilt;
}

class AFarm : public testing::Test {
 protected:
  std::unique_ptr<Farm> open(std::vector<std::string> hosts) {
    FarmOptions options = checkout_.farm_options(cache_ / "cache");
    options.hosts = std::move(hosts);
    options.host_patience = 5;
    auto farm = Farm::open(options);
    EXPECT_TRUE(farm.has_value()) << error_of(farm);
    return farm.has_value() ? std::move(*farm) : nullptr;
  }
  void expect_all_is_built(const BuildEnd& end) const {
    EXPECT_EQ(end.outcome, BuildOutcome::kBuilt) << end.message << "\n" << checkout_.output();
    std::vector<std::size_t> other;
    for (std::size_t i = 0; i < kFiles; ++i) {
      if (checkout_.object(i).empty() || checkout_.object(i) != plain().object(i)) other.push_back(i);
    }
    EXPECT_THAT(other, IsEmpty()) << "objects that a local build does not give";
    EXPECT_THAT(checkout_.output(), Not(HasSubstr("distcc"))) << "its troubles are none of the user's";
  }
  static void expect_counts(const FarmCounts& counts, const std::vector<const DistccServer*>& servers) {
    EXPECT_EQ(counts.compiled, kFiles);
    EXPECT_EQ(counts.hits, 0);
    std::size_t sum = 0;
    for (const auto& [host, count] : counts.by_host) sum += count.done;
    EXPECT_EQ(counts.remote, sum);
    EXPECT_LE(counts.remote, counts.compiled);
    std::size_t by_servers = 0;
    for (const DistccServer* server : servers) {
      const auto found = counts.by_host.find(server->host());
      const std::size_t counted = found == counts.by_host.end() ? 0 : found->second.done;
      EXPECT_LE(counted, server->compiled()) << server->host();
      by_servers += counted;
    }
    EXPECT_EQ(by_servers, sum) << "all servers are ours";
  }

  TestFolder cache_;
  Checkout checkout_{kFiles};
};

TEST_F(AFarm, WithoutHostsCompilesHere) {
  const auto farm = open({});
  EXPECT_EQ(farm->jobs(), 2);
  EXPECT_THAT(farm->hosts(), IsEmpty());
  EXPECT_THAT(farm->environment(), Not(Contains(Pair("CCACHE_PREFIX", testing::_))));
  expect_all_is_built(checkout_.build(*farm));
  expect_counts(farm->counts(), {});
  EXPECT_EQ(farm->counts().remote, 0);
}

TEST_F(AFarm, SharesWorkAmongItsHosts) {
  std::array<DistccServer, 3> servers;
  std::vector<std::string> hosts;
  for (DistccServer& server : servers) {
    server.start();
    hosts.push_back(server.host() + "/3");
  }
  const auto farm = open(hosts);
  EXPECT_THAT(farm->hosts(), UnorderedElementsAre(servers[0].host(), servers[1].host(), servers[2].host()));
  EXPECT_EQ(farm->jobs(), 2 + 9);
  expect_all_is_built(checkout_.build(*farm));
  expect_counts(farm->counts(), {&servers[0], &servers[1], &servers[2]});
  const std::size_t remote = servers[0].compiled() + servers[1].compiled() + servers[2].compiled();
  EXPECT_EQ(farm->counts().remote, remote);
  EXPECT_GE(remote, kFiles / 2);
  for (const DistccServer& server : servers) EXPECT_GE(server.compiled(), remote / 5) << server.log();
}

// distcc alone would leave them in the working folder, and make would never see a header change.
TEST_F(AFarm, LeavesNotesOfHeadersWhereTheObjectsAre) {
  DistccServer server;
  server.start();
  const auto farm = open({server.host() + "/3"});
  expect_all_is_built(checkout_.build(*farm));
  ASSERT_GT(server.compiled(), 0U);
  for (std::size_t i = 0; i < kFiles; ++i) {
    const std::string notes = checkout_.folder().read(fmt::format("tree/out/f{}.d", i));
    EXPECT_EQ(notes, fmt::format("out/f{0}.o: f{0}.cc sum.h\n", i));
    EXPECT_FALSE(fs::exists(checkout_.tree() / fmt::format("f{}.d", i)));
  }
}

TEST_F(AFarm, TakesObjectsOutOfItsCacheInAnyCheckout) {
  expect_all_is_built(checkout_.build(*open({})));
  Checkout other(kFiles);
  auto farm = Farm::open(other.farm_options(cache_ / "cache"));
  ASSERT_TRUE(farm.has_value()) << error_of(farm);
  EXPECT_EQ(other.build(**farm).outcome, BuildOutcome::kBuilt) << other.output();
  EXPECT_EQ((*farm)->counts().hits, kFiles);
  EXPECT_EQ((*farm)->counts().compiled, 0);
  EXPECT_EQ(other.object(7), plain().object(7));
}

TEST_F(AFarm, GoesOnWhenAHostDies) {
  std::array<DistccServer, 3> servers;
  for (DistccServer& server : servers) server.start();
  const auto farm = open({servers[0].host(), servers[1].host(), servers[2].host()});
  bool is_dead = false;
  expect_all_is_built(checkout_.build(*farm, [&] {
    if (!is_dead && servers[1].compiled() >= 5) {
      servers[1].kill();
      is_dead = true;
    }
  }));
  EXPECT_TRUE(is_dead);
  expect_counts(farm->counts(), {&servers[0], &servers[1], &servers[2]});
  EXPECT_GE(servers[0].compiled() + servers[2].compiled(), kFiles / 2);
}

TEST_F(AFarm, DoesNotUseWhoRefusesOrHangs) {
  DistccServer good;
  good.start();
  const LoopbackPort refusing;
  const LoopbackPort hanging(true);
  const auto farm = open({refusing.host(), hanging.host(), good.host(), "no-such-host.invalid"});
  EXPECT_THAT(farm->hosts(), ElementsAre(good.host()));
  const BuildEnd end = checkout_.build(*farm);
  expect_all_is_built(end);
  expect_counts(farm->counts(), {&good});
  EXPECT_THAT(farm->counts().by_host, ElementsAre(Pair(good.host(), testing::_)));
}

TEST_F(AFarm, LeavesAHostThatBeginsToHang) {
  std::array<DistccServer, 2> servers;
  for (DistccServer& server : servers) server.start();
  const auto farm = open({servers[0].host(), servers[1].host()});
  bool hangs = false;
  const BuildEnd end = checkout_.build(*farm, [&] {
    if (hangs || servers[1].compiled() < 5) return;
    servers[1].signal(SIGSTOP);
    hangs = true;
  });
  expect_all_is_built(end);
  EXPECT_TRUE(hangs);
  expect_counts(farm->counts(), {&servers[0], &servers[1]});
  EXPECT_LT(end.seconds, 60);
}

TEST_F(AFarm, IsNotHarmedByAHostWithoutRoom) {
  if (::geteuid() != 0) GTEST_SKIP() << "a small disk needs root";
  DistccServer good;
  DistccServer full(4, "24k");  // for a trial, not for the work
  good.start();
  full.start();
  const auto farm = open({good.host(), full.host()});
  expect_all_is_built(checkout_.build(*farm));
  expect_counts(farm->counts(), {&good, &full});
  EXPECT_GE(good.compiled(), kFiles / 3);
  EXPECT_GT(full.failed(), 0) << full.log();
}

TEST_F(AFarm, UsesAHostThatComesDuringTheBuild) {
  DistccServer late;
  const auto farm = open({late.host() + "/4"});
  EXPECT_THAT(farm->hosts(), IsEmpty());
  EXPECT_EQ(farm->jobs(), 2 + 4) << "make's number stays as it is from the beginning";
  bool is_up = false;
  expect_all_is_built(checkout_.build(*farm, [&] {
    if (is_up || farm->counts().compiled < 5) return;
    late.start();
    is_up = true;
  }));
  expect_counts(farm->counts(), {&late});
  EXPECT_GE(late.compiled(), kFiles / 5);
}

TEST_F(AFarm, KeepsTheColoursOfCompilers) {
  DistccServer server;
  server.start();
  checkout_.folder().write("tree/f77.cc", "int f77() { return nothing; }\n");
  const auto farm = open({server.host()});
  const BuildEnd end = checkout_.build(*farm);
  EXPECT_EQ(end.outcome, BuildOutcome::kFailed);
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(checkout_.output(), HasSubstr("\033[01;31m")) << "red, as gcc has it";
  ASSERT_TRUE(end.error.has_value());
  EXPECT_EQ(end.error->file, "f77.cc");
  EXPECT_EQ(end.error->line, 1);
  EXPECT_THAT(end.message, HasSubstr("f77.cc:1:20: error: ‘nothing’ was not declared in this scope"));
}

TEST_F(AFarm, RefusesWhatIsNoHost) {
  for (const char* text : {"", "host:0", "host:port", "host/0", "--randomize", "a b", "host:1/2/3"}) {
    FarmOptions options = checkout_.farm_options(cache_ / "cache");
    options.hosts = {text};
    EXPECT_THAT(error_of(Farm::open(options)), testing::StartsWith(fmt::format("distcc host «{}»: ", text)));
  }
}

}  // namespace
}  // namespace simswarm::build
