#include "build/oppbuildspec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "build/oppbuildspec_xml.h"
#include "test_folder.h"

namespace simswarm::build {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Product = MakeFolder::Product;

std::string spec_of(const std::string& dirs) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<buildspec version=\"4.0\">\n" + dirs +
         "</buildspec>\n";
}

std::string dir(const std::string& path, const std::string& options) {
  return "    <dir makemake-options=\"" + options + "\" path=\"" + path + "\" type=\"makemake\"/>\n";
}

std::string project(const std::string& name, const std::vector<std::string>& references = {}) {
  std::string text = "<projectDescription>\n<name>" + name + "</name>\n<projects>\n";
  for (const std::string& reference : references) text += "<project>" + reference + "</project>\n";
  return text +
         "</projects><buildSpec><buildCommand><name>org.omnetpp.cdt.MakefileBuilder</name></buildCommand>"
         "</buildSpec></projectDescription>\n";
}

constexpr const char* kInetOptions =
    "--make-so --deep -o INET -O out -pINET --meta:export-include-path --meta:export-library --meta:use-exported-libs "
    "--meta:feature-cflags --meta:feature-ldflags";

TEST(BuildSpec, IsReadFromXml) {
  const auto folders = parse_build_spec(spec_of(dir("src", kInetOptions) + "    <dir path=\".\" type=\"custom\"/>\n"),
                                        "inet/.oppbuildspec");
  ASSERT_TRUE(folders.has_value()) << folders.error().message;
  ASSERT_EQ(folders->size(), 2U);
  EXPECT_EQ((*folders)[0].path, ".");
  EXPECT_TRUE((*folders)[0].is_custom);
  const MakeFolder& src = (*folders)[1];
  EXPECT_EQ(src.path, "src");
  EXPECT_EQ(src.product, Product::kShared);
  EXPECT_EQ(src.target, "INET");
  EXPECT_EQ(src.dll_symbol, "INET");
  EXPECT_THAT(src.options, ElementsAre("--make-so", "--deep", "-oINET", "-Oout", "-pINET"));
  EXPECT_TRUE(src.exports_includes && src.exports_library && src.uses_libraries && src.uses_features);
  EXPECT_FALSE(src.recurses || src.uses_includes);
}

TEST(BuildSpec, KnowsEachWayToWriteAnOption) {
  const auto folders = parse_build_spec(
      spec_of(dir("a/",
                  "-f --out=x -a --output m -I../x -I y -Llib -L lib2 -lm -l z --define A=1 -DB=&quot;2 3&quot; "
                  "-K X_PROJ=../x -KY=1 -X old -Xolder --no-deep-includes -N --nmake -c config -u Cmdenv -w extra.o "
                  "-- $O/other.o")),
      "f");
  ASSERT_TRUE(folders.has_value()) << folders.error().message;
  const MakeFolder& folder = folders->front();
  EXPECT_EQ(folder.path, "a");
  EXPECT_THAT(folder.options, ElementsAre("--out=x", "-a", "-om", "-Llib", "-Llib2", "-lm", "-lz", "-DA=1", "-DB=2 3",
                                          "-Xold", "-Xolder", "-uCmdenv", "-w"));
  EXPECT_THAT(folder.includes, ElementsAre("../x", "y"));
  EXPECT_THAT(folder.variables, ElementsAre(testing::Pair("X_PROJ", "../x"), testing::Pair("Y", "1")));
  EXPECT_THAT(folder.extra, ElementsAre("extra.o", "$O/other.o"));
  EXPECT_EQ(folder.product, Product::kStatic);
}

TEST(BuildSpec, IsReadFromTheLinesOfFirstVersions) {
  const auto folders = parse_build_spec("version 4.0\n# src\nsrc: --deep -o x\n.: --\n", "f");
  ASSERT_TRUE(folders.has_value()) << folders.error().message;
  ASSERT_EQ(folders->size(), 2U);
  EXPECT_THAT((*folders)[0].options, ElementsAre("--deep", "-ox"));
  EXPECT_THAT((*folders)[1].options, IsEmpty());
}

TEST(BuildSpec, HasTheIdesDefaultsForAFolderWithoutOptions) {
  const auto folders = parse_build_spec(spec_of("<dir path=\"src\" type=\"makemake\"/>"), "f");
  ASSERT_TRUE(folders.has_value());
  EXPECT_THAT(folders->front().options, ElementsAre("--deep"));
  EXPECT_TRUE(folders->front().recurses && folders->front().uses_includes);
}

TEST(BuildSpec, IsRefusedWithThePlace) {
  EXPECT_EQ(error_of(parse_build_spec(spec_of(dir("../x", "")), "p/.oppbuildspec")),
            "p/.oppbuildspec: the folder «../x» lies outside of the project");
  EXPECT_EQ(error_of(parse_build_spec(spec_of(dir("src", "--deep -o")), "p/.oppbuildspec")),
            "p/.oppbuildspec: folder «src»: «-o» stands without its value in makemake-options");
  EXPECT_EQ(error_of(parse_build_spec("what is this", "f")), "f: «what is this» is no line FOLDER: OPTIONS");
}

