#include "source/roots.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include "source/roots_projects.h"
#include "test_folder.h"

namespace simswarm::source {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string project(const std::string& name, const std::vector<std::string>& references = {}) {
  std::string text = "<?xml version=\"1.0\"?>\n<projectDescription>\n\t<name>" + name + "</name>\n\t<projects>\n";
  for (const std::string& reference : references) text += "\t\t<project>" + reference + "</project>\n";
  return text + "\t</projects>\n</projectDescription>\n";
}

class Roots : public testing::Test {
 protected:
  Roots() { ::setenv("HOME", "/nonexistent", 1); }

  // Relative to the folder of the test; or the error.
  std::vector<std::string> found(const RootsRequest& request) const {
    const auto roots = find_roots(request);
    if (!roots) return {roots.error().message};
    std::vector<std::string> names;
    for (const fs::path& root : *roots) names.push_back(root.lexically_relative(folder_.path()).string());
    return names;
  }
  std::vector<std::string> found(const std::string& working_folder, const std::vector<std::string>& words = {}) const {
    RootsRequest request;
    request.working_folder = folder_ / working_folder;
    request.words = words;
    return found(request);
  }

  // As INET, Simu5G and veins_inet lie side by side.
  void make_siblings() const {
    folder_.write("inet/.project", project("inet"));
    folder_.write("inet/src/inet/package.ned", "package inet;");
    folder_.write("simu5g/.project", project("simu5g", {"inet"}));
    folder_.write("simu5g/src/x.ned", "");
    folder_.write("veins_inet/.project", project("veins_inet", {"veins", "inet"}));
    folder_.write("veins/.project", project("veins"));
    folder_.write("mine/.project", project("mine", {"simu5g"}));
    folder_.write("mine/simulations/omnetpp.ini", "");
  }

