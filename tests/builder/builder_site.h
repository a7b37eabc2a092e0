// A checkout with a project of small C++ files, and all that a build of it needs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/subprocess.h"
#include "base/text.h"
#include "build/build_run.h"
#include "build/farm.h"
#include "test_folder.h"

namespace simswarm::build {

inline constexpr unsigned kBuilder = 54323;  // a user that nothing else runs as

inline std::string source_of(std::size_t number) {
  return fmt::format(
      "#include \"sum.h\"\nint f{0}(int x) {{\n  return Sum<{0} + 40>::of(x) + Product<{0} % 7>::of(x);\n}}\n", number);
}

// Templates keep a compiler busy for a moment, without a library's headers.
inline constexpr std::string_view kHeader =
    "template <int N> struct Sum { static int of(int x) { return x * N + Sum<N - 1>::of(x + N); } };\n"
    "template <> struct Sum<0> { static int of(int x) { return x; } };\n"
    "template <int N> struct Product { static int of(int x) { return (x ^ N) * Product<N - 1>::of(x); } };\n"
    "template <> struct Product<0> { static int of(int x) { return x; } };\n";

inline constexpr std::string_view kMakefile =
    "objects = $(patsubst %.cc,out/%.o,$(wildcard *.cc))\n"
    "all: $(objects)\n"
    "out/%.o: %.cc\n\t@mkdir -p out\n\tg++ -O2 -MMD -c $< -o $@\n"
    "-include $(objects:.o=.d)\n";

class Checkout {
 public:
  explicit Checkout(std::size_t files) : files_(files) {
    folder_.write("tree/Makefile", kMakefile);
    folder_.write("tree/sum.h", kHeader);
    for (std::size_t i = 0; i < files; ++i) folder_.write(fmt::format("tree/f{}.cc", i), source_of(i));
    if (::geteuid() != 0) return;
    for (const fs::path& path : {folder_.path(), tree()}) EXPECT_EQ(::chown(path.c_str(), kBuilder, kBuilder), 0);
  }

  [[nodiscard]] fs::path tree() const { return folder_ / "tree"; }
  [[nodiscard]] const TestFolder& folder() const { return folder_; }
  [[nodiscard]] std::string object(std::size_t number) const {
    return folder_.read(fmt::format("tree/out/f{}.o", number));
  }
  [[nodiscard]] std::size_t built() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < files_; ++i) count += object(i).empty() ? 0 : 1;
    return count;
  }

  [[nodiscard]] FarmOptions farm_options(const fs::path& cache) const {
    FarmOptions options;
    options.folder = folder_ / "farm";
    options.cache = cache;
    options.tree = tree();
    options.cores = 2;
    if (::geteuid() == 0) options.user = {kBuilder, kBuilder};
    return options;
  }

  // By «make», with the farm; `tick` as it goes.
  BuildEnd build(
      Farm& farm, std::function<void()> tick = [] {}) {
    BuildSpec spec;
    spec.tree = tree();
    Step make;
    make.argv = {"make", "-j{jobs}"};
    spec.steps = {make};
    spec.jobs = farm.jobs();
    spec.environment = farm.environment();
    spec.shown = farm.folders();
    spec.temporary = folder_ / "temporary";
    spec.mark = "SIMSWARM_TEST_BUILD=" + folder_.path().filename().string();
    spec.limits.least_free = 0;
    if (::geteuid() == 0) spec.user = exec::User{kBuilder, kBuilder};
    output_.clear();
    BuildEars ears;
    ears.output = [this](std::string_view text) { output_ += text; };
    ears.tick = std::move(tick);
    auto end = run_build(spec, ears);
    EXPECT_TRUE(end.has_value()) << error_of(end);
    return end.value_or(BuildEnd{});
  }
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  TestFolder folder_;
  std::size_t files_;
  std::string output_;
};

}  // namespace simswarm::build