TEST(BuildSpec, XmlHasCommentsEntitiesAndBothQuotes) {
  const auto found =
      tags("<a><!-- <dir x='0'/> --><dir x='1 &amp; 2' y=\"&lt;'\"/><directory x='3'/><dir/></a>", "dir");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].at("x"), "1 & 2");
  EXPECT_EQ(found[0].at("y"), "<'");
  EXPECT_THAT(found[1], IsEmpty());
  EXPECT_THAT(tags("<dir x", "dir"), testing::SizeIs(1));
}

class MakemakeTest : public testing::Test {
 protected:
  // The words for the folder of the project; all roots are the folders on top that have been written.
  std::vector<std::string> words(const std::string& root, const std::string& folder,
                                 const std::string& mode = "release") {
    const SourceTree tree(folder_.path(), {});
    std::vector<Project> projects;
    for (const std::string& place : roots_) projects.push_back(read_project(tree, place));
    const Project* own = project_called(projects, fs::path(root).filename().string());
    const auto folders = parse_build_spec(tree.read(joined(root, ".oppbuildspec")), joined(root, ".oppbuildspec"));
    EXPECT_TRUE(folders.has_value()) << error_of(folders);
    for (const MakeFolder& each : *folders) {
      if (each.path != folder) continue;
      const auto found = makemake_words({tree, projects, *own, *folders, mode}, each);
      EXPECT_TRUE(found.has_value()) << error_of(found);
      return found.value_or(std::vector<std::string>());
    }
    return {"no such folder"};
  }

  void add(const std::string& root, const std::string& spec, const std::string& description) {
    roots_.push_back(root);
    folder_.write(root + "/.oppbuildspec", spec);
    if (!description.empty()) folder_.write(root + "/.project", description);
  }

  TestFolder folder_;
  std::vector<std::string> roots_;
};

TEST_F(MakemakeTest, ASampleNeedsNothingButItsOptions) {
  add("aloha", spec_of(dir(".", "--deep --meta:recurse --meta:export-library --meta:use-exported-libs")),
      project("aloha"));
  EXPECT_THAT(words("aloha", "."), ElementsAre("-f", "--deep"));
}

// The words that OMNeT++'s own makefile has for its sample `queueinglibext`, but for a library of the project itself.
TEST_F(MakemakeTest, AReferencedProjectGivesIncludesLibrariesAndItsPlace) {
  add("queueinglib", spec_of(dir(".", "--make-so -pQUEUEING -I. --meta:export-include-path --meta:export-library")),
      project("queueinglib"));
  add("queueinglibext",
      spec_of(dir(".",
                  "--make-so --meta:use-exported-include-paths --meta:export-library "
                  "--meta:use-exported-libs")),
      project("queueinglibext", {"queueinglib"}));
  EXPECT_THAT(words("queueinglibext", "."),
              ElementsAre("-f", "--make-so", "-I$(QUEUEINGLIB_PROJ)", "-L$(QUEUEINGLIB_PROJ)", "-lqueueinglib$(D)",
                          "-DQUEUEING_IMPORT", "-KQUEUEINGLIB_PROJ=../queueinglib"));
}

TEST_F(MakemakeTest, Simu5GFindsInetUnderItsNameWithAVersion) {
  add("inet", spec_of(dir("src", kInetOptions)), project("inet"));
  add("Simu5G",
      spec_of(dir("src",
                  "--make-so --deep -o simu5g -O out -I. --meta:recurse --meta:export-include-path "
                  "--meta:use-exported-include-paths --meta:export-library --meta:use-exported-libs")),
      project("simu5G", {"inet-4.5.4"}));
  EXPECT_THAT(words("Simu5G", "src"),
              ElementsAre("-f", "--make-so", "--deep", "-osimu5g", "-Oout", "-I.", "-I$(INET_4_5_4_PROJ)/src",
                          "-L$(INET_4_5_4_PROJ)/src", "-lINET$(D)", "-DINET_IMPORT", "-KINET_4_5_4_PROJ=../../inet"));
}

TEST_F(MakemakeTest, WhatAProjectPassesOnIsIncludedToo) {
  const std::string passes_on =
      "--make-so --meta:export-include-path --meta:use-exported-include-paths "
      "--meta:export-library --meta:use-exported-libs";
  add("a", spec_of(dir("src", "--make-so -Iinclude -I$(EXTRA)/x --meta:export-include-path --meta:export-library")),
      project("a"));
  add("b", spec_of(dir(".", passes_on)), project("b", {"a"}));
  add("c", spec_of(dir("src", "--meta:use-exported-include-paths --meta:use-exported-libs")), project("c", {"b"}));
  EXPECT_THAT(words("c", "src"),
              ElementsAre("-f", "-I$(B_PROJ)", "-I$(A_PROJ)/src/include", "-I$(EXTRA)/x", "-I$(A_PROJ)/src",
                          "-L$(B_PROJ)", "-lb$(D)", "-KB_PROJ=../../b", "-KA_PROJ=../../a"));
}

