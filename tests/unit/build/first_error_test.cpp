#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/subprocess.h"
#include "build/words.h"
#include "test_folder.h"

namespace simswarm::build {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::optional<FirstError> first_error(std::string_view output) {
  ErrorFinder finder;
  finder.take(output);
  finder.end();
  return finder.found();
}

struct Sample {
  const char* what;
  const char* output;
  const char* file;
  std::size_t line;
  const char* text;
};

class Samples : public testing::TestWithParam<Sample> {};

TEST_P(Samples, AreFound) {
  const Sample& sample = GetParam();
  const auto found = first_error(sample.output);
  ASSERT_TRUE(found.has_value()) << sample.what;
  EXPECT_EQ(found->file, sample.file);
  EXPECT_EQ(found->line, sample.line);
  EXPECT_EQ(found->text, sample.text);
}

TEST_P(Samples, AreFoundByteByByte) {
  const Sample& sample = GetParam();
  ErrorFinder finder;
  for (const char& byte : std::string_view(sample.output)) finder.take(std::string_view(&byte, 1));
  finder.end();
  ASSERT_TRUE(finder.found().has_value()) << sample.what;
  EXPECT_EQ(finder.found()->text, sample.text);
}

constexpr Sample kSamples[] = {
    {"gcc", "a.cpp: In function 'int main()':\na.cpp:2:22: error: 'y' was not declared in this scope\n", "a.cpp", 2,
     "a.cpp:2:22: error: 'y' was not declared in this scope"},
    {"gcc, without a column", "src/a.cpp:12: error: bad\n", "src/a.cpp", 12, "src/a.cpp:12: error: bad"},
    {"gcc, in an included file",
     "In file included from b.h:1,\n                 from a.cpp:1:\nc.h:7:16: error: expected ';'\n", "c.h", 7,
     "c.h:7:16: error: expected ';'"},
    {"gcc, with colours",
     "\x1b[01m\x1b[Kc.h:1:16:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[m\x1b[Kexpected '\x1b[01m\x1b[K;\x1b[m\x1b[K'\n",
     "c.h", 1, "c.h:1:16: error: expected ';'"},
    {"gcc, with a link", "a.cpp:1:5: error: unused [\x1b]8;;https://gcc.gnu.org/x\x1b\\-Werror=unused\x1b]8;;\x1b\\]\n",
     "a.cpp", 1, "a.cpp:1:5: error: unused [-Werror=unused]"},
    {"gcc, a header that is not there", "a.cpp:1:10: fatal error: x.h: No such file or directory\n", "a.cpp", 1,
     "a.cpp:1:10: fatal error: x.h: No such file or directory"},
    {"gcc, warnings before",
     "w.cpp:1:1: warning: unused\nw.cpp:1:1: note: here, error: none\na.cpp:3:3: error: #error no\n", "a.cpp", 3,
     "a.cpp:3:3: error: #error no"},
    {"gcc, no place at all", "g++: error: unrecognized command-line option '--nosuch'\n", "", 0,
     "g++: error: unrecognized command-line option '--nosuch'"},
    {"gcc under its whole name", "x86_64-linux-gnu-g++-12: fatal error: no input files\n", "", 0,
     "x86_64-linux-gnu-g++-12: fatal error: no input files"},
    {"gcc that was killed", "g++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.\n", "",
     0, "g++: fatal error: Killed signal terminated program cc1plus"},
    {"gcc of itself", "a.cpp:9:1: internal compiler error: Segmentation fault\n", "a.cpp", 9,
     "a.cpp:9:1: internal compiler error: Segmentation fault"},
    {"assembler", "z.s: Assembler messages:\nz.s:1: Error: no such instruction: `foo bar'\n", "z.s", 1,
     "z.s:1: Error: no such instruction: `foo bar'"},
    {"clang, with colours",
     "\x1b[1m./c.h:1:17: \x1b[0m\x1b[0;1;31merror: \x1b[0m\x1b[1mexpected ';' at end of declaration list\x1b[0m\n",
     "./c.h", 1, "./c.h:1:17: error: expected ';' at end of declaration list"},
    {"clang, with notes and carets",
     "In file included from a.cpp:1:\n./c.h:2:39: error: member reference\n  t.nope();\n  ~^~~~~\n"
     "./c.h:3:25: note: in instantiation\n1 error generated.\n",
     "./c.h", 2, "./c.h:2:39: error: member reference"},
    {"clang, what the linker said",
     "/usr/bin/ld: /tmp/l-0.o: in function `main':\nl.cpp:(.text+0x5): undefined reference to `f()'\n"
     "clang: error: linker command failed with exit code 1 (use -v to see invocation)\n",
     "l.cpp", 0, "l.cpp:(.text+0x5): undefined reference to `f()'"},
    {"a name with spaces", "my model/a b.cc:3:1: error: bad\n", "my model/a b.cc", 3,
     "my model/a b.cc:3:1: error: bad"},
    {"standard input", "<stdin>:1:16: error: unused variable\n", "<stdin>", 1, "<stdin>:1:16: error: unused variable"},
    {"ld, with debug information", "/usr/bin/ld: /tmp/w/l.cpp:4: undefined reference to `f()'\n", "/tmp/w/l.cpp", 4,
     "/usr/bin/ld: /tmp/w/l.cpp:4: undefined reference to `f()'"},
    {"ld, on one line", "/usr/bin/ld: main.o:main.cpp:(.text+0x5): undefined reference to `f()'\n", "main.o:main.cpp",
     0, "/usr/bin/ld: main.o:main.cpp:(.text+0x5): undefined reference to `f()'"},
    {"ld, twice the same",
     "/usr/bin/ld: b.o: in function `f()':\nb.cpp:(.text+0x0): multiple definition of `f()'; a.o:a.cpp:(.text+0x0): "
     "first defined here\n",
     "b.cpp", 0, "b.cpp:(.text+0x0): multiple definition of `f()'; a.o:a.cpp:(.text+0x0): first defined here"},
    {"ld, a library",
     "/usr/bin/ld: cannot find -lnothere: No such file or directory\ncollect2: error: ld returned 1 "
     "exit status\nmake: *** [Makefile:3: all] Error 1\n",
     "", 0, "/usr/bin/ld: cannot find -lnothere: No such file or directory"},
    {"lld", "ld.lld: error: undefined symbol: f()\n>>> referenced by l.cpp\n", "", 0,
     "ld.lld: error: undefined symbol: f()"},
    {"gold", "/tmp/c.o:l.cpp:function main: error: undefined reference to 'f()'\n", "", 0,
     "/tmp/c.o:l.cpp:function main: error: undefined reference to 'f()'"},
    {"make, no rule", "make: *** No rule to make target 'x.o', needed by 'all'.  Stop.\n", "", 0,
     "make: *** No rule to make target 'x.o', needed by 'all'.  Stop."},
    {"make, one below", "make[2]: Entering directory '/b'\nmake[2]: *** No rule to make target 'x'.  Stop.\n", "", 0,
     "make[2]: *** No rule to make target 'x'.  Stop."},
    {"make, its file", "Makefile:2: *** missing separator.  Stop.\n", "Makefile", 2,
     "Makefile:2: *** missing separator.  Stop."},
    {"make, an included file", "build/rules.mk:12: *** INET_ROOT is not set.  Stop.\n", "build/rules.mk", 12,
     "build/rules.mk:12: *** INET_ROOT is not set.  Stop."},
    {"make, a program", "make: nosuch: No such file or directory\nmake: *** [Makefile:2: all] Error 127\n", "", 0,
     "make: nosuch: No such file or directory"},
    {"make, nothing else known", "generating\nmake[1]: *** [Makefile:3: data.h] Error 1\nmake: *** [all] Error 2\n",
     "Makefile", 3, "make[1]: *** [Makefile:3: data.h] Error 1"},
    {"make, whose rule failed before another's compiler speaks",
     "make[1]: *** [Makefile:3: x.o] Error 1\nmake: *** Waiting for unfinished jobs....\nb.cc:8:1: error: bad\n",
     "b.cc", 8, "b.cc:8:1: error: bad"},
    {"ninja",
     "FAILED: CMakeFiles/x.dir/b.cpp.o\n/usr/bin/c++ -o b.cpp.o -c /p/b.cpp\n/p/b.cpp:1:7: error: expected "
     "expression\nninja: build stopped: subcommand failed.\n",
     "/p/b.cpp", 1, "/p/b.cpp:1:7: error: expected expression"},
    {"ninja without a file", "ninja: error: loading 'build.ninja': No such file or directory\n", "", 0,
     "ninja: error: loading 'build.ninja': No such file or directory"},
    {"ninja, a program that says nothing", "[1/2] gen\nFAILED: gen.h \n./gen > gen.h\n", "", 0, "FAILED: gen.h "},
    {"a progress line that is written over",
     "\r[0/2] Building\x1b[K\r[1/2] Building\x1b[K\n\x1b[31mFAILED: \x1b[0mb.o\r\nb.cpp:1:7: error: bad\r\n", "b.cpp",
     1, "b.cpp:1:7: error: bad"},
    {"CMake, what it says on the next lines",
     "CMake Error at cmake/Find.cmake:3 (find_package):\n  By not providing \"FindNix.cmake\" this project has\n  "
     "asked CMake to\n\n-- Configuring incomplete, errors occurred!\n",
     "cmake/Find.cmake", 3,
     "CMake Error at cmake/Find.cmake:3 (find_package): By not providing \"FindNix.cmake\" this project has"},
    {"CMake, a blank line before the words", "CMake Error at CMakeLists.txt:2 (message):\n\n  no compiler\n",
     "CMakeLists.txt", 2, "CMake Error at CMakeLists.txt:2 (message): no compiler"},
    {"CMake, no place", "CMake Error: The source directory \"/nix\" does not exist.\n", "", 0,
     "CMake Error: The source directory \"/nix\" does not exist."},
    {"opp_msgc", "Dspr.msg:15: Error: syntax error\nmake[1]: *** [Makefile:109: Dspr_m.h] Error 1\n", "Dspr.msg", 15,
     "Dspr.msg:15: Error: syntax error"},
    {"opp_makemake", "/opt/omnetpp/bin/opp_makemake: error: use -f to force overwriting existing Makefile\n", "", 0,
     "/opt/omnetpp/bin/opp_makemake: error: use -f to force overwriting existing Makefile"},
    {"opp_featuretool", "opp_featuretool: Error: no such feature\n", "", 0, "opp_featuretool: Error: no such feature"},
    {"dash", "/bin/sh: 1: opp_makemake: not found\nmake: *** [Makefile:2: all] Error 127\n", "", 0,
     "/bin/sh: 1: opp_makemake: not found"},
    {"bash", "bash: foo: command not found\n", "", 0, "bash: foo: command not found"},
    {"bash, with a line", "/bin/bash: line 1: foo: command not found\n", "", 0,
     "/bin/bash: line 1: foo: command not found"},
    {"a script", "./build.sh: line 4: foo: command not found\n", "./build.sh", 4,
     "./build.sh: line 4: foo: command not found"},
    {"a script of dash", "./build.sh: 4: foo: not found\n", "./build.sh", 4, "./build.sh: 4: foo: not found"},
    {"env", "/usr/bin/env: 'python3': No such file or directory\n", "", 0,
     "/usr/bin/env: 'python3': No such file or directory"},
    {"no end of line", "a.cc:1:1: error: bad", "a.cc", 1, "a.cc:1:1: error: bad"},
    {"rubbish in the line", "a.cc:1:1: error: \x01\xff bad\n", "a.cc", 1, "a.cc:1:1: error: \\x01\\xff bad"},
};

INSTANTIATE_TEST_SUITE_P(FirstError, Samples, testing::ValuesIn(kSamples));

TEST(FirstError, IsNoneInWhatMerelySpeaksOfErrors) {
  for (const std::string output :
       {"-- Checking for error: no", "error: this is my model's own text", "Test 3 prints error: 5",
        "10:12:30: error: from a log", "2026-11-29 10:12:30: error: from a log", "a.cc:3:1: warning: error: in words",
        "a.cc:3:5: note: the last error: is here", "g++ -c -DTEXT=\"a.cc:x: error: no\" a.cc", "0 errors, 2 warnings",
        "echo 'a.cc: error: '", "a.cc:3:5: runtime error: load of null pointer", "checking for foo... not found",
        "make: *** [Makefile:2: all] Error 1 (ignored)", "make[1]: Entering directory '/x'",
        "make: *** Waiting for unfinished jobs....", "http://host:80: see", "Permission denied is no error here"}) {
    EXPECT_FALSE(first_error(output + "\n").has_value()) << output << " → " << first_error(output)->text;
  }
}

TEST(FirstError, IsTheFirstOfSeveral) {
  const auto found = first_error("a.cc:1:1: error: one\nb.cc:2:1: error: two\n");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->file, "a.cc");
}

