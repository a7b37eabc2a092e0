#include "build/words.h"

#include <gtest/gtest.h>

#include "base/subprocess.h"
#include "test_folder.h"

namespace simswarm::build {
namespace {

struct Sample {
  const char* what;
  const char* output;
  std::size_t compilations;
};

constexpr Sample kSamples[] = {
    {"nothing", "", 0},
    {"nothing to do", "make: Nothing to be done for 'all'.\n", 0},
    {"plain", "g++ -O2 -c -o a.o a.cpp\ncc -c b.c\ng++ -o prog a.o b.o\n", 2},
    {"no end of line", "g++ -c a.cpp", 1},
    {"opp_makemake",
     "mkdir -p ../out/gcc-release/src/node\necho \"node/App.cc\"\n"
     "g++ -c -std=c++17 -O3 -fPIC -I. -I/opt/omnetpp/include -o ../out/gcc-release/src/node/App.o node/App.cc\n"
     "echo \"MSGC: node/Packet.msg\"\nopp_msgtool --msg6 -s _m.cc -MD node/Packet.msg\n"
     "clang++ -c -std=c++17 -o ../out/clang-release/src/node/Packet_m.o node/Packet_m.cc\n"
     "g++ -shared -fPIC -o libmodel.so -Wl,-rpath,/opt/lib x.o\n",
     2},
    {"automake",
     "depbase=`echo a.o | sed 's|[^/]*$|.deps/&|;s|\\.o$||'`;\\\ngcc -DHAVE_CONFIG_H -I. -MT a.o -MD -c -o a.o a.c "
     "&&\\\nmv -f $depbase.Tpo $depbase.Po\n",
     1},
    {"libtool",
     "/bin/bash ./libtool  --tag=CC   --mode=compile gcc -DHAVE_CONFIG_H -c -o b.lo b.c\n"
     "/bin/sh ../libtool --tag=CXX --mode=link g++ -o libx.la b.lo\n",
     1},
    {"CMake and make",
     "cd /b/m && /usr/bin/c++ -DX=1 -MD -o x.dir/a.cpp.o -c /b/a.cpp\n"
     "/usr/bin/cmake -E cmake_echo_color --progress-num=1 \"Building CXX object -c a.cpp.o\"\n",
     1},
    {"CMake and ninja",
     "[1/3] /usr/bin/c++ -MD -o a.cpp.o -c /p/a.cpp\n[2/3] ccache /usr/bin/c++ -o b.cpp.o -c /p/b.cpp\n"
     "[3/3] : && /usr/bin/c++ a.cpp.o b.cpp.o -o x && :\n",
     2},
    {"helpers before", "ccache g++ -c a.cc\nenv CCACHE_DIR=/c distcc gcc -c b.c\nLC_ALL=C nice g++ -c c.cc\n", 3},
    {"compilers by other names",
     "x86_64-linux-gnu-g++-12 -c a.cc\n/opt/gcc/bin/gcc-13.2 -c b.c\nmpicxx -c c.cc\nclang++-14 -c d.cc\n", 4},
    {"words of echo", "echo g++ -c a.cc\nprintf 'gcc -c b.c'\n@echo \"CXX a.cc\"\n", 0},
    {"after echo", "echo CXX a.cc; g++ -c a.cc\necho b && gcc -c b.c || exit 1\n", 2},
    {"no compilations", "g++ -E a.cc\nsh -c 'run'\ntar -c x\ngcc -o x y.o -L. -lc\ng++ --config x\nldconfig -c\n", 0},
    {"conditions", "if g++ -c a.cc; then mv a.o b.o; else exit 1; fi\n(cd sub && gcc -c b.c)\n", 2},
    {"continued", "g++ \\\n  -O2 \\\n  -c a.cc\n", 1},
    {"here-documents", "cat > x.sh <<EOF\ng++ -c a.cc\nEOF\ncat <<-'END' >y\n\tgcc -c b.c\n\tEND\ng++ -c c.cc\n", 1},
    {"quotes", "g++ -DTEXT=\"a; g++ -c b.cc\" -c a.cc\ngcc '-DX=a b' -c c.c\n", 2},
};

TEST(Words, CompilationsAreCounted) {
  for (const Sample& sample : kSamples) EXPECT_EQ(compilations_in(sample.output), sample.compilations) << sample.what;
}

TEST(Words, CompilationsOfARealMakefileAreCounted) {
  const TestFolder folder;
  for (const char* name : {"a.cpp", "b.cpp", "sub/c.c"}) folder.write(name, "");
  folder.write("Makefile", "all: a.o b.o sub\n\tg++ -o prog a.o b.o\nsub:\n\t$(MAKE) -C sub c.o\n.PHONY: sub\n");
  const auto answer = run({{"make", "-n"}, folder.path(), {}, std::nullopt, 60});
  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->exit_code, 0) << answer->errors;
  EXPECT_EQ(compilations_in(answer->output), 3U) << answer->output;
}

TEST(Words, CompilationsOfCMakesMakefileAreCounted) {
  const TestFolder folder;
  folder.write("CMakeLists.txt",
               "cmake_minimum_required(VERSION 3.20)\nproject(x CXX)\nadd_executable(x a.cpp b.cpp)\n");
  folder.write("a.cpp", "int f(); int main() { return f(); }\n");
  folder.write("b.cpp", "int f() { return 0; }\n");
  ASSERT_EQ(
      run({{"cmake", "-S", ".", "-B", "b", "-G", "Unix Makefiles"}, folder.path(), {}, std::nullopt, 60})->exit_code,
      0);
  const auto answer = run({{"make", "-C", "b", "-n"}, folder.path(), {}, std::nullopt, 60});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(compilations_in(answer->output), 2U) << answer->output;
}

}  // namespace
}  // namespace simswarm::build
