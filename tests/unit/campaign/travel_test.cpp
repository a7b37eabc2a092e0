#include "campaign/travel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::campaign {
namespace {

using testing::ElementsAre;

const Travel kTravel{"/home/ada/ws", "/home/ada/ws/sim/run"};

std::vector<Brought> environment_of(const std::map<std::string, std::string>& all,
                                    const std::vector<std::string>& named = {}) {
  std::vector<std::string> names;
  for (const auto& [name, value] : all) names.push_back(name);
  return portable_environment(kTravel, names, named, [&](const std::string& name) -> std::optional<std::string> {
    const auto found = all.find(name);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(PortableWords, LeadFromTheWorkingFolder) {
  EXPECT_THAT(portable_words(kTravel, {"/home/ada/ws/sim/run/netsim", "-c", "X"}), ElementsAre("./netsim", "-c", "X"));
  EXPECT_THAT(portable_words(kTravel, {"/home/ada/ws/inet/bin/inet", "/home/ada/ws/sim/a.ini"}),
              ElementsAre("../../inet/bin/inet", "../a.ini"));
}

TEST(PortableWords, ChangePathsWithinWords) {
  EXPECT_THAT(portable_words(kTravel, {"./s", "-n", "/home/ada/ws/inet/src:/home/ada/ws/sim;.", "-n/home/ada/ws/x"}),
              ElementsAre("./s", "-n", "../../inet/src:../../sim;.", "-n../../x"));
  EXPECT_THAT(portable_words(kTravel, {"./s", "--image-path=/home/ada/ws/img"}),
              ElementsAre("./s", "--image-path=../../img"));
}

TEST(PortableWords, LeaveWhatOnlyLooksLikeThem) {
  EXPECT_THAT(portable_words(kTravel, {"./s", "/home/ada/wsx/a", "x/home/ada/ws/a", "-c", "Home"}),
              ElementsAre("./s", "/home/ada/wsx/a", "x/home/ada/ws/a", "-c", "Home"));
}

TEST(PortableEnvironment, BringsPathsBelowTheTop) {
  EXPECT_THAT(environment_of({{"NEDPATH", "/home/ada/ws/inet/src:/opt/omnetpp/ned:/home/ada/ws/sim"}}),
              ElementsAre(Brought{"NEDPATH", "{top}/inet/src:{top}/sim"}));
  EXPECT_THAT(environment_of({{"INET_ROOT", "/home/ada/ws/inet"}, {"OMNETPP_ROOT", "/opt/omnetpp"}}),
              ElementsAre(Brought{"INET_ROOT", "{top}/inet"}));
  EXPECT_THAT(environment_of({{"LD_LIBRARY_PATH", "/usr/lib"}, {"HOME", "/home/ada"}, {"SECRET", "x"}}), ElementsAre());
}

TEST(PortableEnvironment, BringsWhatIsNamed) {
  EXPECT_THAT(environment_of({{"MODEL", "/home/ada/ws/m.dat 7"}, {"OTHER", "1"}}, {"MODEL", "ABSENT"}),
              ElementsAre(Brought{"MODEL", "{top}/m.dat 7"}));
  EXPECT_THAT(environment_of({{"EMPTY", ""}}, {"EMPTY"}), ElementsAre(Brought{"EMPTY", ""}));
}

TEST(PlacedEnvironment, LeadsToWhereTheTopIs) {
  EXPECT_THAT(placed({{"A", "{top}/x:{top}"}}, "/w/t"), ElementsAre(testing::Pair("A", "/w/t/x:/w/t")));
}

}  // namespace
}  // namespace simswarm::campaign
