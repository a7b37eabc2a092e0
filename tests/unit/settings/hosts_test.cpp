#include "settings/hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "settings/hosts_private.h"
#include "test_folder.h"

namespace simswarm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

class Hosts : public testing::Test {
 protected:
  Hosts() { ::setenv("SIMSWARM_HOSTS", file().c_str(), 1); }
  ~Hosts() override { ::unsetenv("SIMSWARM_HOSTS"); }

  [[nodiscard]] fs::path file() const { return folder_ / "hosts.toml"; }
  fs::path secret(const std::string& name, const std::string& text) const {
    const fs::path path = folder_.write(name, text);
    ::chmod(path.c_str(), 0600);
    return path;
  }
  void have(const std::string& text) const { secret("hosts.toml", text); }
  [[nodiscard]] std::string error_in(const std::string& text) const {
    have(text);
    return error_of(read_hosts(file()));
  }
  [[nodiscard]] std::string text() const { return folder_.read("hosts.toml"); }
  [[nodiscard]] static mode_t mode_of(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
  }

  TestFolder folder_;
};

TEST_F(Hosts, AreReadByName) {
  have(
      "[lab]\nqueue = \"redis://:s3cret@lab:6379/0\"\nstore = \"mongodb://lab/simswarm\"\nimage = \"inet-4.5\"\n"
      "[a.b-c_1]\nqueue = \"unix:///run/redis.sock\"\n"
      "[\"a.b-c_2\"]\nqueue = \"unix:///run/redis.sock\"\n");
  EXPECT_THAT(error_of(read_hosts(file())), HasSubstr(":5: a name with a dot stands in quotes: [\"a.b-c_1\"]"));
  have(
      "[lab]\nqueue = \"redis://:s3cret@lab:6379/0\"\nstore = \"mongodb://lab/simswarm\"\nimage = \"inet-4.5\"\n"
      "[\"a.b-c_2\"]\nqueue = \"unix:///run/redis.sock\"\n");
  const auto hosts = read_hosts(file());
  ASSERT_TRUE(hosts.has_value()) << error_of(hosts);
  EXPECT_THAT(*hosts, ElementsAre(Key("a.b-c_2"), Key("lab")));
  EXPECT_EQ(hosts->at("lab"), (HostSettings{"redis://:s3cret@lab:6379/0", "mongodb://lab/simswarm", "inet-4.5"}));
  EXPECT_EQ(hosts->at("a.b-c_2"), (HostSettings{"unix:///run/redis.sock", "", ""}));
}

TEST_F(Hosts, TakePasswordsFromFiles) {
  secret("q", "a b@c\nsecond line\n");
  secret("s", "pass");
  have(
      "[lab]\nqueue = \"redis://lab\"\nqueue_password_file = \"q\"\nstore = \"mongodb://me@lab/db?a=b@c\"\n"
      "store_password_file = \"" +
      (folder_ / "s").string() +
      "\"\n[other]\nqueue = \"redis://x\"\n"
      "queue_password_file = \"nowhere\"\n");
  const auto host = host_named("lab");
  ASSERT_TRUE(host.has_value()) << error_of(host);
  EXPECT_EQ(host->queue, "redis://:a%20b%40c@lab");
  EXPECT_EQ(host->store, "mongodb://me:pass@lab/db?a=b@c");
  EXPECT_EQ(error_of(host_named("other")), (folder_ / "nowhere").string() + ": No such file or directory");
  secret("nowhere", "\n");
  EXPECT_EQ(error_of(host_named("other")), "the first line of the password file nowhere is empty");
  ::chmod((folder_ / "nowhere").c_str(), 0640);
  EXPECT_THAT(error_of(host_named("other")), HasSubstr("(mode 0640): chmod 600 "));
}

TEST_F(Hosts, AreNoneWithoutAFile) {
  const auto hosts = read_hosts(file());
  ASSERT_TRUE(hosts.has_value()) << error_of(hosts);
  EXPECT_THAT(*hosts, IsEmpty());
  EXPECT_EQ(error_of(host_named("lab")),
            "no host «lab»: " + file().string() + " names none; `simswarm services up` makes local-services");
}

TEST_F(Hosts, NameTheNearMisses) {
  have("[lab]\nqueue = \"redis://lab\"\n[local-services]\nqueue = \"redis://x\"\n");
  EXPECT_EQ(error_of(host_named("local-service")),
            "no host «local-service» in " + file().string() + "; did you mean «local-services»?");
  EXPECT_EQ(error_of(host_named("quite-another")),
            "no host «quite-another» in " + file().string() + "; there are lab, local-services");
}

