"""The texts of the project that make_project.py writes; @NAME@ stands for what it fills in."""
from collections import namedtuple

FOLDERS = (
    "queueing mobility physical channel routing transport application schedule traffic energy statistics filter topology address "
    "neighbour tunnel bridge arbiter codec error history clock session policy shaper meter probe recorder"
).split()

PART_H = """#pragma once

#include <cstddef>
#include <cstdint>

// Parts of the model: each gives a number for a seed, and the sum of all is a result of the run.
namespace parts {

using Value = std::uint32_t (*)(std::uint64_t seed);

struct Registration {
  Registration(const char* name, Value value);
};

std::uint64_t sum(std::uint64_t seed);
std::size_t count();

}  // namespace parts
"""

PART_CC = """#include "parts/part.h"

#include <vector>

namespace parts {
namespace {

std::vector<Value>& all() {
  static std::vector<Value> values;
  return values;
}

}  // namespace

Registration::Registration(const char*, Value value) {
  all().push_back(value);
}

std::uint64_t sum(std::uint64_t seed) {
  std::uint64_t total = 0;
  for (const Value value : all()) total += value(seed) & 0xfffff;
  return total;
}

std::size_t count() {
  return all().size();
}

}  // namespace parts
"""

START = """#include <chrono>

// Real programs register classes and load NED files before they simulate.
namespace {

const bool started = [] {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(@MILLISECONDS@);
  while (std::chrono::steady_clock::now() < end) {
  }
  return true;
}();

}  // namespace
"""

SMALL_HEADER = """#pragma once

#include <cstdint>

#include "parts/part.h"

namespace @SPACE@ {

inline constexpr std::uint64_t kSalt = @SALT@;

template <std::uint64_t Factor, int Rounds>
struct Mixer {
  static std::uint64_t apply(std::uint64_t value) {
    value = (value ^ (value >> 29)) * (Factor * 2 + 1);
    return Mixer<Factor + 6, Rounds - 1>::apply(value + kSalt);
  }
};

template <std::uint64_t Factor>
struct Mixer<Factor, 0> {
  static std::uint64_t apply(std::uint64_t value) { return value ^ (value >> 31); }
};

}  // namespace @SPACE@
"""

REAL_HEADER = """#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "parts/part.h"

namespace @SPACE@ {

inline constexpr std::uint64_t kSalt = @SALT@;

struct Packet {
  std::uint64_t bits = 0;
  std::uint64_t born = 0;
};

template <int Capacity>
class Station {
 public:
  void accept(const Packet& packet) {
    if (waiting_.size() == Capacity) waiting_.erase(waiting_.begin());
    waiting_.push_back(packet);
    ++seen_[packet.bits % Capacity];
  }
  template <typename Handler>
  std::uint64_t serve(Handler handler) {
    std::uint64_t total = kSalt;
    for (const Packet& packet : waiting_) total = total * 31 + handler(packet);
    for (const auto& [bits, times] : seen_) total += bits * times;
    waiting_.clear();
    return total;
  }

 private:
  std::map<std::uint64_t, std::uint64_t> seen_;
  std::vector<Packet> waiting_;
};

}  // namespace @SPACE@
"""

FOLDER_HEADER = {"small": SMALL_HEADER, "real": REAL_HEADER}

PART_TEXT = """#include "@SPACE@/@SPACE@.h"

namespace @SPACE@ {
namespace {

constexpr std::uint64_t kConstant = @CONSTANT@;

@PIECES@
std::uint32_t value(std::uint64_t seed) {
  return static_cast<std::uint32_t>((kConstant + (@TERMS@)) >> 7);
}

const parts::Registration registration("@SPACE@.@NAME@", value);

}  // namespace
}  // namespace @SPACE@
"""

SMALL_PIECE = """std::uint64_t piece@INDEX@(std::uint64_t seed) {
  std::uint64_t total = seed ^ kConstant;
  for (int i = 0; i < 4; ++i) total += Mixer<@A@, @B@ % 12 + 4>::apply(total + @C@);
  return total % @A@ == 0 ? Mixer<@C@, 6>::apply(total) : Mixer<@B@, 9>::apply(total);
}
"""

REAL_PIECE = """std::uint64_t piece@INDEX@(std::uint64_t seed) {
  Station<@A@> station;
  for (std::uint64_t i = 0; i < 3; ++i) station.accept({.bits = (seed + i) * @B@, .born = i * @C@});
  return station.serve([seed](const Packet& packet) { return (packet.bits ^ (seed >> @A@ % 32)) + packet.born * kConstant; });
}
"""