TEST(FirstError, HoldsABoundedPartOfALongLine) {
  ErrorFinder finder;
  for (int i = 0; i < 1000; ++i) finder.take(std::string(100'000, 'x'));
  finder.take("\n");
  EXPECT_FALSE(finder.found().has_value());
  finder.take("a.cc:1:1: error: " + std::string(100'000, 'y'));
  finder.end();
  ASSERT_TRUE(finder.found().has_value());
  EXPECT_LT(finder.found()->text.size(), 3000U);
  EXPECT_THAT(finder.found()->text, EndsWith("…"));
}

// What the tools of this machine really say.
class RealTools : public testing::Test {
 protected:
  std::optional<FirstError> of(const std::vector<std::string>& argv) {
    const auto answer = run({argv, folder_.path(), {{"LC_ALL", "C.UTF-8"}}, std::nullopt, 60});
    EXPECT_TRUE(answer.has_value());
    EXPECT_NE(answer->exit_code, 0) << answer->output;
    return first_error(answer->output + answer->errors);
  }
  TestFolder folder_;
};

TEST_F(RealTools, GccNamesTheIncludedFile) {
  folder_.write("a.cpp", "#include \"b.h\"\nint main() { return y; }\n");
  folder_.write("b.h", "\n\nstruct S { int a };\n");
  for (const std::string colour : {"never", "always"}) {
    const auto found = of({"g++", "-fdiagnostics-color=" + colour, "-c", "a.cpp"});
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->file, "b.h");
    EXPECT_EQ(found->line, 3U);
    EXPECT_THAT(found->text, StartsWith("b.h:3:16: error: expected "));
  }
}

TEST_F(RealTools, TheLinkerNamesWhatIsMissing) {
  folder_.write("l.cpp", "void f();\nint main() { f(); }\n");
  const auto plain = of({"g++", "l.cpp"});
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->file, "l.cpp");
  EXPECT_THAT(plain->text, HasSubstr("undefined reference to `f()'"));
  const auto debug = of({"g++", "-g", "l.cpp"});
  ASSERT_TRUE(debug.has_value());
  EXPECT_THAT(debug->file, EndsWith("/l.cpp"));
  EXPECT_EQ(debug->line, 2U);
  const auto library = of({"g++", "-lnothere", "l.cpp"});
  ASSERT_TRUE(library.has_value());
  EXPECT_THAT(library->text, HasSubstr("cannot find -lnothere"));
}

TEST_F(RealTools, MakeNamesTheTargetItsFileAndTheProgram) {
  folder_.write("Makefile", "all:\n\t@nosuch-program -c x && true\nbroken:\n\tfalse\n");
  folder_.write("wrong.mk", "all:\n  foo\n");
  EXPECT_EQ(of({"make", "nix"})->text, "make: *** No rule to make target 'nix'.  Stop.");
  EXPECT_EQ(of({"make", "all"})->text, "/bin/sh: 1: nosuch-program: not found");
  const auto rule = of({"make", "broken"});
  EXPECT_EQ(rule->file, "Makefile");
  EXPECT_EQ(rule->line, 4U);
  EXPECT_EQ(rule->text, "make: *** [Makefile:4: broken] Error 1");
  const auto wrong = of({"make", "-f", "wrong.mk"});
  EXPECT_EQ(wrong->file, "wrong.mk");
  EXPECT_EQ(wrong->line, 2U);
}

TEST_F(RealTools, CMakeNamesThePlaceAndSaysWhy) {
  folder_.write("CMakeLists.txt",
                "cmake_minimum_required(VERSION 3.20)\nproject(x NONE)\nmessage(FATAL_ERROR \"no such model\")\n");
  const auto found = of({"cmake", "-S", ".", "-B", "build"});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->file, "CMakeLists.txt");
  EXPECT_EQ(found->line, 3U);
  EXPECT_EQ(found->text, "CMake Error at CMakeLists.txt:3 (message): no such model");
}

TEST_F(RealTools, ParallelOutputIsRead) {
  folder_.write("a.cpp", "int main() { return 0; }\n");
  folder_.write("b.cpp", "\nint f( { }\n");
  folder_.write("Makefile", "all: a.o b.o c.o\nc.o: nothing.txt\n");
  const auto found = of({"make", "-k", "-j4"});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->file, "b.cpp");
  EXPECT_EQ(found->line, 2U);
}

}  // namespace
}  // namespace simswarm::build
