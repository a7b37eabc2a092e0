#include "build/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/subprocess.h"
#include "base/text.h"
#include "test_folder.h"

namespace simswarm::build {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RecipeTest : public testing::Test {
 protected:
  Recipe recipe(std::vector<std::string> roots = {"."}, const std::string& mode = "release") {
    const auto found = find_recipe({folder_.path(), std::move(roots), "", mode, {}, "", {}});
    EXPECT_TRUE(found.has_value()) << error_of(found);
    return found.value_or(Recipe{});
  }
  std::string error(RecipeRequest request) {
    request.tree = folder_.path();
    return error_of(find_recipe(request));
  }
  // «FOLDER: WORDS», for people.
  static std::vector<std::string> shown(const Recipe& recipe) {
    std::vector<std::string> steps;
    for (const Step& step : recipe.steps) steps.push_back(step.folder.string() + ": " + step.shown);
    return steps;
  }
  // The step as a builder calls it, with programs that tell what they were called with.
  std::string called(const Step& step, const fs::path& bin) const {
    std::vector<std::string> argv = step.argv;
    for (std::string& word : argv) word = replace_all(word, "{jobs}", "3");
    const auto answer =
        run({argv, folder_.path() / step.folder, {{"PATH", bin.string() + ":/usr/bin:/bin"}}, std::nullopt, 60});
    EXPECT_TRUE(answer.has_value() && answer->exit_code == 0) << error_of(answer) << answer->errors;
    return answer->output;
  }
  TestFolder folder_;
};

constexpr const char* kInetMakefile =
    ".PHONY: all clean makefiles\nall: makefiles\n\t@cd src && $(MAKE)\nOPTIONS := --deep\nmakefiles:\n\t@true\n";
constexpr const char* kSetenv = "#!/bin/sh\nexport INET_ROOT=\nexport PATH=$dir/bin:$PATH\nexport INET_ROOT=$dir\n";
constexpr const char* kGenerated =
    "#\n# OMNeT++/OMNEST Makefile for $(LIB_PREFIX)model\n#\n# This file was generated with the command:\n"
    "#  opp_makemake -f --deep\n#\nINET_PROJ=../../inet\n";

TEST_F(RecipeTest, InetMakesItsMakefilesFirst) {
  folder_.write("Makefile", kInetMakefile);
  folder_.write("src/a.cc", "");
  const Recipe found = recipe();
  EXPECT_EQ(found.kind, "omnetpp");
  EXPECT_THAT(shown(found), ElementsAre(".: make makefiles", ".: make -j{jobs} MODE=release"));
  EXPECT_FALSE(found.steps[0].has_jobs);
  EXPECT_TRUE(found.steps[1].has_jobs);
  EXPECT_THAT(found.steps[1].argv, ElementsAre("make", "-j{jobs}", "MODE=release"));
  EXPECT_THAT(shown(recipe({"."}, "debug")), Contains(".: make -j{jobs} MODE=debug"));
}

TEST_F(RecipeTest, WhatSetenvExportsIsThereForTheRootsThatFollow) {
  folder_.write("inet/Makefile", kInetMakefile);
  folder_.write("inet/setenv", kSetenv);
  folder_.write("my model/Makefile", kInetMakefile);
  const Recipe found = recipe({"inet", "my model"});
  ASSERT_EQ(found.steps.size(), 4U);
  EXPECT_EQ(found.steps[3].shown, "make -j{jobs} MODE=release");
  EXPECT_EQ(found.steps[3].folder, "my model");
  EXPECT_THAT(found.text, Not(HasSubstr(folder_.path().string()))) << "the text is the same in all places";
  const fs::path bin = folder_.folder("bin");
  folder_.script("bin/make", "echo $INET_ROOT; echo $PATH; echo $@");
  const std::string inet = (folder_.path() / "inet").string();
  EXPECT_EQ(called(found.steps[3], bin),
            inet + "\n" + inet + "/bin:" + bin.string() + ":/usr/bin:/bin\n-j3 MODE=release\n");
  EXPECT_EQ(called(found.steps[0], bin), inet + "\n" + inet + "/bin:" + bin.string() + ":/usr/bin:/bin\nmakefiles\n");
}

TEST_F(RecipeTest, AGeneratedMakefileIsTakenAsItIs) {
  folder_.write("Makefile", kGenerated);
  EXPECT_THAT(shown(recipe()), ElementsAre(".: make -j{jobs} MODE=release"));
  EXPECT_EQ(recipe().kind, "omnetpp");
}

TEST_F(RecipeTest, AGeneratedMakefileInSrcIsFound) {
  folder_.write("src/Makefile", kGenerated);
  folder_.write("src/a.cc", "");
  EXPECT_THAT(shown(recipe()), ElementsAre("src: make -j{jobs} MODE=release"));
}

TEST_F(RecipeTest, AGeneratedMakefileFromAnotherMachineFindsItsProjects) {
  folder_.write("libs/inet/Makefile", kInetMakefile);
  folder_.write("model/src/Makefile", replace_all(kGenerated, "../../inet", "/home/ann/inet4.5"));
  EXPECT_THAT(shown(recipe({"libs/inet", "model"})),
              Contains("model/src: make -j{jobs} MODE=release INET_PROJ=../../libs/inet"));
  folder_.write("model/src/Makefile", replace_all(kGenerated, "../../inet", "../../libs/inet"));
  EXPECT_THAT(shown(recipe({"libs/inet", "model"})), Contains("model/src: make -j{jobs} MODE=release"));
}

TEST_F(RecipeTest, NothingButABuildSpecIsEnough) {
  folder_.write(
      ".oppbuildspec",
      "<buildspec version=\"4.0\"><dir makemake-options=\"--deep --meta:recurse\" path=\".\" type=\"makemake\"/>"
      "</buildspec>");
  folder_.write(".project", "<projectDescription><name>aloha</name></projectDescription>");
  const Recipe found = recipe();
  EXPECT_EQ(found.kind, "omnetpp");
  EXPECT_THAT(shown(found), ElementsAre(".: opp_makemake -f --deep", ".: make -j{jobs} MODE=release"));
  EXPECT_THAT(found.makefiles, Contains(".oppbuildspec"));
}

TEST_F(RecipeTest, WhatABuildHasLeftChangesNothing) {
  folder_.write(".oppbuildspec", "src: --deep\n");
  folder_.write("src/a.cc", "");
  RecipeRequest request{folder_.path(), {"."}, "", "release", {}, "", {".oppbuildspec", "src/a.cc"}};
  const auto before = find_recipe(request);
  folder_.write("src/Makefile", kGenerated);
  const auto after = find_recipe(request);
  ASSERT_TRUE(before.has_value() && after.has_value());
  EXPECT_EQ(before->text, after->text);
  EXPECT_THAT(shown(*after), ElementsAre("src: opp_makemake -f --deep -P..", "src: make -j{jobs} MODE=release"));
}

TEST_F(RecipeTest, AHandMadeMakefileOnTopBuildsTheRest) {
  folder_.write(".oppbuildspec",
                "<buildspec><dir path=\".\" type=\"custom\"/><dir makemake-options=\"--deep\" path=\"src\" "
                "type=\"makemake\"/></buildspec>");
  folder_.write(".project", "<projectDescription><name>p</name></projectDescription>");
  folder_.write("Makefile", "all:\n\tcd src && $(MAKE)\n");
  EXPECT_THAT(shown(recipe()), ElementsAre("src: opp_makemake -f --deep", ".: make -j{jobs} MODE=release"));
}

TEST_F(RecipeTest, LibrariesComeBeforeWhatLinksThemUnlessOneMakefileCallsAll) {
  const std::string folders =
      "<dir makemake-options=\"-lbase\" path=\"a\" type=\"makemake\"/>"
      "<dir makemake-options=\"--make-so\" path=\"base\" type=\"makemake\"/>";
  folder_.write(".project", "<projectDescription><name>p</name></projectDescription>");
  folder_.write(".oppbuildspec", "<buildspec>" + folders + "</buildspec>");
  EXPECT_THAT(shown(recipe()),
              ElementsAre("a: opp_makemake -f -lbase '-L../out/$(CONFIGNAME)/base'", "base: opp_makemake -f --make-so",
                          "base: make -j{jobs} MODE=release", "a: make -j{jobs} MODE=release"));
  folder_.write(".oppbuildspec", "<buildspec>" + folders +
                                     "<dir makemake-options=\"--nolink --meta:recurse\" path=\".\" type=\"makemake\"/>"
                                     "</buildspec>");
  const Recipe whole = recipe();
  EXPECT_EQ(shown(whole).back(), ".: make -j{jobs} MODE=release");
  EXPECT_EQ(whole.steps.size(), 4U);
}

TEST_F(RecipeTest, FeaturesAreAskedForWhenItIsBuilt) {
  folder_.write(".oppbuildspec",
                "<buildspec><dir makemake-options=\"--deep --meta:feature-cflags -- extra.o\" path=\"src\" "
                "type=\"makemake\"/></buildspec>");
  folder_.write(".project", "<projectDescription><name>p</name></projectDescription>");
  folder_.write(".oppfeatures", "<features cppSourceRoots=\"src\" definesFile=\"src/features.h\"></features>");
  folder_.folder("src");
  const Recipe found = recipe();
  EXPECT_THAT(shown(found),
              ElementsAre("src: opp_makemake -f --deep -- extra.o", ".: opp_featuretool defines > src/features.h",
                          "src: make -j{jobs} MODE=release"));
  const fs::path bin = folder_.folder("bin");
  folder_.script("bin/opp_makemake", "echo made: $@");
  folder_.script("bin/opp_featuretool",
                 "pwd >> asked; case $1 in options) echo -Xold -lz; echo $@ >&2;; *) echo '#define X';; esac");
  EXPECT_EQ(called(found.steps[0], bin), "made: -Xold -lz -f --deep -- extra.o\n");
  EXPECT_EQ(folder_.read("asked"), folder_.path().string() + "\n") << "asked in the project's folder";
  EXPECT_EQ(called(found.steps[1], bin), "");
  EXPECT_EQ(folder_.read("src/features.h"), "#define X\n");
  const auto before = identify(folder_ / "src/features.h");
  EXPECT_EQ(called(found.steps[1], bin), "");
  EXPECT_EQ(*identify(folder_ / "src/features.h"), *before) << "what stays the same is not written again";
}

TEST_F(RecipeTest, CMakeIsConfiguredAndBuilt) {
  folder_.write("CMakeLists.txt",
                "cmake_minimum_required(VERSION 3.20)\nproject(x CXX)\nadd_executable(x a.cpp)\n"
                "file(WRITE ${CMAKE_BINARY_DIR}/type ${CMAKE_BUILD_TYPE})\n");
  folder_.write("a.cpp", "int main() { return 0; }\n");
  folder_.write("Makefile", "all:\n");
  const Recipe found = recipe({"."}, "debug");
  EXPECT_EQ(found.kind, "cmake");
  EXPECT_THAT(shown(found), ElementsAre(".: cmake -S . -B build/debug -DCMAKE_BUILD_TYPE=Debug",
                                        ".: cmake --build build/debug --parallel {jobs}"));
  EXPECT_TRUE(found.steps[1].has_jobs);
  const fs::path none = folder_.folder("bin");
  for (int time = 0; time < 2; ++time) {
    for (const Step& step : found.steps) static_cast<void>(called(step, none));
  }
  EXPECT_EQ(folder_.read("build/debug/type"), "Debug");
  EXPECT_TRUE(fs::exists(folder_ / "build/debug/x"));
}

TEST_F(RecipeTest, CMakeUsesNinjaWhereThereIsOne) {
  folder_.write("CMakeLists.txt", "");
  const fs::path bin = folder_.folder("bin");
  folder_.script("bin/cmake", "echo $CMAKE_GENERATOR");
  folder_.script("bin/ninja", "");
  EXPECT_EQ(called(recipe().steps[0], bin), "Ninja\n");
}

TEST_F(RecipeTest, AMakefileIsCalledWithItsMode) {
  folder_.write("Makefile", "all: a.o\nmakefiles = none\n");
  folder_.write("a.cpp", "");
  EXPECT_EQ(recipe().kind, "make");
  EXPECT_THAT(shown(recipe()), ElementsAre(".: make -j{jobs} MODE=release"));
  EXPECT_THAT(recipe().makefiles, Contains("Makefile"));
}

TEST_F(RecipeTest, ScriptsNeedNoBuild) {
  folder_.write("run.py", "");
  const Recipe found = recipe();
  EXPECT_EQ(found.kind, "none");
  EXPECT_THAT(found.steps, IsEmpty());
  EXPECT_EQ(found.text, "recipe 1\nmode release\nroot .\n");
}

TEST_F(RecipeTest, SourcesWithoutARecipeAreNamed) {
  folder_.write("inet/Makefile", kInetMakefile);
  folder_.write("model/src/a.cc", "");
  const std::string rest =
      " has C++ sources, but nothing that says how they are built: looked for a Makefile, .oppbuildspec, a makefile of "
      "opp_makemake in src and CMakeLists.txt; state the command in simswarm.toml, like [build] command = [\"make\", "
      "\"-j{jobs}\"], or [\"true\"] where there is nothing to build";
  EXPECT_EQ(error({{}, {"inet", "model"}, "", "release", {}, "", {}}), "«model»" + rest);
  folder_.write("a.cpp", "");
  EXPECT_EQ(error({{}, {"."}, "", "release", {}, "", {}}), "the project" + rest);
}

TEST_F(RecipeTest, AStatedCommandReplacesTheProjectsOwn) {
  folder_.write("inet/Makefile", kInetMakefile);
  folder_.write("model/CMakeLists.txt", "");
  folder_.write("model/tools/build.sh", "");
  RecipeRequest request{folder_.path(),
                        {"model", "inet"},
                        "model",
                        "release",
                        {{"./build.sh", "--fast"}, {"make", "-j", "{jobs}", "a b"}},
                        "model/tools",
                        {}};
  const auto found = find_recipe(request);
  ASSERT_TRUE(found.has_value()) << error_of(found);
  EXPECT_EQ(found->kind, "stated");
  EXPECT_THAT(shown(*found), ElementsAre("inet: make makefiles", "inet: make -j{jobs} MODE=release",
                                         "model/tools: ./build.sh --fast", "model/tools: make -j {jobs} 'a b'"))
      << "what it needs is built first";
  EXPECT_FALSE(found->steps[2].has_jobs);
  EXPECT_TRUE(found->steps[3].has_jobs);
  EXPECT_THAT(found->makefiles, Contains("model/tools/build.sh"));
}

TEST_F(RecipeTest, TheTextTellsAllThatDecides) {
  folder_.write("Makefile", "all:\n");
  const std::string text = recipe().text;
  EXPECT_EQ(text, "recipe 1\nmode release\nroot .\nstep .: make '-j{jobs}' MODE=release\n");
  EXPECT_NE(recipe({"."}, "debug").text, text);
  EXPECT_EQ(recipe().text, text);
}

TEST_F(RecipeTest, WrongRequestsAreRefused) {
  folder_.write("Makefile", "all:\n");
  EXPECT_EQ(error({{}, {"."}, "", "fast", {}, "", {}}), "«fast» is no mode of a build; known are release and debug");
  EXPECT_EQ(error({{}, {}, "", "release", {}, "", {}}), "a build needs a root to build");
  EXPECT_EQ(error({{}, {"../x"}, "", "release", {}, "", {}}), "the root «../x» does not lie in the tree");
  EXPECT_EQ(error({{}, {"a", "b"}, "c", "release", {}, "", {}}), "the project «c» is none of the roots a, b");
  EXPECT_EQ(error({{}, {"."}, "", "release", {{"make"}}, "../up", {}}),
            "folder «../up» of [build] lies outside of the project; give one within, like «src»");
  EXPECT_EQ(error({{}, {"."}, "", "release", {{}}, "", {}}),
            "a step of [build] command is empty; give its program and words");
}

}  // namespace
}  // namespace simswarm::build
