"""A project whose campaign is tried in the lab: a program of many sources, so that its compilation is spread over the nodes."""

import subprocess

SOURCES = 20

MAIN = """#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <chrono>
#include <string>
#include <thread>
PARTS
int main(int count, char** words) {
  if (count < 4) return 2;
  const long n = std::atol(words[1]);
  std::this_thread::sleep_for(std::chrono::milliseconds(std::atol(words[2])));
  double value = VERSION;
  SUM
  const std::string path = std::string(words[3]) + "/out.csv";
  std::FILE* to = std::fopen(path.c_str(), "w");
  if (!to) return 1;
  std::fprintf(to, "n,value\\n%ld,%.17g\\n", n, value);
  return std::fclose(to);
}
"""

PART = """#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <string>
#include <vector>
double part_NUMBER(long n) {
  static const std::regex digits("[0-9]+");
  std::map<std::string, double> all;
  for (long i = 1; i <= 100; ++i) all[std::to_string(i * n)] = std::sin(static_cast<double>(i * n + NUMBER));
  double sum = 0;
  for (const auto& [name, value] : all) sum += std::regex_match(name, digits) ? value : 0;
  return sum;
}
"""

MAKEFILE = """CXX ?= g++
objects = main.o $(patsubst %,part_%.o,NUMBERS)
program: $(objects)
\t$(CXX) -o $@ $(objects)
%.o: %.cc
\t$(CXX) -O0 -c -o $@ $<
"""


def write_project(folder, version=1):
    """Writes it, and makes a repository of it."""
    numbers = range(SOURCES)
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"part_{number}.cc").write_text(PART.replace("NUMBER", str(number)))
    declared = "\n".join(f"double part_{number}(long n);" for number in numbers)
    summed = "\n  ".join(f"value += part_{number}(n);" for number in numbers)
    (folder / "main.cc").write_text(MAIN.replace("PARTS", declared).replace("SUM", summed).replace("VERSION", str(version)))
    (folder / "Makefile").write_text(MAKEFILE.replace("NUMBERS", " ".join(map(str, numbers))))
    (folder / ".gitignore").write_text("*.o\n/program\n/results/\n.simswarm/\n")
    subprocess.run(["git", "init", "-q", folder], check=True)


def sweep(runs, milliseconds, *options):
    """The words of a campaign of so many runs, each of which takes so long."""
    return ["sweep", *options, "--json", "--name", "study", f"n=1..{runs}", "--", "./program", "{n}", str(milliseconds), "{results}"]
