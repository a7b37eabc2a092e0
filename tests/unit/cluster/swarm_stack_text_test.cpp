#include "cluster/swarm_stack_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cluster {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

SwarmRecord lab() {
  SwarmRecord record;
  record.name = "lab";
  record.image = "simswarm:0123";
  return record;
}

TEST(StackText, IsTheFileThatCanBeDeployedByHand) {
  EXPECT_EQ(stack_text(lab()).value(), embedded::stack_yml());
  EXPECT_THAT(service_names(embedded::stack_yml()),
              ElementsAre("redis", "mongo", "builder", "runner", "distcc", "dashboard", "visualizer"));
}

TEST(StackText, HasOneRunnerANodeWhereThatIsChosen) {
  SwarmRecord record = lab();
  record.runner_per_node = true;
  const std::string text = stack_text(record).value();
  const std::string runner = service_text(text, "runner");
  EXPECT_THAT(runner, HasSubstr("mode: global\n"));
  for (const char* gone : {"replicas:", "--slots", "reservations:"}) EXPECT_THAT(runner, Not(HasSubstr(gone)));
  EXPECT_THAT(runner, HasSubstr("${SIMSWARM_RUNNER_MEMORY:-0}"));
  EXPECT_EQ(service_names(text), service_names(embedded::stack_yml()));
  EXPECT_EQ(service_text(text, "distcc"), service_text(embedded::stack_yml(), "distcc"));
}

TEST(StackText, GivesEachToolchainABuilderAndRunnersOfItsOwn) {
  SwarmRecord record = lab();
  record.toolchains = {{"omnetpp-5.6", "registry:5000/omnetpp:5.6-abc"}, {"omnetpp-6.1", "omnetpp:6.1-def"}};
  const std::string text = stack_text(record).value();
  EXPECT_THAT(service_names(text),
              ElementsAre("redis", "mongo", "builder", "runner", "builder-omnetpp-5-6", "runner-omnetpp-5-6",
                          "builder-omnetpp-6-1", "runner-omnetpp-6-1", "distcc", "dashboard", "visualizer"));
  EXPECT_EQ(service_value(text, "runner-omnetpp-5-6", "image"), "registry:5000/omnetpp:5.6-abc");
  EXPECT_THAT(service_text(text, "runner-omnetpp-5-6"), HasSubstr("      - --image=omnetpp-5.6\n"));
  EXPECT_THAT(service_text(text, "runner-omnetpp-5-6"), HasSubstr("mode: global\n"));
  const std::string builder = service_text(text, "builder-omnetpp-6-1");
  EXPECT_THAT(builder, HasSubstr(R"("worker", "build", "--image=omnetpp-6.1", )"));
  EXPECT_THAT(builder, HasSubstr("- builder-omnetpp-6-1:/var/cache/simswarm\n"));
  EXPECT_THAT(text, HasSubstr("\nvolumes:\n  builder-omnetpp-5-6:\n  builder-omnetpp-6-1:\n  redis:\n"));
  EXPECT_THAT(service_text(text, "runner"), HasSubstr("replicas: 100\n"));
}

TEST(StackText, TakesNoNameThatWouldBeMoreThanOne) {
  for (const char* name : {"", "a b", "a\n  x:", "-a", "a.", "ö", "a\"", "${HOME}"}) {
    SwarmRecord record = lab();
    record.toolchains = {{name, "image:1"}};
    EXPECT_THAT(error_of(stack_text(record)), HasSubstr("make its name")) << name;
  }
  SwarmRecord record = lab();
  record.toolchains = {{"six", "image:1\"\n    privileged: true"}};
  EXPECT_THAT(error_of(stack_text(record)), StartsWith("the toolchain six: «image:1"));
  record.toolchains = {{"o-6", "i:1"}, {"o.6", "i:2"}};
  EXPECT_EQ(error_of(stack_text(record)), "the toolchain o.6: another one's services are called builder-o-6, too");
}

TEST(StackText, NamesItsVariables) {
  const std::vector<std::string> all = variables_of(embedded::stack_yml());
  for (const char* name : {"SIMSWARM_IMAGE", "SIMSWARM_MANAGER", "SIMSWARM_DRAIN", "SIMSWARM_STORE",
                           "SIMSWARM_STORE_PASSWORD_FILE", "SIMSWARM_SECRET_QUEUE_PASSWORDS"})
    EXPECT_THAT(all, Contains(name));
  EXPECT_THAT(variables_of("a: ${SIMSWARM_B}${SIMSWARM_A:-x} $SIMSWARM_C ${OTHER:?} ${}\n # ${SIMSWARM_D}"),
              ElementsAre("OTHER", "SIMSWARM_A", "SIMSWARM_B"));
}

TEST(StackText, FindsWhatAServiceSays) {
  const std::string text =
      "services:\n  a:\n    user: \"7\"\n    deploy:\n      user: no\n  # of b\n  b:\n    image: x\n";
  EXPECT_EQ(service_value(text, "a", "user"), "7");
  EXPECT_EQ(service_value(text, "b", "user"), "");
  EXPECT_EQ(service_value(text, "c", "user"), "");
  EXPECT_EQ(service_text(text, "b"), "    image: x\n");
  EXPECT_THAT(service_names(text), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace simswarm::cluster
