#include "simulator/cmdenv_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

// What a run has left.
class ResultFiles : public testing::Test {
 protected:
  void left(const std::string& path, const std::string& content) {
    files_.push_back({path, folder_.write(path, content), content.size()});
    pointers_.push_back(&files_.back());
  }
  [[nodiscard]] std::string trouble() const { return trouble_with_files(expected_, pointers_); }
  [[nodiscard]] bool closed() const { return files_are_closed(expected_, pointers_); }

  TestFolder folder_;
  ExpectedFiles expected_{{}, "r/a.sca", "r/a.vec", "r/a.vci", "r/a.out", "r/a.elog"};
  std::deque<LeftFile> files_;
  std::vector<const LeftFile*> pointers_;
};

TEST_F(ResultFiles, ThatAreWholeAreNoTrouble) {
  left("r/a.sca", "version 3\nrun x\n\n");
  left("r/a.vec", "version 3\n\n");
  left("r/a.vci", "file 11 1795353668     \nversion 3\n\n");
  EXPECT_EQ(trouble(), "");
  EXPECT_TRUE(closed());
  EXPECT_TRUE(has_results(expected_, pointers_));
}

TEST_F(ResultFiles, ThatAreNotThereAreNoTroubleButNotClosedEither) {
  EXPECT_EQ(trouble(), "");
  EXPECT_FALSE(closed());
  EXPECT_FALSE(has_results(expected_, pointers_));
}

TEST_F(ResultFiles, AreKnownByTheirExtensionWhereNamesCannotBeForetold) {
  left("r/Study-3-20261122-4711.sca", "");
  EXPECT_EQ(trouble(), "r/Study-3-20261122-4711.sca is empty");
  EXPECT_TRUE(has_results(expected_, pointers_));
}

TEST_F(ResultFiles, OfTheModelsOwnMayLookOtherwise) {
  left("own.sca", "not a scalar file");
  EXPECT_EQ(trouble(), "");
  EXPECT_FALSE(has_results(expected_, pointers_));
}

TEST_F(ResultFiles, WithoutTheirEndAreNotClosed) {
  left("r/a.sca", "version 3\nrun x\nscalar a b 1\n");
  EXPECT_EQ(trouble(), "") << "whole lines may be all there is";
  EXPECT_FALSE(closed()) << "but the closing empty line is missing";
}

TEST_F(ResultFiles, HoldAsManyRunsAsTheySay) {
  left("r/a.sca", "version 3\nrun x\nattr a b\n\nversion 3\nrun y\n\n");
  EXPECT_EQ(runs_in(files_.front()), 2U);
  left("r/db.sca", std::string("SQLite format 3\0", 16));
  EXPECT_EQ(runs_in(files_.back()), std::nullopt);
}

TEST_F(ResultFiles, WithAnIndexOfAnotherSizeAreTrouble) {
  left("r/a.vec", "version 3\n\n");
  left("r/a.vci", "file 10 1795353668     \nversion 3\n\n");
  EXPECT_EQ(trouble(), "r/a.vec has 11 bytes, its index says 10");
}

}  // namespace
}  // namespace simswarm::cmdenv
