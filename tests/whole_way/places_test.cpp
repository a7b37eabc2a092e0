// Several folders that make one campaign, paths that hold where the project lies elsewhere, and studies of other
// programs.
#include <gmock/gmock.h>

#include "base/text.h"
#include "whole_site.h"

namespace simswarm::whole {
namespace {

using testing::HasSubstr;

constexpr const char* kLibraryMakefile = "value.o: value.cc\n\tg++ -O0 -c -o $@ $<\n";

// work/app with the program, work/lib with a library and data.
class Places : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(app());
    app_files().make_program(site_.outside_folder());
    fs::create_directories(lib());
    const ProjectFiles library(lib());
    library.git("init -q");
    library.write(".gitignore", "*.o\n");
    library.write("Makefile", kLibraryMakefile);
    library.write("value.cc", "int value() { return 40; }\n");
    library.write("data.txt", "two\n");
    library.commit();
    builder_.emplace(site_.builder("builder"));
    runner_.emplace(site_.runner("runner"));
  }
  // The program prints value() and the file of its third word; the library is where `place` says, for make.
  void link(const std::string& place) const {
    std::string main = app_files().read("main.cc");
    main = replace_all(main, "void note_run(const char*);",
                       "void note_run(const char*);\nint value();\nextern \"C\" char* fgets(char*, int, void*);");
    main = replace_all(
        main, "fprintf(file, \"run %s %s\\n\", argv[1], kTuning);",
        "char line[100] = \"\"; void* const data = fopen(argv[3], \"r\"); if (!data) return 3; fgets(line, 100, data);"
        "fprintf(file, \"run %s %d %s\", argv[1], value(), line);");
    app_files().write("main.cc", main);
    std::string make = app_files().read("Makefile");
    make = replace_all(make, "$(objects) \n", fmt::format("$(objects) {}/value.o\n", place));
    make = replace_all(make, "program: $(objects)", "program: library $(objects)");
    app_files().write("Makefile", make + fmt::format("library:\n\t$(MAKE) -C {}\n.PHONY: library\n", place));
    app_files().commit();
  }
  Program sweep(const Words& options, const std::string& data, const Environment& environment = {}) {
    Words words{"sweep", "--on", "lab", "--json", "--name", "study"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"n=0..2", "--", "./program", "{n}", "{results}", data});
    return site_.user(words, app(), environment);
  }
  void expect_results(int value, const std::string& line) const {
    for (int n = 0; n < 3; ++n)
      EXPECT_EQ(app_files().read(fmt::format("results/study/n={}/out.txt", n)),
                fmt::format("run {} {} {}\n", n, value, line));
  }
  [[nodiscard]] fs::path app() const { return site_.folder() / "work/app"; }
  [[nodiscard]] fs::path lib() const { return site_.folder() / "work/lib"; }
  [[nodiscard]] ProjectFiles app_files() const { return ProjectFiles(app()); }

  WholeSite site_;
  std::optional<Program> builder_, runner_;
};

TEST_F(Places, RelativePathsHold) {
  link("../lib");
  EXPECT_TRUE(site_.told(sweep({"--root", "../lib"}, "../lib/data.txt")).is_whole(3));
  expect_results(40, "two");
  ProjectFiles(lib()).write("value.cc", "int value() { return 41; }\n");  // in the other root, not committed
  const Told changed = site_.told(sweep({"--root", "../lib"}, "../lib/data.txt"));
  EXPECT_TRUE(changed.is_whole(3) && changed.compiled(1));
  expect_results(41, "two");
  ProjectFiles(lib()).write("data.txt", "three\n");
  const Told data = site_.told(sweep({"--root", "../lib"}, "../lib/data.txt"));
  EXPECT_TRUE(data.is_whole(3));
  EXPECT_EQ(data.output.find("g++ -O0"), std::string::npos) << data.output;
  expect_results(41, "three");
  EXPECT_EQ(site_.executions(), 9U);
}

TEST_F(Places, AbsolutePathsOfTheClientHold) {
  link("../lib");
  EXPECT_TRUE(site_.told(sweep({"--root", lib()}, lib() / "data.txt")).is_whole(3));
  expect_results(40, "two");
}

TEST_F(Places, PathsInTheEnvironmentHold) {
  link("$(LIB_ROOT)");
  const Told told = site_.told(sweep({}, "../lib/data.txt", {{"LIB_ROOT", lib()}}));
  EXPECT_TRUE(told.is_whole(3));
  expect_results(40, "two");
}

// Like the PYENV_ROOT that many have.
TEST_F(Places, AVariableOfSomethingElseIsNoRoot) {
  const fs::path tool = site_.folder() / "tool";
  fs::create_directories(tool);
  ProjectFiles(tool).git("init -q");
  ProjectFiles(tool).write("large.bin", store::noise(1'000'000));
  site_.folder().script("work/app/study.sh", "echo \"run $1\" >\"$2/out.txt\"");
  Program client = site_.user(
      {"sweep", "--on", "lab", "--json", "--name", "study", "n=0..2", "--", "./study.sh", "{n}", "{results}"}, app(),
      {{"TOOL_ROOT", tool}});
  EXPECT_TRUE(site_.told(std::move(client)).is_whole(3));
  EXPECT_EQ(site_.checkouts().size(), 1U);
  for (const auto& entry : fs::recursive_directory_iterator(site_.checkouts().front()))
    EXPECT_NE(entry.path().filename(), "large.bin") << entry.path();
}

