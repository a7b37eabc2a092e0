// The whole way over `simswarm services`, as a user has it who tries it; and no secret is seen anywhere on it.
#include "../services/services_site.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "project_files.h"
#include "settings/hosts.h"

namespace simswarm::whole {
namespace {

using cluster::shown_with;
using jobs::Program;
using jobs::Words;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// What stands in the files of passwords.
std::vector<std::string> secrets_of(const fs::path& state) {
  std::vector<std::string> secrets;
  for (const auto& entry : fs::directory_iterator(state / "secret")) {
    const std::string text = read_file(entry.path()).value_or("");
    secrets.emplace_back(trim(text));
  }
  return secrets;
}

// Files that hold it, where nobody looks for secrets.
std::vector<fs::path> files_with(const fs::path& folder, const std::string& secret) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::recursive_directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
    if (!it->is_regular_file() || it->is_symlink()) continue;
    if (read_file(it->path()).value_or("").find(secret) != std::string::npos) found.push_back(it->path());
  }
  return found;
}

TEST(Services, BuildAndRunAndTellNobodyTheirSecrets) {
  cluster::ServicesSite site;
  const auto up = site.services({"up", "--runners", "2", "--distcc", "2"});
  ASSERT_TRUE(up.is_object());
  const fs::path project = site.folder().folder("project");
  const fs::path outside = site.folder().folder("outside");
  const ProjectFiles files(project);
  for (const char* name : {"asked", "executions"}) {
    site.folder().write(std::string("outside/") + name, "");
    fs::permissions(outside / name, fs::perms(0666));
  }
  files.make_simulation(kIni, outside);
  site.folder().write("outside/hold", "");
  Program client = site.start({SIMSWARM_PROGRAM, "runall", "-C", project, "--on", "local-services", "--json", "-b", "1",
                               "--", "./sim", "-c", "General"});
  EXPECT_TRUE(client.says(R"("event":"started")"));
  ASSERT_TRUE(wait_until([&] { return site.folder().read("outside/executions").size() == 4; })) << client.log();
  const std::vector<std::string> secrets = secrets_of(site.state());
  ASSERT_FALSE(secrets.empty());
  for (const std::string& secret : secrets) {
    ASSERT_GE(secret.size(), 16U);
    EXPECT_THAT(shown_with(secret), IsEmpty());
  }
  fs::remove(outside / "hold");
  EXPECT_EQ(client.wait(), 0) << client.log();
  EXPECT_THAT(client.log(), HasSubstr(R"("complete":4)"));
  EXPECT_EQ(site.folder().read("outside/executions").size(), 8U);
  for (const std::string& secret : secrets) {
    EXPECT_THAT(client.log(), Not(HasSubstr(secret)));
    EXPECT_THAT(files_with(project, secret), IsEmpty());
    EXPECT_THAT(files_with(site.state() / "log", secret), IsEmpty());
    EXPECT_THAT(files_with(site.state() / "builder", secret), IsEmpty());
  }
  Program again = site.start({SIMSWARM_PROGRAM, "runall", "-C", project, "--on", "local-services", "--json", "-b", "1",
                              "--", "./sim", "-c", "General"});
  EXPECT_EQ(again.wait(), 0) << again.log();
  EXPECT_THAT(again.log(), HasSubstr(R"("known":4)"));
}

}  // namespace
}  // namespace simswarm::whole
