// Runs that follow each other on one place keep apart what they write beside the results, under one name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "hardened_support.h"

namespace simswarm::e2e {
namespace {

// How the file is written, how many at once, and what runs work in.
using Case = std::tuple<const char*, const char*, const char*>;

class SameName : public testing::TestWithParam<Case> {
 protected:
  SameName() {
    fs::rename(project_.path("sim"), project_.path("cmdsim"));
    write_program(project_.path("sim"),
                  "#!/bin/sh\ncase \" $* \" in *\" -q \"*|*\" -e \"*) ;; *\" -r \"*) echo \"run ${*##*-r }\" " +
                      std::string(std::get<0>(GetParam())) + "trace.csv ;; esac\nexec ./cmdsim \"$@\"\n");
  }
  // Of all files that runs have left, sorted.
  [[nodiscard]] std::vector<std::string> traces() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(project_.folder())) {
      if (entry.path().filename().string().starts_with("trace")) found.push_back(read(entry.path()));
    }
    std::ranges::sort(found);
    return found;
  }

  const Project project_{study()};
};

TEST_P(SameName, HoldsWhatEachRunWrote) {
  const Words options{std::get<1>(GetParam()), "-b1", std::string("--layer=") + std::get<2>(GetParam())};
  const Report report = project_.runall(options);
  EXPECT_EQ(report.exit_code, 0) << report.errors;
  EXPECT_EQ(report.complete, 6);
  EXPECT_THAT(traces(), testing::ElementsAre("run 0\n", "run 1\n", "run 2\n", "run 3\n", "run 4\n", "run 5\n"));
  const Report again = project_.runall(options + Words{"--verify"});
  EXPECT_EQ(again.known, 6) << "an accepted file has been changed";
}
INSTANTIATE_TEST_SUITE_P(Each, SameName,
                         testing::Combine(testing::Values(">", ">>"), testing::Values("-j1", "-j2"),
                                          testing::Values("auto", "links")),
                         [](const testing::TestParamInfo<Case>& each) {
                           return std::string(std::get<0>(each.param)[1] == 0 ? "Written" : "Appended") +
                                  (std::get<1>(each.param) + 1) + std::get<2>(each.param);
                         });

}  // namespace
}  // namespace simswarm::e2e
