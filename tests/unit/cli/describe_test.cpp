#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/app.h"
#include "cli/words.h"
#include "settings/settings.h"

namespace simswarm::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class DescribeTest : public testing::Test {
 protected:
  [[nodiscard]] std::vector<const CLI::App*> commands() const {
    return static_cast<const CLI::App&>(*app_).get_subcommands([](const CLI::App*) { return true; });
  }

  Arguments arguments_;
  std::unique_ptr<CLI::App> app_ = make_app(arguments_);
};

TEST_F(DescribeTest, ReferenceAndManPageNameEveryCommandOptionAndSetting) {
  const std::string markdown = reference(*app_);
  const std::string man = replace_all(man_page(*app_), "\\-", "-");
  for (const CLI::App* command : commands()) {
    EXPECT_THAT(markdown, HasSubstr("## simswarm " + command->get_name() + "\n"));
    EXPECT_THAT(man, HasSubstr(".SS " + command->get_name() + "\n"));
    for (const std::string& option : long_options(*command)) {
      EXPECT_THAT(markdown, HasSubstr(option));
      EXPECT_THAT(man, HasSubstr(option));
    }
  }
  for (const SettingKey& key : kSettingKeys) {
    EXPECT_THAT(markdown, HasSubstr(fmt::format("| `[{}]` | `{}` |", key.table, key.name)));
    EXPECT_THAT(man, HasSubstr(fmt::format(".B [{}] {}\n", key.table, key.name)));
  }
}

TEST_F(DescribeTest, FormsOfOptions) {
  const std::string markdown = reference(*app_);
  EXPECT_THAT(markdown, HasSubstr("| `-j, --jobs N` |"));
  EXPECT_THAT(markdown, HasSubstr("| `-e, --export [FILE]` |"));
  EXPECT_THAT(markdown, HasSubstr("| `--json` |"));
  EXPECT_THAT(markdown, HasSubstr("| `-h, --help` |"));
  EXPECT_THAT(markdown, Not(HasSubstr(" ` |")));
}

TEST_F(DescribeTest, NoLineOfTheManPageIsTakenForARequest) {
  const std::string page = man_page(*app_);
  for (const std::string_view line : lines(page)) {
    const bool known = line.starts_with(".TH ") || line.starts_with(".SH ") || line.starts_with(".SS ") ||
                       line.starts_with(".B ") || line.starts_with(".I ") || line == ".TP" || line == ".PP" ||
                       line == ".br";
    EXPECT_TRUE(known || !line.starts_with('.')) << line;
    EXPECT_FALSE(line.starts_with('\'')) << line;
  }
}

TEST_F(DescribeTest, EachShellCompletesEveryCommandAndOption) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const auto script = completion(*app_, shell);
    ASSERT_TRUE(script.has_value());
    for (const CLI::App* command : commands()) {
      EXPECT_THAT(*script, HasSubstr(command->get_name())) << shell;
      for (const std::string& option : long_options(*command))
        EXPECT_THAT(*script, HasSubstr(shell == "fish" ? "-l " + option.substr(2) : option)) << shell;
    }
  }
  EXPECT_FALSE(completion(*app_, "tcsh").has_value());
}

TEST_F(DescribeTest, OptionsOfAFixedSetCompleteTheirWords) {
  EXPECT_THAT(*completion(*app_, "bash"), HasSubstr("--layer) COMPREPLY=($(compgen -W 'auto overlay links'"));
  EXPECT_THAT(*completion(*app_, "zsh"), HasSubstr("--existing=["));
  EXPECT_THAT(*completion(*app_, "zsh"), HasSubstr("(keep refuse replace)"));
}

// A flag has no value to complete.
TEST_F(DescribeTest, FlagsTakeNothing) {
  EXPECT_THAT(*completion(*app_, "zsh"), HasSubstr("'--json[Print"));
  EXPECT_THAT(*completion(*app_, "fish"), HasSubstr("-l json -d"));
  EXPECT_THAT(*completion(*app_, "fish"), HasSubstr("-s j -l jobs -r -d"));
}

}  // namespace
}  // namespace simswarm::cli