TEST_F(Hosts, AreForTheirOwnerAlone) {
  have("[lab]\nqueue = \"redis://:s3cret@lab\"\n");
  for (const mode_t mode : {0640U, 0604U, 0660U, 0602U, 0610U}) {
    ::chmod(file().c_str(), mode);
    EXPECT_EQ(error_of(read_hosts(file())),
              fmt::format("{0} has secrets, and others than you have rights to it (mode {1:04o}): chmod 600 {0}",
                          file().string(), mode));
    const HostSettings settings{"redis://x", "", ""};
    EXPECT_THAT(error_of(write_host(file(), "x", &settings)), HasSubstr("chmod 600"));
  }
  ::chmod(file().c_str(), 0400);
  EXPECT_TRUE(read_hosts(file()).has_value());
  fs::remove(file());
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_EQ(error_of(read_hosts(file())), file().string() + " is no regular file");
}

TEST_F(Hosts, OfAnotherUserAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  have("[lab]\nqueue = \"redis://:s3cret@lab\"\n");
  ASSERT_EQ(::chown(file().c_str(), 65534, 65534), 0);
  EXPECT_EQ(error_of(read_hosts(file())),
            file().string() + " has secrets and is another user's: a file of your own is expected");
}

TEST_F(Hosts, ErrorsNameTheLineAndNoValue) {
  const std::string at = file().string();
  EXPECT_EQ(error_in("[lab]\nqueue = \"redis://lab\"\nstor = \"directory:/x\"\n"),
            at + ":3: unknown key «stor» in [lab]; did you mean «store» or «store_password_file»?");
  EXPECT_EQ(error_in("[lab]\nqueue = \"redis://lab\"\ncolour = \"s3cret\"\n"),
            at + ":3: unknown key «colour» in [lab]; known are queue, queue_password_file, store, "
                 "store_password_file, image");
  EXPECT_EQ(error_in("[lab]\nqueue = \"s3cret@lab\"\n"),
            at + ":2: lab.queue: expected a URL that begins with redis://, rediss:// or unix://");
  EXPECT_EQ(error_in("[lab]\nqueue = \"redis://lab\"\nstore = \"mongo://u:s3cret@lab\"\n"),
            at + ":3: lab.store: expected mongodb://HOST/DATABASE, mongodb+srv://HOST/DATABASE or "
                 "directory:/absolute/path");
  EXPECT_EQ(error_in("[lab]\nqueue = 5\n"), at + ":2: lab.queue: expected a text in quotes");
  EXPECT_EQ(error_in("[lab]\nqueue = \"\"\n"), at + ":2: lab.queue: expected a text in quotes");
  EXPECT_EQ(error_in("\n[lab]\nstore = \"directory:/x\"\n"), at + ":2: [lab] has no queue = \"URL\"");
  EXPECT_EQ(error_in("queue = \"redis://lab\"\n"), at + ":1: «queue» stands outside of a host; begin one with [NAME]");
  EXPECT_EQ(error_in("[\"l a b\"]\nqueue = \"redis://lab\"\n"),
            at + ":1: the name «l a b» of a host: letters, digits, «-», «_» and «.» are expected");
  for (const char* broken : {"[lab]\nqueue = redis://:s3cret@lab\n", "[lab]\nqueue = \"redis://:s3cret@lab\n",
                             "[lab]\n s3cret\n", "[lab]\nqueue = \"redis://lab\" s3cret\n"}) {
    EXPECT_EQ(error_in(broken), at + ":2: this cannot be read; expected are [NAME] and lines like queue = "
                                     "\"unix:///path\"");
  }
}

TEST_F(Hosts, StandWhereTheUserHasHisSettings) {
  ::unsetenv("SIMSWARM_HOSTS");
  ::setenv("XDG_CONFIG_HOME", "/somewhere/config", 1);
  EXPECT_EQ(hosts_file(), "/somewhere/config/simswarm/hosts.toml");
  ::unsetenv("XDG_CONFIG_HOME");
  const char* home = ::getenv("HOME");
  const std::string before = home != nullptr ? home : "";
  ::setenv("HOME", "/home/me", 1);
  EXPECT_EQ(hosts_file(), "/home/me/.config/simswarm/hosts.toml");
  home != nullptr ? ::setenv("HOME", before.c_str(), 1) : ::unsetenv("HOME");
}

TEST_F(Hosts, AreWrittenForTheirOwnerAlone) {
  const fs::path deep = folder_ / "config/simswarm/hosts.toml";
  const HostSettings settings{"unix://:s3cret@/run/redis.sock", "directory:/var/store", ""};
  EXPECT_EQ(error_of(write_host(deep, "local-services", &settings)), "no error");
  EXPECT_EQ(mode_of(deep), 0600U);
  EXPECT_EQ(mode_of(deep.parent_path()), 0700U);
  EXPECT_EQ(folder_.read("config/simswarm/hosts.toml"),
            "[local-services]\nqueue = \"unix://:s3cret@/run/redis.sock\"\nstore = \"directory:/var/store\"\n");
  EXPECT_EQ(read_hosts(deep)->at("local-services"), settings);
}

