#include "base/cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm {
namespace {

constexpr const char* kServer =
    "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7763 64-Core "
    "Processor\nstepping\t: 1\nflags\t\t: fpu sse2 ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt xsave avx f16c lahf_lm "
    "abm "
    "bmi1 avx2 bmi2\n\nprocessor\t: 1\nmodel name\t: another\n";

TEST(CpuKind, IsModelAndLevel) {
  EXPECT_EQ(cpu_kind_of(kServer, "x86_64"), "AMD EPYC 7763 64-Core Processor (25/1/1), x86-64-v3");
  EXPECT_EQ(cpu_kind_of("model name : Old\nflags : fpu sse2 avx512f avx2\n", "x86_64"), "Old (//), x86-64-v1")
      << "a level has all of those below";
}

TEST(CpuKind, IsSaidOfOthersAsFarAsTheyTell) {
  EXPECT_EQ(cpu_kind_of("processor : 0\nCPU implementer : 0x41\nCPU variant : 0x3\nCPU part : 0xd0c\n"
                        "CPU revision : 1\n",
                        "aarch64"),
            "aarch64 0xd0c (0x41/0x3/1)");
  EXPECT_EQ(cpu_kind_of("", "riscv64"), "riscv64");
  EXPECT_FALSE(cpu_kind().empty());
}

}  // namespace
}  // namespace simswarm