Part = namedtuple("Part", "text piece")
SMALL = Part(PART_TEXT, SMALL_PIECE)
REAL = Part(PART_TEXT, REAL_PIECE)

COMMAND = """#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "parts/part.h"

// --load=X --seed=N --out=FILE
int main(int count, char** words) {
  std::map<std::string, std::string> options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto is = word.find('=');
    if (word.rfind("--", 0) != 0 || is == std::string::npos) {
      std::cerr << "netsim: what is '" << word << "'? --load=X --seed=N --out=FILE" << std::endl;
      return 2;
    }
    options[word.substr(2, is - 2)] = word.substr(is + 1);
  }
  const std::uint64_t seed = std::stoull(options["seed"]) * 1099511628211ULL;
  const double mean = std::stod(options["load"]) * static_cast<double>(parts::sum(seed)) / static_cast<double>(parts::count());
  std::ofstream out(options["out"]);
  out << "load,seed,parts,mean\\n" << options["load"] << "," << options["seed"] << "," << parts::count() << "," << mean << "\\n";
  out.close();
  if (!out) return 1;
  std::cout << "done: " << parts::count() << " parts" << std::endl;
}
"""

SWEEP = """# `simswarm sweep load`
[sweep.load]
command = ["./@PROGRAM@", "--load={load}", "--seed={seed}", "--out={results}/netsim.csv"]
repetitions = 3

[sweep.load.grid]
load = [0.5, 1, 2, 4]

[sweep.load.success]
files = ["{results}/netsim.csv"]
pattern = '^done: \\d+ parts'
"""

INI = """[General]
network = Net
ned-path = ned
sim-time-limit = 10s

[Config One]
description = "one run"

[Config Load]
description = "18 runs"
**.load = ${load=0.5,1,2}
**.hosts = ${hosts=5,10}
repeat = 3

[Config Vectors]
extends = Load
**.vectors = 3
sim-time-limit = 100s

[Config Trivial]
description = "1,000 runs"
repeat = 1000
**.vector-recording = false
"""

DATA_INI = """
[Config Data]
extends = Load
**.datafile = "data/arrivals first.txt"
"""

NED = {
    "ned/package.ned": "package netsim;\n",
    "ned/Net.ned": """package netsim;

import netsim.parts.Sink;

network Net
{
    submodules:
        sink: Sink;
}
""",
    "ned/parts/package.ned": "package netsim.parts;\n",
    "ned/parts/Sink.ned": """package netsim.parts;

simple Sink
{
    parameters:
        double load = default(1);
        int hosts = default(5);
        int vectors = default(1);
        string datafile = default("");
}
""",
}

MAKEFILE = """# make MODE=release|debug; objects lie in out/gcc-$(MODE), the program here.
MODE ?= release
ifeq ($(MODE),release)
  OPTIMIZE := -O1
  TARGET := @PROGRAM@
else ifeq ($(MODE),debug)
  OPTIMIZE := -O0 -g
  TARGET := @PROGRAM@_dbg
else
  $(error MODE=$(MODE): release or debug)
endif
CXX := g++
CXXFLAGS := -std=c++20 $(OPTIMIZE) -Wall -Isrc
O := out/gcc-$(MODE)

SOURCES := $(sort $(shell find src -name '*.cc' -o -name '*.cpp'))
OBJECTS := $(addsuffix .o,$(addprefix $O/,$(basename $(SOURCES))))
# A list that changes only when files come or go: then the program is linked again.
LIST := $O/objects.txt
ifneq ($(file <$(LIST)),$(OBJECTS))
  $(shell mkdir -p $O)
  $(file >$(LIST),$(OBJECTS))
endif

.PHONY: all clean
all: $(TARGET)

$(TARGET): $(OBJECTS) $(LIST)
	$(CXX) -o $@ @$(LIST)

$O/%.o: %.cc Makefile
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$O/%.o: %.cpp Makefile
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -MMD -MP -c -o $@ $<

clean:
	rm -rf out @PROGRAM@ @PROGRAM@_dbg

-include $(OBJECTS:.o=.d)
"""

IGNORED = """/out/
/@PROGRAM@
/@PROGRAM@_dbg
results/
.simswarm/
"""

README = "A project of @FILES@ C++ files, generated: bench/make_project.py of simswarm.\n"