TEST_F(Hosts, LeaveAllElseAsItIs) {
  const std::string before =
      "# mine\n[lab]   # the laboratory\nqueue = \"redis://lab\"  # a comment\n\n# about x\n[x]\n# inside\nqueue = "
      "\"redis://x\"\nimage='i'\n\n# about y\n[y]\nqueue = 'redis://y'\n";
  have(before);
  const HostSettings settings{"redis://new", "directory:/s", ""};
  ASSERT_TRUE(write_host(file(), "x", &settings).has_value());
  EXPECT_EQ(text(),
            "# mine\n[lab]   # the laboratory\nqueue = \"redis://lab\"  # a comment\n\n# about x\n[x]\nqueue = "
            "\"redis://new\"\nstore = \"directory:/s\"\n# inside\n\n# about y\n[y]\nqueue = 'redis://y'\n");
  ASSERT_TRUE(write_host(file(), "x", nullptr).has_value());
  EXPECT_EQ(text(),
            "# mine\n[lab]   # the laboratory\nqueue = \"redis://lab\"  # a comment\n\n# about x\n# inside\n\n"
            "# about y\n[y]\nqueue = 'redis://y'\n");
  ASSERT_TRUE(write_host(file(), "nobody", nullptr).has_value());
  ASSERT_TRUE(write_host(file(), "z", &settings).has_value());
  EXPECT_TRUE(text().ends_with("queue = 'redis://y'\n\n[z]\nqueue = \"redis://new\"\nstore = \"directory:/s\"\n"));
  EXPECT_EQ(mode_of(file()), 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1) << "nothing is left";
}

TEST_F(Hosts, InOtherWordsAreNotChanged) {
  for (const char* before : {"lab = { queue = \"redis://lab\" }\n", "lab.queue = \"redis://lab\"\n",
                             "[lab]\nqueue = \"\"\"redis://\\\nlab\"\"\"\n"}) {
    have(before);
    const HostSettings settings{"redis://new", "", ""};
    EXPECT_EQ(error_of(write_host(file(), "lab", &settings)),
              file().string() +
                  ": [lab] is written in a way that cannot be changed here; write it as [lab] and a line "
                  "for each key");
    EXPECT_EQ(text(), before);
  }
}

TEST_F(Hosts, MayHaveAnyLetterInTheirUrls) {
  const HostSettings settings{"redis://:a\"b\\c\u00e4@lab", "directory:/x y/\"z\"", "i"};
  for (const char* name : {"lab", "l.a.b"}) {
    EXPECT_EQ(error_of(write_host(file(), name, &settings)), "no error");
    EXPECT_EQ(read_hosts(file())->at(name), settings);
  }
  EXPECT_THAT(error_of(write_host(file(), "l/b", &settings)), HasSubstr("the name «l/b» of a host"));
}

TEST_F(Hosts, AreWrittenThroughALink) {
  const fs::path real = secret("dotfiles", "[lab]\nqueue = \"redis://lab\"\n");
  fs::create_symlink(real, file());
  const HostSettings settings{"redis://new", "", ""};
  ASSERT_TRUE(write_host(file(), "x", &settings).has_value());
  EXPECT_TRUE(fs::is_symlink(file()));
  EXPECT_THAT(folder_.read("dotfiles"), HasSubstr("[x]"));
}

TEST(Urls, GiveTheirPasswordsBack) {
  for (const char* url : {"redis://lab", "unix:///run/redis.sock", "mongodb://me@lab/db", "directory:/x"}) {
    const UrlAndPassword parts = without_its_password(url);
    EXPECT_EQ(parts.url, url);
    EXPECT_EQ(parts.password, "");
  }
  for (const char* url : {"redis://:p%40q@lab:1/2", "mongodb://me:a%2Fb@lab/db?x=y@z", "unix://:x@/run/redis.sock"}) {
    const UrlAndPassword parts = without_its_password(url);
    EXPECT_THAT(parts.url, Not(HasSubstr(":p"))) << parts.url;
    EXPECT_EQ(with_password(parts.url, parts.password), url);
  }
  EXPECT_EQ(without_its_password("redis://:p%40q@lab").password, "p@q");
  EXPECT_EQ(without_its_password("redis://:p%40q@lab").url, "redis://lab");
}

}  // namespace
}  // namespace simswarm