TEST_F(Places, AreFoundByReferencesOfProjects) {
  link("../lib");
  const auto project = [](const std::string& name, const std::string& needs) {
    return fmt::format(
        "<?xml version=\"1.0\"?>\n<projectDescription><name>{}</name><projects>{}</projects>"
        "</projectDescription>\n",
        name, needs);
  };
  app_files().write(".project", project("app", "<project>lib</project>"));
  ProjectFiles(lib()).write(".project", project("lib", ""));
  EXPECT_TRUE(site_.told(sweep({}, "../lib/data.txt")).is_whole(3));
  expect_results(40, "two");
}

TEST_F(Places, ARootThatIsNotThereIsNamed) {
  link("../lib");
  const Told told = site_.told(sweep({"--root", "../libb"}, "../lib/data.txt"));
  EXPECT_EQ(told.code, 2);
  EXPECT_THAT(told.error, HasSubstr((site_.folder() / "work/libb").string()));
}

// What was not taken along is missed where it is built.
TEST_F(Places, ARootThatDoesNotComeAlongIsMissed) {
  link("../lib");
  app_files().write("data.txt", "own\n");
  const Told told = site_.told(sweep({}, "data.txt"));
  EXPECT_EQ(told.code, 4) << told.log;
  EXPECT_THAT(told.error, HasSubstr("../lib"));
}

// --- other programs

class Programs : public testing::Test {
 protected:
  void start() {
    builder_.emplace(site_.builder("builder"));
    runner_.emplace(site_.runner("runner"));
  }
  WholeSite site_;
  std::optional<Program> builder_, runner_;
};

TEST_F(Programs, AreBuiltByAMakefile) {
  site_.make_program();
  start();
  EXPECT_TRUE(site_.told(site_.sweep_on(4)).is_whole(4));
  for (int n = 0; n < 4; ++n)
    EXPECT_EQ(site_.files().read(fmt::format("results/study/n={}/out.txt", n)),
              fmt::format("run {} --Net.sink.tuning=1\n", n));
  const Told more = site_.told(site_.sweep_on(6));
  EXPECT_TRUE(more.is_whole(6, 4) && more.built_nothing());
  EXPECT_EQ(site_.executions(), 6U);
}

TEST_F(Programs, NeedNoBuild) {
  site_.files().write("study.py",
                      "import sys\nopen(sys.argv[2] + '/out.txt', 'w').write('python %s\\n' % sys.argv[1])\n");
  site_.files().git("init -q");
  site_.files().commit();
  start();
  const auto call = [&](const std::string& n) {
    return site_.told(site_.user(
        {"sweep", "--on", "lab", "--json", "--name", "study", n, "--", "python3", "study.py", "{n}", "{results}"}));
  };
  const Told told = call("n=0..2");
  EXPECT_TRUE(told.is_whole(3) && told.compiled(0));
  EXPECT_EQ(told.output, "");
  EXPECT_EQ(site_.files().read("results/study/n=2/out.txt"), "python 2\n");
  EXPECT_TRUE(call("n=0..3").is_whole(4, 3));
}

TEST_F(Programs, OfAFolderThatIsNoRepository) {
  site_.folder().script("project/study.sh", "echo \"run $1\" >\"$2/out.txt\"");
  start();
  const Told told = site_.told(site_.user(
      {"sweep", "--on", "lab", "--json", "--name", "study", "n=0..2", "--", "./study.sh", "{n}", "{results}"}));
  EXPECT_TRUE(told.is_whole(3));
  EXPECT_EQ(site_.files().read("results/study/n=2/out.txt"), "run 2\n");
}

TEST_F(Programs, AreBuiltAsSettingsSay) {
  site_.make_program();
  fs::create_directories(site_.project() / "src");
  for (const char* name : {"Makefile", "main.cc", "note.cc", "tuning.cc"})
    fs::rename(site_.project() / name, site_.project() / "src" / name);
  site_.files().write("Makefile", "all:\n\t@echo the wrong one; false\n");
  site_.files().write(".gitignore", "*.o\nprogram\nresults/\ncompiled.list\nat-gate\ngo\n.simswarm/\n");
  site_.files().write("simswarm.toml", R"([build]
command = [["make", "-j{jobs}"], ["cp", "program", "../made-program"]]
folder = "src"

[campaign]
retries = 0

[sweep.study]
command = ["./made-program", "{n}", "{results}"]
grid.n = [0, 1, 2]
)");
  start();
  const Told told = site_.told(site_.user({"sweep", "--on", "lab", "--json", "study"}));
  EXPECT_TRUE(told.is_whole(3) && told.compiled(3));
  EXPECT_EQ(site_.files().read("results/study/n=2/out.txt"), "run 2 --Net.sink.tuning=1\n");
  EXPECT_TRUE(site_.told(site_.user({"sweep", "--on", "lab", "--json", "study"})).built_nothing());
}

}  // namespace
}  // namespace simswarm::whole
