#include "web/access.h"

#include <gmock/gmock.h>

#include "test_folder.h"

namespace simswarm::web {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string kToken = "0123456789abcdef0123456789abcdef";

Request with_bearer(const std::string& token, const std::string& peer = "unix") {
  return {.authorization = "Bearer " + token, .peer = peer};
}
Request with_form(const std::string& body, const std::string& peer = "unix") {
  return {.method = "POST", .body = body, .peer = peer};
}
Request with_cookie(const std::string& set) {
  return {.cookie = "other=1; " + set.substr(0, set.find(';'))};
}

class AccessTest : public testing::Test {
 protected:
  Access access_{kToken, "dashboard"};
  Monotonic now_{hours(1000)};
};

TEST_F(AccessTest, TakesTheToken) {
  EXPECT_EQ(access_.check(with_bearer(kToken), now_), Verdict::kAllowed);
  EXPECT_EQ(access_.check({.authorization = "bearer  " + kToken + " "}, now_), Verdict::kAllowed);
}

TEST_F(AccessTest, RefusesAllElse) {
  EXPECT_EQ(access_.check({}, now_), Verdict::kDenied);
  EXPECT_EQ(access_.check(with_bearer(""), now_), Verdict::kDenied);
  EXPECT_EQ(access_.check(with_bearer(kToken + "0"), now_), Verdict::kDenied);
  EXPECT_EQ(access_.check(with_bearer(kToken.substr(1)), now_), Verdict::kDenied);
  EXPECT_EQ(access_.check({.authorization = kToken}, now_), Verdict::kDenied);
  EXPECT_EQ(access_.check({.authorization = "Basic " + kToken}, now_), Verdict::kDenied);
  EXPECT_EQ(access_.check({.query = "token=" + kToken, .cookie = "token=" + kToken}, now_), Verdict::kDenied);
}

TEST_F(AccessTest, BeginsASessionWithTheToken) {
  const Access::Login login = access_.log_in(with_form("a=b&token=" + kToken), now_);
  ASSERT_EQ(login.verdict, Verdict::kAllowed);
  EXPECT_THAT(login.cookie,
              testing::MatchesRegex("simswarm-dashboard-[0-9a-f]{8}=[0-9a-f]{64}; Max-Age=43200; HttpOnly; "
                                    "SameSite=Strict; Path=/"));
  EXPECT_EQ(access_.check(with_cookie(login.cookie), now_ + hours(11)), Verdict::kAllowed);
  EXPECT_EQ(access_.check(with_cookie(login.cookie), now_ + hours(12)), Verdict::kDenied);
  EXPECT_NE(access_.log_in(with_form("token=" + kToken), now_).cookie, login.cookie);
}

TEST_F(AccessTest, EndsASession) {
  const std::string cookie = access_.log_in(with_form("token=" + kToken), now_).cookie;
  EXPECT_THAT(access_.log_out(with_cookie(cookie)), HasSubstr("Max-Age=0"));
  EXPECT_EQ(access_.check(with_cookie(cookie), now_), Verdict::kDenied);
}

TEST_F(AccessTest, TakesNoSessionOfAnother) {
  Access other(kToken, "dashboard");
  const std::string cookie = other.log_in(with_form("token=" + kToken), now_).cookie;
  EXPECT_EQ(access_.check(with_cookie(cookie), now_), Verdict::kDenied);
}

TEST_F(AccessTest, KeepsAManageableNumberOfSessions) {
  const std::string first = access_.log_in(with_form("token=" + kToken), now_).cookie;
  std::string last;
  for (std::size_t i = 0; i < Access::kMostSessions; ++i)
    last = access_.log_in(with_form("token=" + kToken), now_ + seconds(1)).cookie;
  EXPECT_EQ(access_.check(with_cookie(first), now_ + seconds(2)), Verdict::kDenied);
  EXPECT_EQ(access_.check(with_cookie(last), now_ + seconds(2)), Verdict::kAllowed);
}

TEST_F(AccessTest, SlowsDownWhoGuesses) {
  for (std::size_t i = 0; i < FailureLimit::kMost; ++i)
    EXPECT_EQ(access_.log_in(with_form("token=wrong", "10.0.0.1"), now_).verdict, Verdict::kDenied);
  EXPECT_EQ(access_.log_in(with_form("token=" + kToken, "10.0.0.1"), now_).verdict, Verdict::kTooMany);
  EXPECT_EQ(access_.log_in(with_form("token=" + kToken, "10.0.0.2"), now_).verdict, Verdict::kAllowed);
  EXPECT_EQ(access_.check(with_bearer(kToken, "10.0.0.1"), now_), Verdict::kAllowed);
  EXPECT_EQ(access_.log_in(with_form("token=" + kToken, "10.0.0.1"), now_ + seconds(61)).verdict, Verdict::kAllowed);
  for (std::size_t i = 0; i < FailureLimit::kMost; ++i)
    EXPECT_EQ(access_.check(with_bearer("wrong", "10.0.0.1"), now_), Verdict::kDenied);
  EXPECT_EQ(access_.check(with_bearer(kToken, "10.0.0.1"), now_), Verdict::kTooMany);
}

TEST(FailureLimitTest, RemembersOnlySoManyPeers) {
  FailureLimit limit;
  for (int i = 0; i < 20'000; ++i) limit.note("peer " + std::to_string(i), Monotonic(seconds(i)));
  EXPECT_FALSE(limit.is_reached("peer 1", Monotonic(seconds(20'000))));
}

TEST(ReadToken, IsTheFirstLine) {
  const TestFolder folder;
  EXPECT_EQ(read_token(folder.write("a", kToken + "\nmore")).value_or(""), kToken);
  EXPECT_EQ(read_token(folder.write("b", " " + kToken + " \r\n")).value_or(""), kToken);
  EXPECT_EQ(error_of(read_token(folder.write("c", "\n" + kToken))),
            "the first line of the token file " + (folder / "c").string() + " is empty");
  EXPECT_EQ(error_of(read_token(folder.write("d", "short"))),
            "the token in " + (folder / "d").string() + " has less than 16 characters; make one: openssl rand -hex 32");
  EXPECT_THAT(error_of(read_token(folder / "none")), testing::StartsWith("the token file cannot be read: "));
}

TEST(FormValue, Decodes) {
  EXPECT_EQ(form_value("token=a%2Bb+c%20d", "token"), "a+b c d");
  EXPECT_EQ(form_value("x=1&token=2&token=3", "token"), "2");
  EXPECT_EQ(form_value("token", "token"), "");
  EXPECT_EQ(form_value("token=%", "token"), "%");
  EXPECT_EQ(form_value("token=%4", "token"), "%4");
  EXPECT_EQ(form_value("token=%zz%41", "token"), "%zzA");
  EXPECT_EQ(form_value("", "token"), "");
}

TEST(CookieValue, IsFoundByItsWholeName) {
  EXPECT_EQ(cookie_value("aa=1; a=2;b=3", "a"), "2");
  EXPECT_EQ(cookie_value("aa=1", "a"), "");
  EXPECT_EQ(cookie_value("a", "a"), "");
}

TEST(IsOwnHost, IsNoNameOfOthers) {
  for (const char* own : {"localhost", "localhost:9181", "127.0.0.1:9181", "[::1]:9181", "dashboard", "a.localhost:1"})
    EXPECT_TRUE(is_own_host(own)) << own;
  for (const char* other : {"evil.example", "evil.example:9181", "127.0.0.1.evil.example", "localhost.evil.example"})
    EXPECT_FALSE(is_own_host(other)) << other;
}

TEST(IsSameSite, AsksTheBrowser) {
  EXPECT_TRUE(is_same_site({}));
  EXPECT_TRUE(is_same_site({.host = "x:1", .origin = "http://x:1"}));
  EXPECT_TRUE(is_same_site({.fetch_site = "same-origin"}));
  EXPECT_FALSE(is_same_site({.fetch_site = "cross-site"}));
  EXPECT_FALSE(is_same_site({.host = "x:1", .origin = "http://evil.example"}));
}

TEST(EqualInConstantTime, IsEquality) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace simswarm::web
