#include "simulator/cmdenv_shared.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace simswarm::cmdenv {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Writer writer(const std::string& config, std::int64_t number, const std::string& scalars, bool appends = false) {
  const std::string stem = config + std::to_string(number);
  Writer writer;
  writer.files = {simswarm::Run{config, number, {}, 0, ""}, scalars, stem + ".vec", stem + ".vci", stem + ".out", ""};
  writer.appends_scalars = appends;
  return writer;
}

TEST(Shared, RunsOfDifferentConfigurationsAreNamedByOneOfEach) {
  const std::vector<Writer> writers{writer("A", 0, "x.sca", true), writer("A", 1, "x.sca", true),
                                    writer("B", 3, "x.sca", true)};
  EXPECT_THAT(error_of(find_shared(writers, false)),
              AllOf(HasSubstr("A#0 and B#3, of different configurations, would write the same file x.sca"),
                    HasSubstr("--distinct-names"), Not(HasSubstr("serial"))));
}

TEST(Shared, OneProcessCannotAppendForTwoConfigurations) {
  const std::vector<Writer> writers{writer("A", 0, "x.sca", true), writer("B", 0, "x.sca", true)};
  EXPECT_THAT(error_of(find_shared(writers, true)), HasSubstr("no process executes both"));
}

TEST(Shared, EachConfigurationMayHaveAFileOfItsOwn) {
  const std::vector<Writer> writers{writer("A", 0, "a.sca", true), writer("B", 0, "b.sca", true),
                                    writer("A", 1, "a.sca", true), writer("B", 1, "b.sca", true)};
  const auto groups = find_shared(writers, true);
  ASSERT_TRUE(groups.has_value()) << error_of(groups);
  EXPECT_THAT(*groups, ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)));
  EXPECT_THAT(find_shared(std::vector<Writer>{writer("A", 0, "a.sca"), writer("B", 0, "b.sca")}, false).value(),
              IsEmpty());
}

}  // namespace
}  // namespace simswarm::cmdenv
