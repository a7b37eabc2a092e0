#include "queue/redis_url.h"

#include <gtest/gtest.h>

#include "queue/job_queue.h"
#include "queue/packed.h"

namespace simswarm::jobs {
namespace {

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

TEST(RedisUrl, NamesWhomTlsTrusts) {
  const RedisTls plain = good_address("rediss://manager").tls_options;
  EXPECT_TRUE(plain.verify && plain.check_name) << "nothing is left unchecked that was not asked for";
  EXPECT_EQ(plain.authorities + plain.certificate + plain.key, "") << "the system's";
  const RedisAddress whole = good_address(
      "rediss://:p@manager:7000/2?ssl_ca_certs=/etc/"
      "my%20ca.pem&ssl_certfile=me.pem&ssl_keyfile=me.key&ssl_check_hostname="
      "False&ssl_cert_reqs=required");
  EXPECT_EQ(whole.tls_options.authorities, "/etc/my ca.pem");
  EXPECT_EQ(whole.tls_options.certificate, "me.pem");
  EXPECT_EQ(whole.tls_options.key, "me.key");
  EXPECT_TRUE(whole.tls_options.verify);
  EXPECT_FALSE(whole.tls_options.check_name);
  EXPECT_EQ(whole.shown(), "rediss://manager:7000/2");
  EXPECT_FALSE(good_address("rediss://manager?ssl_cert_reqs=none").tls_options.verify);
  EXPECT_EQ(good_address("redis://manager/2?db=4").database, 4) << "as redis-py has it";
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
      {"unix:///" + std::string(107, 's'),
       "queue 'unix:///" + std::string(107, 's') + "': its path is longer than 107 bytes"},
      {"unix:///s?3", "queue 'unix:///s?…': behind the ? there is no name=value"},
      {"unix:///s?db=x", "queue 'unix:///s?…': the database is no number"},
      {"redis://h?db=1&db=2", "queue 'redis://h?…': db stands in it twice"},
      {"redis://h?timeout=%31",
       "queue 'redis://h?…': nobody knows its option 'timeout'; there are ssl_ca_certs, "
       "ssl_cert_reqs, ssl_certfile, ssl_check_hostname, ssl_keyfile, db"},
      {"rediss://h?ssl_ca_cert=f",
       "queue 'rediss://h?…': nobody knows its option 'ssl_ca_cert'; did you mean ssl_ca_certs?"},
      {"redis://h?password=secret", "queue 'redis://h?…': user and password stand before the host, not behind the ?"},
      {"rediss://:secret@h?ssl_ca_certs=/a@b",
       "queue 'rediss://…@b': a ? stands before an @; write %3F in a password, %40 "
       "behind the ?"},
      {"redis://h?ssl_ca_certs=f", "queue 'redis://h?…': ssl_ca_certs is for rediss:// alone"},
      {"rediss://h?ssl_ca_certs=", "queue 'rediss://h?…': ssl_ca_certs has no value"},
      {"rediss://h?ssl_ca_certs=%4",
       "queue 'rediss://h?…': a % behind the ? is not followed by two hexadecimal digits"},
      {"rediss://h?ssl_cert_reqs=maybe", "queue 'rediss://h?…': ssl_cert_reqs is neither none nor required"},
      {"rediss://h?ssl_check_hostname=2", "queue 'rediss://h?…': ssl_check_hostname is neither true nor false"},
      {"rediss://h?ssl_keyfile=f", "queue 'rediss://h?…': ssl_keyfile is there without ssl_certfile"},
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
  EXPECT_EQ(opened.error().message,
            "queue 'amqp://…@host': it begins with none of memory:, redis://, rediss://, unix://");
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
