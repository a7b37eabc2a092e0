#include "queue/redis_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/job_queue.h"
#include "queue/packed.h"

namespace simswarm::jobs {
namespace {

using testing::HasSubstr;
using testing::Not;

RedisAddress good_address(std::string_view url) {
  const auto parsed = parse_redis_url(url);
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  return parsed.value_or(RedisAddress{});
}

TEST(RedisUrl, NamesHostPortAndDatabase) {
  const RedisAddress plain = good_address("redis://manager");
  EXPECT_EQ(plain.host, "manager");
  EXPECT_EQ(plain.port, 6379);
  EXPECT_EQ(plain.database, 0);
  EXPECT_EQ(plain.shown(), "redis://manager:6379");
  const RedisAddress whole = good_address("redis://10.0.0.1:7000/3");
  EXPECT_EQ(whole.port, 7000);
  EXPECT_EQ(whole.database, 3);
  EXPECT_EQ(whole.shown(), "redis://10.0.0.1:7000/3");
  EXPECT_EQ(good_address("redis://manager/").database, 0);
  EXPECT_EQ(good_address("redis://[::1]:7000").host, "::1");
  EXPECT_EQ(good_address("redis://[::1]:7000").shown(), "redis://[::1]:7000");
  EXPECT_TRUE(good_address("rediss://manager").tls);
}

TEST(RedisUrl, NamesUserAndPasswordAndNeverShowsThePassword) {
  const RedisAddress password = good_address("redis://:p%40ss:w%2Frd@manager");
  EXPECT_EQ(password.user, "");
  EXPECT_EQ(password.password, "p@ss:w/rd");
  EXPECT_EQ(password.shown(), "redis://manager:6379");
  const RedisAddress user = good_address("redis://runner:secret@manager:1/2");
  EXPECT_EQ(user.user, "runner");
  EXPECT_EQ(user.password, "secret");
  EXPECT_EQ(user.shown(), "redis://runner@manager:1/2");
}

TEST(RedisUrl, NamesAUnixSocket) {
  const RedisAddress address = good_address("unix://:secret@/run/my%20redis.sock?db=4");
  EXPECT_EQ(address.socket, "/run/my redis.sock");
  EXPECT_EQ(address.password, "secret");
  EXPECT_EQ(address.database, 4);
  EXPECT_EQ(address.shown(), "unix:///run/my redis.sock?db=4");
  EXPECT_EQ(good_address("unix:///run/redis.sock").database, 0);
}

TEST(RedisUrl, SaysWhatIsWrongWithoutThePassword) {
  const std::string form =
      "; write redis://[user:password@]host[:port][/database] or unix:///path/of/socket[?db=number]";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"redis://", "queue 'redis://': there is no host"},
      {"redis://:secret@", "queue 'redis://…@': there is no host"},
      {"redis://secret@h", "queue 'redis://…@h': before the @ there is no «user:password»"},
      {"redis://secret:@h", "queue 'redis://…@h': the user has no password"},
      {"redis://:secret%4@h", "queue 'redis://…@h': a % in user or password is not followed by two hexadecimal digits"},
      {"redis://:secret%00@h",
       "queue 'redis://…@h': a % in user or password is not followed by two hexadecimal digits"},
      {"redis://:secret@h:99999", "queue 'redis://…@h:99999': the port is no number from 1 to 65535"},
      {"redis://h:", "queue 'redis://h:': the port is no number from 1 to 65535"},
      {"redis://h/x", "queue 'redis://h/x': the database is no number"},
      {"redis://[::1", "queue 'redis://[::1': the [ of an IPv6 address is not closed"},
      {"unix://:secret@run.sock", "queue 'unix://…@run.sock': there is no absolute path of a socket"},
      {"unix:///s?x=1", "queue 'unix:///s?x=1': after the ? there is no db=number"},
      {"redis:h", "queue 'redis:h': it begins with none of redis://, rediss://, unix://"},
  };
  for (const auto& [url, message] : cases) {
    const auto parsed = parse_redis_url(url);
    ASSERT_FALSE(parsed.has_value()) << url;
    EXPECT_EQ(parsed.error().message, message + form);
    EXPECT_EQ(parsed.error().code, ExitCode::kUsage);
  }
}

TEST(OpenJobQueue, SaysWhichSchemesThereAre) {
  const auto opened = open_job_queue("amqp://me:secret@host");
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().message, "queue 'amqp://…@host': it begins with none of memory:, redis://, unix://");
  const auto tls = open_job_queue("rediss://:secret@host");
  ASSERT_FALSE(tls.has_value());
  EXPECT_THAT(tls.error().message, HasSubstr("queue rediss://host:6379: rediss:// (TLS) is not spoken"));
  EXPECT_THAT(tls.error().message, Not(HasSubstr("secret")));
}

std::string bytes(std::string_view hex) {
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    text += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return text;
}

TEST(Packed, ReadsWhatPythonPacked) {
  const std::string packed = bytes("789c8b564a53d2c92bcdc9d189563abc442956a7ba361600449506fd");
  EXPECT_EQ(unpacked(packed), "[\"f\",null,[\"ä\"],{}]");
  EXPECT_EQ(unpacked(packed.substr(0, packed.size() - 1)), std::nullopt) << "cut off";
  EXPECT_EQ(unpacked("[\"f\",null,[],{}]"), "[\"f\",null,[],{}]");
  EXPECT_EQ(unpacked(""), "");
  EXPECT_EQ(unpacked("x"), std::nullopt);
  EXPECT_EQ(base64_decoded("bnVsbA=="), "null");
  EXPECT_EQ(base64_decoded("YWJj"), "abc");
  EXPECT_EQ(base64_decoded("YWI="), "ab");
  EXPECT_EQ(base64_decoded(""), "");
  EXPECT_EQ(base64_decoded("YWI"), std::nullopt);
  EXPECT_EQ(base64_decoded("Y!I="), std::nullopt);
}

}  // namespace
}  // namespace simswarm::jobs
