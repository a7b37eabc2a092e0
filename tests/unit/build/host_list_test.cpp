#include "build/host_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::build {
namespace {

using testing::Contains;

TEST(AHostOfDistcc, HasANameAPortAndALimit) {
  const auto expect = [](const char* text, const std::string& name, int port, std::size_t limit) {
    const auto host = parse_host(text);
    ASSERT_TRUE(host.has_value()) << error_of(host);
    EXPECT_EQ(host->name, name) << text;
    EXPECT_EQ(host->port, port) << text;
    EXPECT_EQ(host->limit, limit) << text;
  };
  expect("tasks.distcc", "tasks.distcc", 3632, 0);
  expect("tasks.distcc/8", "tasks.distcc", 3632, 8);
  expect("10.0.0.7:13632", "10.0.0.7", 13632, 0);
  expect("node-1:1/1000", "node-1", 1, 1000);
  expect("[::1]", "::1", 3632, 0);
  expect("[fe80::1]:99/4", "fe80::1", 99, 4);
}

TEST(AHostOfDistcc, IsRefusedWithWhatIsMissing) {
  const std::string help = "; a host is NAME[:PORT][/LIMIT], like tasks.distcc or 10.0.0.7:3632/8";
  EXPECT_EQ(error_of(parse_host("")), "distcc host «»: this is no name" + help);
  EXPECT_EQ(error_of(parse_host("--randomize")), "distcc host «--randomize»: this is no name" + help);
  EXPECT_EQ(error_of(parse_host("a b")), "distcc host «a b»: this is no name" + help);
  EXPECT_EQ(error_of(parse_host("a,lzo")), "distcc host «a,lzo»: this is no name" + help);
  EXPECT_EQ(error_of(parse_host("a:65536")), "distcc host «a:65536»: its port is not between 1 and 65535" + help);
  EXPECT_EQ(error_of(parse_host("a:")), "distcc host «a:»: its port is not between 1 and 65535" + help);
  EXPECT_EQ(error_of(parse_host("[::1]x")), "distcc host «[::1]x»: its port is not between 1 and 65535" + help);
  EXPECT_EQ(error_of(parse_host("a/0")), "distcc host «a/0»: its limit is not between 1 and 1000" + help);
  EXPECT_EQ(error_of(parse_host("a:1/2/3")), "distcc host «a:1/2/3»: its limit is not between 1 and 1000" + help);
}

std::vector<std::string> texts(const Addresses& addresses) {
  std::vector<std::string> found;
  for (const Address& address : addresses.found) found.push_back(address.text);
  return found;
}

TEST(AHostOfDistcc, IsFoundByItsAddresses) {
  EXPECT_THAT(texts(addresses_of({"127.0.0.1", 99, 0})), testing::ElementsAre("127.0.0.1:99"));
  EXPECT_THAT(texts(addresses_of({"::1", 99, 0})), testing::ElementsAre("[::1]:99"));
  EXPECT_THAT(texts(addresses_of({"localhost", 99, 0})), Contains("127.0.0.1:99"));
}

}  // namespace
}  // namespace simswarm::build
