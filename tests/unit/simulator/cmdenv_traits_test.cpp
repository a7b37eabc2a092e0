#include "simulator/cmdenv_traits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm::cmdenv {
namespace {

Traits of(std::vector<std::pair<std::string, std::string>> entries) {
  return traits_of({simswarm::Run{"Study", 0, {}, 0, "0"}, std::move(entries)});
}

TEST(Traits, AreThoseOfTheFirstEntry) {
  const Traits traits =
      of({{"network", "Net"}, {"network", ""}, {"abstract", "true"}, {"parallel-simulation", "true"}});
  EXPECT_TRUE(traits.has_network);
  EXPECT_TRUE(traits.is_abstract);
  EXPECT_TRUE(traits.is_parallel);
  EXPECT_FALSE(of({{"parallel-simulation", "false"}, {"parallel-simulation", "true"}}).is_parallel);
}

TEST(Traits, ANetworkThatIsEmptyIsNone) {
  EXPECT_FALSE(of({}).has_network);
  EXPECT_FALSE(of({{"network", ""}}).has_network);
  EXPECT_FALSE(of({{"network", "\"\""}}).has_network);
  EXPECT_TRUE(of({{"network", "\"a.b.Net\""}}).has_network);
}

TEST(Traits, RealTimeIsToldByTheSchedulersName) {
  for (const char* name : {"omnetpp::cRealTimeScheduler", "cRealTimeScheduler", "my_real_time_thing",
                           "inet::RealTimeScheduler", "cSocketRTScheduler", "veins::RTScheduler"}) {
    EXPECT_TRUE(is_real_time_scheduler(name)) << name;
  }
  for (const char* name : {"", "omnetpp::cSequentialScheduler", "SmartScheduler"}) {
    EXPECT_FALSE(is_real_time_scheduler(name)) << name;
  }
}

TEST(Traits, EmulationsWaitForTheWorldOutsideNotOnlyForTheClock) {
  for (const char* name : {"inet::RealTimeScheduler", "cSocketRTScheduler", "PcapRTScheduler", "my::Emulation"}) {
    EXPECT_TRUE(is_emulation_scheduler(name)) << name;
  }
  for (const char* name : {"omnetpp::cRealTimeScheduler", "RealTimeScheduler", ""}) {
    EXPECT_FALSE(is_emulation_scheduler(name)) << name;
  }
}

TEST(Traits, OfAConfigurationAreThoseOfAnyRun) {
  Traits traits = of({{"network", "Net"}});
  add(traits, of({{"scheduler-class", "\"omnetpp::cRealTimeScheduler\""}}));
  EXPECT_TRUE(traits.has_network);
  EXPECT_TRUE(traits.is_real_time);
  EXPECT_FALSE(traits.is_emulation);
  EXPECT_EQ(traits.scheduler, "omnetpp::cRealTimeScheduler");
}

}  // namespace
}  // namespace simswarm::cmdenv
