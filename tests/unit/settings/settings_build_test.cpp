#include "settings/settings_build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

BuildSettings build(std::string_view text) {
  const auto parsed = parse_settings(text, "simswarm.toml");
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed.value_or(Settings{}).build;
}

std::string error_of(std::string_view text) {
  const auto parsed = parse_settings(text, "simswarm.toml");
  return parsed.has_value() ? "no error" : parsed.error().message;
}

TEST(BuildSettings, AreTakenWhole) {
  const BuildSettings all = build(R"(
[build]
command = ["make", "-j{jobs}", "MODE=release"]
folder = "src"
mode = "debug"
environment = ["INET_OPTIONS", "_x1"]
include = ["data/**", "*.cfg"]
roots = ["../inet", "/opt/models"]
image = "registry/omnetpp:6.1"
)");
  EXPECT_THAT(all.command, ElementsAre(ElementsAre("make", "-j{jobs}", "MODE=release")));
  EXPECT_EQ(all.folder, "src");
  EXPECT_EQ(all.mode, "debug");
  EXPECT_THAT(all.environment, ElementsAre("INET_OPTIONS", "_x1"));
  EXPECT_THAT(all.include, ElementsAre("data/**", "*.cfg"));
  EXPECT_THAT(all.roots, ElementsAre("../inet", "/opt/models"));
  EXPECT_EQ(all.image, "registry/omnetpp:6.1");
}

TEST(BuildSettings, AreEmptyWhereNothingIsSet) {
  const BuildSettings none = build("[campaign]\njobs = 1\n");
  EXPECT_THAT(none.command, IsEmpty());
  EXPECT_EQ(none.mode, "");
  EXPECT_EQ(none.image, "");
}

TEST(BuildSettings, HaveSeveralStepsAsLists) {
  EXPECT_THAT(build("[build]\ncommand = [[\"./configure\"], [\"make\", \"-j{jobs}\"]]\n").command,
              ElementsAre(ElementsAre("./configure"), ElementsAre("make", "-j{jobs}")));
}

TEST(BuildSettings, RefuseOneTextAndShowTheList) {
  EXPECT_EQ(error_of("[build]\ncommand = \"make -j4 'a b'\"\n"),
            "simswarm.toml:2: build.command: \"make -j4 'a b'\" is one text; it is a list of words: write [\"make\", "
            "\"-j4\", \"a b\"]");
  EXPECT_EQ(
      error_of("[build]\ncommand = \"make makefiles && make\"\n"),
      "simswarm.toml:2: build.command: \"make makefiles && make\" is one text; it is a list of words: write [\"sh\", "
      "\"-c\", \"make makefiles && make\"]");
  EXPECT_EQ(
      error_of("[build]\ncommand = 'make D=\"1 2\" && x'\n"),
      "simswarm.toml:2: build.command: \"make D=\"1 2\" && x\" is one text; it is a list of words: write [\"sh\", "
      "\"-c\", 'make D=\"1 2\" && x']");
}

TEST(BuildSettings, RefuseWhatIsNoCommand) {
  EXPECT_EQ(error_of("[build]\ncommand = []\n"), "simswarm.toml:2: build.command: it is empty");
  EXPECT_EQ(error_of("[build]\ncommand = [[]]\n"), "simswarm.toml:2: build.command: a step is empty; give its program");
  EXPECT_EQ(error_of("[build]\ncommand = [\"\"]\n"),
            "simswarm.toml:2: build.command: a step is empty; give its program");
  EXPECT_EQ(error_of("[build]\ncommand = 5\n"),
            "simswarm.toml:2: build.command is 5; expected a list of words, or a list of such lists");
  EXPECT_EQ(
      error_of("[build]\ncommand = [\"make\", 5]\n"),
      "simswarm.toml:2: build.command: 5 stands among words; expected texts, or lists of texts for several steps");
  EXPECT_EQ(error_of("[build]\ncommand = [\"make\",\n [\"x\"]]\n"),
            "simswarm.toml:3: build.command: a list stands among words; expected texts, or lists of texts for several "
            "steps");
  EXPECT_EQ(error_of("[build]\ncommand = [[\"make\"], \"x\"]\n"),
            "simswarm.toml:2: build.command: \"x\" stands among steps; each is a list of words");
}

TEST(BuildSettings, RefuseOtherWrongValues) {
  EXPECT_EQ(error_of("[build]\nmode = \"fast\"\n"),
            "simswarm.toml:2: build.mode is \"fast\"; expected one of \"release\", \"debug\"");
  EXPECT_EQ(error_of("[build]\nfolder = \"../up\"\n"),
            "simswarm.toml:2: build.folder is \"../up\"; expected a folder within, like \"src\"");
  EXPECT_EQ(error_of("[build]\nfolder = \"/src\"\n"),
            "simswarm.toml:2: build.folder is \"/src\"; expected a folder within, like \"src\"");
  EXPECT_EQ(
      error_of("[build]\nenvironment = [\"A=1\"]\n"),
      "simswarm.toml:2: build.environment: \"A=1\" is no name of a variable; values come from the environment itself");
  EXPECT_EQ(error_of("[build]\nenvironment = [\"PATH\"]\n"),
            "simswarm.toml:2: build.environment: PATH is the builder's own there; leave it out");
  EXPECT_EQ(error_of("[build]\nroots = \"../inet\"\n"),
            "simswarm.toml:2: build.roots is \"../inet\"; expected a list of texts");
  EXPECT_EQ(error_of("[build]\ncomand = [\"make\"]\n"),
            "simswarm.toml:2: unknown key «comand» in [build]; did you mean «command»?");
  EXPECT_EQ(error_of("[built]\n"), "simswarm.toml:1: unknown key «built»; did you mean «build»?");
}

}  // namespace
}  // namespace simswarm
