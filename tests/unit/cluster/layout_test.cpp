#include "cluster/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings/hosts_private.h"
#include "test_folder.h"

namespace simswarm::cluster {
namespace {

using testing::HasSubstr;

mode_t mode_of(const fs::path& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777U;
}

class LayoutOfServices : public testing::Test {
 protected:
  TestFolder folder_;
  Layout layout_{folder_ / "deep/services"};
};

TEST_F(LayoutOfServices, IsClosedToOthers) {
  ASSERT_EQ(error_of(layout_.make()), "no error");
  const mode_t way = ::geteuid() == 0 ? 0711U : 0700U;
  EXPECT_EQ(mode_of(layout_.root()), way);
  EXPECT_EQ(mode_of(layout_.root() / "settings"), way);
  for (const char* name : {"log", "pid", "secret"}) EXPECT_EQ(mode_of(layout_.root() / name), 0700U);
  ASSERT_TRUE(layout_.make_home("redis", {}).has_value());
  EXPECT_EQ(mode_of(layout_.home("redis")), 0700U);
  ::chmod(layout_.home("redis").c_str(), 0777);
  ASSERT_TRUE(layout_.make_home("redis", {}).has_value());
  EXPECT_EQ(mode_of(layout_.home("redis")), 0700U) << "put right";
  ASSERT_TRUE(layout_.write_settings("redis.conf", "requirepass x\n", {}).has_value());
  EXPECT_EQ(mode_of(layout_.settings("redis.conf")), 0600U);
}

TEST_F(LayoutOfServices, TakesNoFolderOfOthers) {
  folder_.write("deep/services/thesis.tex", "precious");
  EXPECT_EQ(error_of(layout_.make()),
            layout_.root().string() + " has files in it and no services: choose another folder or name");
  fs::remove(layout_.root() / "thesis.tex");
  EXPECT_EQ(error_of(layout_.make()), "no error");
  fs::remove(layout_.root() / "settings");
  fs::create_symlink(folder_.folder("elsewhere"), layout_.root() / "settings");
  EXPECT_THAT(error_of(Layout(layout_.root()).make()), HasSubstr("has files in it"));
}

TEST_F(LayoutOfServices, MakesPasswordsOnce) {
  ASSERT_TRUE(layout_.make().has_value());
  const auto first = layout_.password("queue-password");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->size(), 64U);
  EXPECT_EQ(mode_of(layout_.secret("queue-password")), 0600U);
  EXPECT_EQ(*layout_.password("queue-password"), *first);
  EXPECT_NE(*layout_.password("other"), *first);
  ::chmod(layout_.secret("queue-password").c_str(), 0644);
  EXPECT_THAT(error_of(layout_.password("queue-password")), HasSubstr("chmod 600"));
}

TEST_F(LayoutOfServices, RemembersWhatWasStarted) {
  ASSERT_TRUE(layout_.make().has_value());
  EXPECT_TRUE(layout_.is_new());
  EXPECT_EQ(layout_.remembered()->runners, 0U);
  Memory memory;
  memory.runners = 4;
  memory.distcc = 2;
  memory.store = "directory:/a b/c";
  memory.ports = {{"distcc-1", 1234}, {"distcc-2", 4321}};
  memory.services = {{"redis", "unix:///x y"}, {"runner", ""}};
  ASSERT_TRUE(layout_.remember(memory).has_value());
  EXPECT_FALSE(layout_.is_new());
  const auto again = layout_.remembered();
  ASSERT_TRUE(again.has_value()) << error_of(again);
  EXPECT_EQ(again->runners, 4U);
  EXPECT_EQ(again->distcc, 2U);
  EXPECT_EQ(again->store, memory.store);
  EXPECT_EQ(again->ports, memory.ports);
  EXPECT_EQ(again->services, memory.services);
  ASSERT_TRUE(write_private(layout_.root() / "services", "simswarm services 2\n").has_value());
  EXPECT_THAT(error_of(layout_.remembered()), HasSubstr("is of another version of simswarm"));
}

TEST_F(LayoutOfServices, ShowsTheLastLineOfALog) {
  ASSERT_TRUE(layout_.make().has_value());
  EXPECT_EQ(layout_.last_line("redis"), "");
  folder_.write("deep/services/log/redis.log", "first\nlast \033[31mwords\n\n  \n");
  EXPECT_THAT(layout_.last_line("redis"), HasSubstr("last"));
  EXPECT_EQ(layout_.last_line("redis").find('\033'), std::string::npos);
  fs::resize_file(layout_.log("redis"), 17U << 20U);
  layout_.trim_log("redis");
  EXPECT_FALSE(fs::exists(layout_.log("redis")));
  EXPECT_TRUE(fs::exists(layout_.log("redis").string() + ".1"));
}

TEST_F(LayoutOfServices, IsHeldByOne) {
  ASSERT_TRUE(layout_.make().has_value());
  auto first = layout_.lock();
  ASSERT_TRUE(first.has_value());
  std::atomic<bool> has_it = false;
  std::thread other([&] { has_it = layout_.lock().has_value(); });
  EXPECT_FALSE(has_it);
  first->reset();
  other.join();
  EXPECT_TRUE(has_it);
}

}  // namespace
}  // namespace simswarm::cluster