  TestFolder folder_;
};

TEST_F(Roots, OfAProjectAloneAreItself) {
  folder_.write("mine/Makefile", "all:\n");
  folder_.write("mine/simulations/omnetpp.ini", "");
  EXPECT_THAT(found("mine/simulations", {"../mine", "-u", "Cmdenv", "-c", "General"}), ElementsAre("mine"));
}

TEST_F(Roots, OfAFolderThatSaysNothingAreThatFolder) {
  folder_.write("plain/omnetpp.ini", "");
  EXPECT_THAT(found("plain"), ElementsAre("plain"));
}

TEST_F(Roots, AreTheGitWorkTree) {
  folder_.folder("mine/.git");
  folder_.write("mine/src/Makefile", "all:\n");
  folder_.write("mine/a/b/omnetpp.ini", "");
  EXPECT_THAT(found("mine/a/b"), ElementsAre("mine"));
}

TEST_F(Roots, FollowReferencesOfProjectsInTheOrderOfDependence) {
  make_siblings();
  EXPECT_THAT(found("mine/simulations"), ElementsAre("mine", "inet", "simu5g"));
  EXPECT_THAT(found("veins_inet"), ElementsAre("veins_inet", "veins", "inet"));
  EXPECT_THAT(found("inet"), ElementsAre("inet"));
}

TEST_F(Roots, FollowAReferenceToAFolderOfAnotherName) {
  folder_.write("inet-4.5/.project", project("inet"));
  folder_.write("mine/.project", project("mine", {"inet", "absent", "../elsewhere"}));
  EXPECT_THAT(found("mine"), ElementsAre("mine", "inet-4.5"));
}

TEST_F(Roots, StandReferencesInACircle) {
  folder_.write("a/.project", project("a", {"b"}));
  folder_.write("b/.project", project("b", {"a"}));
  EXPECT_THAT(found("a"), ElementsAre("a", "b"));
}

TEST_F(Roots, FollowTheWordsOfTheCommand) {
  make_siblings();
  folder_.write("lone/omnetpp.ini", "");
  folder_.write("ini/Makefile", "");
  folder_.write("ini/other.ini", "");
  EXPECT_THAT(found("lone", {"opp_run", "-n", ".:../inet/src;../veins"}), ElementsAre("lone", "inet", "veins"));
  EXPECT_THAT(found("lone", {"opp_run", "-n../inet/src:."}), ElementsAre("lone", "inet"));
  EXPECT_THAT(found("lone", {"opp_run", "-l", "../inet/src/INET"}), ElementsAre("lone", "inet"));
  EXPECT_THAT(found("lone", {"opp_run", "-l../inet/src/INET"}), ElementsAre("lone", "inet"));
  EXPECT_THAT(found("lone", {"opp_run", "-f", "../ini/other.ini"}), ElementsAre("lone", "ini"));
  EXPECT_THAT(found("lone", {"opp_run", "../ini/other.ini"}), ElementsAre("lone", "ini"));
  EXPECT_THAT(found("lone", {"../inet/bin/inet", "-c", "General"}), ElementsAre("lone"));
  EXPECT_THAT(found("lone", {"../inet/src/run_inet", "-c", "../veins"}), ElementsAre("lone", "inet"));
  EXPECT_THAT(found("lone", {"opp_run", "--ned-path=../inet/src;../veins"}), ElementsAre("lone", "inet", "veins"));
  EXPECT_THAT(found("lone", {"opp_run", "-n", "../absent/src", "-x", "inet.examples"}), ElementsAre("lone"));
}

TEST_F(Roots, FollowVariablesOfMakefiles) {
  make_siblings();
  folder_.write("lone/Makefile", "all: src/Makefile\n");
  folder_.write(
      "lone/src/Makefile",
      "#\n# This file was generated with the command:\n#  opp_makemake -f --deep -KINET_PROJ=../../inet -DX\n#\n"
      "INET_PROJ=../../inet\nVEINS_PROJ := ../../veins\nABSENT_PROJ=../../absent\nOTHER_PROJ=$(INET_PROJ)/x\n");
  EXPECT_THAT(found("lone"), ElementsAre("lone", "inet", "veins"));
}

TEST_F(Roots, FollowTheEnvironmentToWhatIsThere) {
  make_siblings();
  folder_.write("lone/omnetpp.ini", "");
  RootsRequest request;
  request.working_folder = folder_ / "lone";
  request.environment = {
      {"INET_ROOT", (folder_ / "inet").string()},    {"VEINS_PROJ", "../veins"},  {"ABSENT_ROOT", "/nowhere"},
      {"SIMU5G_DIR", (folder_ / "simu5g").string()}, {"SYSTEM_ROOT", "/usr/lib"}, {"TOP_ROOT", "/"}};
  EXPECT_THAT(found(request), ElementsAre("lone", "inet", "veins"));
}

TEST_F(Roots, AreNotWhatVariablesOfOtherProgramsName) {
  folder_.write("lone/omnetpp.ini", "");
  folder_.write("pyenv/.git/HEAD", "ref: refs/heads/main\n");
  folder_.write("pyenv/Makefile", "all:\n");
  RootsRequest request;
  request.working_folder = folder_ / "lone";
  request.environment = {{"PYENV_ROOT", (folder_ / "pyenv").string()}};
  EXPECT_THAT(found(request), ElementsAre("lone"));
  folder_.write("lone/Makefile", "CXXFLAGS += -I$(PYENV_ROOT)\n");
  EXPECT_THAT(found(request), ElementsAre("lone", "pyenv")) << "but where the project itself speaks of it";
}

TEST_F(Roots, AreNoInstallationsOfTheSimulator) {
  folder_.write("omnetpp/bin/opp_run", "");
  folder_.write("omnetpp/Makefile", "");
  folder_.folder("omnetpp/.git");
  folder_.write("omnetpp/lib/liboppenvir.so", "");
  folder_.write("omnetpp/samples/aloha/Makefile", "");
  folder_.write("lone/omnetpp.ini", "");
  EXPECT_THAT(found("lone", {"opp_run", "-l", "../omnetpp/lib/oppenvir"}), ElementsAre("lone"));
  EXPECT_THAT(found("omnetpp/samples/aloha", {"./aloha"}), ElementsAre("omnetpp/samples/aloha"));
}

TEST_F(Roots, AreThoseThatTheUserStates) {
  make_siblings();
  RootsRequest request;
  request.working_folder = folder_ / "mine/simulations";
  request.stated = {"../../veins", (folder_ / "veins").string()};
  EXPECT_THAT(found(request), ElementsAre("mine", "veins"));
  request.stated = {"../../absent"};
  EXPECT_THAT(found(request), ElementsAre((folder_ / "absent").string() +
                                          ": there is no such folder, so it cannot be a root of the project"));
  request.working_folder = folder_ / "none";
  EXPECT_THAT(found(request),
              ElementsAre((folder_ / "none").string() + ": there is no such folder, so no project lies there"));
}

TEST_F(Roots, DoNotLieInEachOther) {
  folder_.folder("mine/.git");
  folder_.folder("mine/lib/inet/.git");
  folder_.write("mine/lib/inet/src/x.ned", "");
  EXPECT_THAT(found("mine", {"opp_run", "-n", "lib/inet/src"}), ElementsAre("mine"));
  EXPECT_THAT(found("mine/lib/inet", {"opp_run", "-n", "../../src:../.."}), ElementsAre("mine"));
}

TEST(AProjectFile, IsReadAsXml) {
  EXPECT_THAT(project_references(project("a", {"b", "c"})), ElementsAre("b", "c"));
  EXPECT_THAT(
      project_references("<projects><!-- <project>no</project> --><project> a&amp;b </project><project/></projects>"),
      ElementsAre("a&b"));
  for (const char* text : {"", "<projects>", "<projects><project>x", "<project>x</project>", "<!--", "<projects/>"})
    EXPECT_THAT(project_references(text), IsEmpty()) << text;
  EXPECT_EQ(project_name(project("mine")), "mine");
  EXPECT_EQ(project_name("<name>no</name>"), "");
}

TEST(AMakefile, NamesProjects) {
  std::vector<std::string> names;
  for (const MakeVariable& variable :
       project_variables("export A_PROJ ?= ../a\nB_PROJ=\"../b c\"\n# "
                         "C_PROJ=../c\n\tD_PROJ=x\nE_PROJ=$(F)\n_PROJ=x\nX=-KG_PROJ=../g -KH=1\nPROJ=1\n"))
    names.push_back(variable.name + "=" + variable.value);
  EXPECT_THAT(names, ElementsAre("A_PROJ=../a", "B_PROJ=../b c", "G_PROJ=../g"));
}

}  // namespace
}  // namespace simswarm::source
