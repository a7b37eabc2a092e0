#include "cluster/subnet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cluster {
namespace {

Subnet of(const char* text) {
  return subnet_from(text).value();
}

TEST(Subnets, AreReadAndWritten) {
  for (const char* text : {"10.211.0.0/16", "0.0.0.0/0", "192.168.1.128/25", "255.255.255.255/32"})
    EXPECT_EQ(to_text(of(text)), text);
  for (const char* text : {"", "10.0.0.0", "10.0.0/8", "10.0.0.256/8", "10.0.0.0/33", "10.0.0.0/-1", "a.b.c.d/8",
                           "10.0.0.0/", "10.0.0.0.0/8", "+1.0.0.0/8", "fd00::/64"})
    EXPECT_FALSE(subnet_from(text).has_value()) << text;
}

TEST(Subnets, Overlap) {
  EXPECT_TRUE(of("10.0.0.0/8").overlaps(of("10.211.0.0/16")));
  EXPECT_TRUE(of("10.211.7.0/24").overlaps(of("10.211.0.0/16")));
  EXPECT_FALSE(of("10.211.0.0/16").overlaps(of("10.212.0.0/16")));
  EXPECT_TRUE(of("0.0.0.0/0").overlaps(of("192.168.0.0/24")));
}

TEST(Subnets, OfOverlaysHaveRoomAndBeginAtTheirBeginning) {
  const std::pair<const char*, const char*> kTable[] = {
      {"10.211.0.0/16", "no error"},
      {"nonsense", "--interlink «nonsense» is no IPv4 subnet: expected one like 10.211.0.0/16"},
      {"10.211.0.0/28",
       "--interlink 10.211.0.0/28: a network of the swarm has /8 to /24 (every task and every node takes an address)"},
      {"10.211.3.0/16", "--interlink 10.211.3.0/16 begins within itself: 10.211.0.0/16 is meant"},
  };
  for (const auto& [text, message] : kTable) EXPECT_EQ(error_of(overlay_subnet("--interlink", text)), message);
}

TEST(Subnets, AreTakenByRoutes) {
  const std::vector<TakenSubnet> routes = routes_from(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t01004D0A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth0\t00004D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\nbroken\tline\n",
      "node2");
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(to_text(routes[0].subnet), "10.77.0.0/24");
  EXPECT_EQ(routes[0].by, "the route of eth0 on node2");
  EXPECT_EQ(to_text(routes[1].subnet), "172.17.0.0/16");
}

TEST(Subnets, AreProposedWhereNothingLies) {
  EXPECT_EQ(to_text(free_subnet({}).value()), "10.211.0.0/16");
  EXPECT_EQ(to_text(free_subnet({of("10.211.0.0/16"), of("10.212.5.0/24")}).value()), "10.213.0.0/16");
  EXPECT_EQ(to_text(free_subnet({of("10.0.0.0/8")}).value()), "172.31.0.0/16");
  EXPECT_FALSE(free_subnet({of("0.0.0.0/0")}).has_value());
}

}  // namespace
}  // namespace simswarm::cluster