TEST_F(MakemakeTest, ProjectsThatNeedEachOtherAreNoLoop) {
  const std::string both = "--meta:export-include-path --meta:use-exported-include-paths";
  add("a", spec_of(dir(".", both)), project("a", {"b"}));
  add("b", spec_of(dir(".", both)), project("b", {"a"}));
  EXPECT_THAT(words("a", "."), ElementsAre("-f", "-I.", "-I$(B_PROJ)", "-KB_PROJ=../b"));
}

TEST_F(MakemakeTest, FoldersOfOneProjectAreMadeTogether) {
  add("p",
      spec_of(dir(".", "--nolink -O out --meta:recurse") + dir("base", "--deep --make-so -o base -pBASE") +
              dir("base/inner", "--deep") + dir("examples/one", "-lbase")),
      project("p"));
  EXPECT_THAT(words("p", "."), ElementsAre("-f", "--nolink", "-Oout", "-dbase", "-dexamples/one",
                                           "-Lout/$(CONFIGNAME)/base", "-DBASE_IMPORT"));
  EXPECT_THAT(words("p", "examples/one"),
              ElementsAre("-f", "-lbase", "-L../../out/$(CONFIGNAME)/base", "-DBASE_IMPORT"));
}

TEST_F(MakemakeTest, AVariableOfTheUsersOwnStaysUnlessWeKnowBetter) {
  add("inet", spec_of(dir("src", kInetOptions)), project("inet"));
  add("p", spec_of(dir("src", "-KINET_PROJ=/home/ann/inet -KTARGET=sitl -I$(INET_PROJ)/src")), project("p", {"inet"}));
  EXPECT_THAT(words("p", "src"),
              ElementsAre("-f", "-I$(INET_PROJ)/src", "-L$(INET_PROJ)/src", "-KINET_PROJ=../../inet", "-KTARGET=sitl"));
}

TEST_F(MakemakeTest, WithoutADescriptionTheProjectsFolderIsSaid) {
  add("p", spec_of(dir("src", "--deep")), "");
  EXPECT_THAT(words("p", "src"), ElementsAre("-f", "--deep", "-P.."));
}

TEST_F(MakemakeTest, FoldersThatTheIdeLeavesOutAreLeftOut) {
  const auto configuration = [](const std::string& name, const std::string& entries) {
    return "<cconfiguration id=\"1\"><storageModule moduleId=\"org.eclipse.cdt.core.settings\" name=\"" + name +
           "\"/><sourceEntries>" + entries + "</sourceEntries></cconfiguration>\n";
  };
  const std::string kind = "flags=\"VALUE_WORKSPACE_PATH|RESOLVED\" kind=\"sourcePath\"";
  add("p", spec_of(dir("src", "--deep") + dir(".", "--deep")), project("p"));
  for (const char* file :
       {"src/a.cc", "src/old/b.cc", "src/old/older/b.cc", "src/x/test/t.cc", "sim/c.cc", ".git/x/y.cc"})
    folder_.write(std::string("p/") + file, "");
  folder_.write("p/.cproject",
                configuration("gcc-debug", "<entry " + kind + " name=\"src\"/>") +
                    configuration("gcc-release", "<entry excluding=\"old|*/test/|a.cc\" " + kind +
                                                     " name=\"src\"/><entry kind=\"outputPath\" name=\"\"/>"));
  EXPECT_THAT(words("p", "src"), ElementsAre("-f", "--deep", "-Xold", "-Xx/test"));
  EXPECT_THAT(words("p", "src", "debug"), ElementsAre("-f", "--deep"));
  EXPECT_THAT(words("p", "."), ElementsAre("-f", "--deep", "-Xsim", "-Xsrc/old", "-Xsrc/x/test"))
      << "what is no source folder is left out too";
}

TEST(BuildSpecProject, HasTheVariableThatTheIdeGivesIt) {
  EXPECT_EQ(project_variable("inet"), "INET_PROJ");
  EXPECT_EQ(project_variable("inet-4.5"), "INET_4_5_PROJ");
  EXPECT_EQ(project_variable("5gsim"), "_5GSIM_PROJ");
}

TEST(BuildSpecProject, IsFoundByNameFolderOrWithoutVersion) {
  const std::vector<Project> projects{{"libs/inet4.5", "inet45", true, {}}, {"veins", "veins-5.2", true, {}}};
  EXPECT_EQ(project_called(projects, "inet45"), projects.data());
  EXPECT_EQ(project_called(projects, "inet4.5"), projects.data());
  EXPECT_EQ(project_called(projects, "INET-4.6"), projects.data());
  EXPECT_EQ(project_called(projects, "veins"), &projects[1]);
  EXPECT_EQ(project_called(projects, "simu5g"), nullptr);
  EXPECT_EQ(project_called(projects, "5g"), nullptr);
}

}  // namespace
}  // namespace simswarm::build
