#include "queue/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <memory>

namespace simswarm::jobs {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::ElementsAre;
using Addresses = std::vector<std::string>;

Result<Addresses> nobody(const std::string& host) {
  ADD_FAILURE() << "asked for " << host;
  return Addresses{};
}

TEST(Resolver, KnowsAnAddressWithoutAsking) {
  EXPECT_THAT(addresses_of("127.0.0.1", 5s, nobody).value(), ElementsAre("127.0.0.1"));
  EXPECT_THAT(addresses_of("::1", 5s, nobody).value(), ElementsAre("::1"));
}

TEST(Resolver, AsksTheSystem) {
  const auto found = addresses_of("localhost", 5s, system_addresses);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_THAT(found->front(), AnyOf("127.0.0.1", "::1"));
  EXPECT_EQ(std::count(found->begin(), found->end(), found->front()), 1) << "each address once";
}

TEST(Resolver, SaysThatTheSystemDoesNotKnowTheHost) {
  const auto found = system_addresses("no host");  // no name server is asked for what cannot be a name
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().message, "host 'no host' is not known; is its name right?");
  EXPECT_TRUE(found.error().can_retry) << "names come and go with their machines";
}

TEST(Resolver, HandlesNoSignalsInItsThread) {
  const Resolver looks = [](const std::string&) -> Result<Addresses> {
    sigset_t blocked;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    return Addresses{::sigismember(&blocked, SIGTERM) == 1 ? "blocked" : "open"};
  };
  EXPECT_THAT(addresses_of("many", 5s, looks).value(), ElementsAre("blocked"));
  sigset_t blocked;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  EXPECT_EQ(::sigismember(&blocked, SIGTERM), 0) << "as it was before";
}

}  // namespace
}  // namespace simswarm::jobs
