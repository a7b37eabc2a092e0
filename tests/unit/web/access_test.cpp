#include "web/access.h"

#include <gmock/gmock.h>

#include "test_folder.h"

namespace simswarm::web {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const std::string kToken = "0123456789abcdef0123456789abcdef";

Request with_bearer(const std::string& token, const std::string& peer = "unix") {
  return {.authorization = "Bearer " + token, .peer = peer};
}
Request with_cookie(const std::string& set) {
  return {.cookie = "other=1; " + set.substr(0, set.find(';'))};
}

class AccessTest : public testing::Test {
 protected:
  Verdict check(const Request& request, std::chrono::seconds later = seconds(0)) {
    return access_.check(request, now_ + later).verdict;
  }
  Access::Login log_in(const std::string& token = kToken, const std::string& peer = "unix",
                       std::chrono::seconds later = seconds(0)) {
    return access_.log_in(peer, token, "", now_ + later);
  }
  Access::Login with_code(const std::string& code, std::chrono::seconds later = seconds(0),
                          const std::string& peer = "unix") {
    return access_.log_in(peer, "", code, now_ + later);
  }

  Access access_{kToken, "dashboard"};
  Monotonic now_{hours(1000)};
};

TEST_F(AccessTest, TakesTheToken) {
  EXPECT_EQ(check(with_bearer(kToken)), Verdict::kAllowed);
  EXPECT_EQ(check({.authorization = "bearer  " + kToken + " "}), Verdict::kAllowed);
}

TEST_F(AccessTest, RefusesAllElse) {
  EXPECT_EQ(check({}), Verdict::kDenied);
  EXPECT_EQ(check(with_bearer("")), Verdict::kDenied);
  EXPECT_EQ(check(with_bearer(kToken + "0")), Verdict::kDenied);
  EXPECT_EQ(check(with_bearer(kToken.substr(1))), Verdict::kDenied);
  EXPECT_EQ(check({.authorization = kToken}), Verdict::kDenied);
  EXPECT_EQ(check({.authorization = "Bearer"}), Verdict::kDenied);
  EXPECT_EQ(check({.authorization = "Basic " + kToken}), Verdict::kDenied);
  EXPECT_EQ(check({.query = "token=" + kToken, .cookie = "token=" + kToken}), Verdict::kDenied);
}

TEST_F(AccessTest, SaysWhoAsksWithoutWhatTheyShowed) {
  const Access::Who by_token = access_.check(with_bearer(kToken), now_);
  EXPECT_EQ(by_token.name, "token");
  EXPECT_EQ(by_token.csrf, "");
  const std::string cookie = log_in().cookie;
  const Access::Who by_session = access_.check(with_cookie(cookie), now_);
  EXPECT_THAT(by_session.name, testing::MatchesRegex("session [0-9a-f]{8}"));
  EXPECT_THAT(cookie, Not(HasSubstr(by_session.name.substr(8))));
  EXPECT_THAT(by_session.csrf, testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_THAT(cookie, Not(HasSubstr(by_session.csrf)));
}

TEST_F(AccessTest, GivesEachSessionAWordOfItsOwnForChanges) {
  const std::string one = access_.check(with_cookie(log_in().cookie), now_).csrf;
  EXPECT_NE(one, access_.check(with_cookie(log_in().cookie), now_).csrf);
}

TEST_F(AccessTest, BeginsASessionWithTheToken) {
  const Access::Login login = log_in(" " + kToken + "\n");
  ASSERT_EQ(login.verdict, Verdict::kAllowed);
  EXPECT_THAT(login.cookie,
              testing::MatchesRegex("simswarm-dashboard-[0-9a-f]{8}=[0-9a-f]{64}; Max-Age=43200; HttpOnly; "
                                    "SameSite=Strict; Path=/"));
  EXPECT_EQ(check(with_cookie(login.cookie), hours(11)), Verdict::kAllowed);
  EXPECT_EQ(check(with_cookie(login.cookie), hours(12)), Verdict::kDenied);
  EXPECT_NE(log_in().cookie, login.cookie);
}

TEST_F(AccessTest, EndsASession) {
  const std::string cookie = log_in().cookie;
  EXPECT_THAT(access_.log_out(with_cookie(cookie)), HasSubstr("Max-Age=0"));
  EXPECT_EQ(check(with_cookie(cookie)), Verdict::kDenied);
}

TEST_F(AccessTest, TakesNoSessionOfAnother) {
  Access other(kToken, "dashboard");
  const std::string cookie = other.log_in("unix", kToken, "", now_).cookie;
  EXPECT_EQ(check(with_cookie(cookie)), Verdict::kDenied);
}

TEST_F(AccessTest, KeepsAManageableNumberOfSessions) {
  const std::string first = log_in().cookie;
  std::string last;
  for (std::size_t i = 0; i < Access::kMostSessions; ++i) last = log_in(kToken, "unix", seconds(1)).cookie;
  EXPECT_EQ(check(with_cookie(first), seconds(2)), Verdict::kDenied);
  EXPECT_EQ(check(with_cookie(last), seconds(2)), Verdict::kAllowed);
}

TEST_F(AccessTest, SlowsDownWhoGuesses) {
  for (std::size_t i = 0; i < FailureLimit::kMost; ++i)
    EXPECT_EQ(log_in("wrong", "10.0.0.1").verdict, Verdict::kDenied);
  EXPECT_EQ(log_in(kToken, "10.0.0.1").verdict, Verdict::kTooMany);
  EXPECT_EQ(log_in(kToken, "10.0.0.2").verdict, Verdict::kAllowed);
  EXPECT_EQ(check(with_bearer(kToken, "10.0.0.1")), Verdict::kAllowed);
  EXPECT_EQ(log_in(kToken, "10.0.0.1", seconds(61)).verdict, Verdict::kAllowed);
  for (std::size_t i = 0; i < FailureLimit::kMost; ++i)
    EXPECT_EQ(check(with_bearer("wrong", "10.0.0.1")), Verdict::kDenied);
  EXPECT_EQ(check(with_bearer(kToken, "10.0.0.1")), Verdict::kTooMany);
}

TEST_F(AccessTest, OpensASessionOnceWithACode) {
  const std::string code = access_.make_code(now_);
  EXPECT_THAT(code, testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_NE(access_.make_code(now_), code);
  const Access::Login login = with_code(code + "\n", seconds(59));
  ASSERT_EQ(login.verdict, Verdict::kAllowed);
  EXPECT_EQ(check(with_cookie(login.cookie)), Verdict::kAllowed);
  EXPECT_EQ(with_code(code, seconds(59)).verdict, Verdict::kDenied);
}

TEST_F(AccessTest, ForgetsACodeAfterAMinute) {
  const std::string code = access_.make_code(now_);
  EXPECT_EQ(with_code(code, seconds(60)).verdict, Verdict::kDenied);
  EXPECT_EQ(with_code(code).verdict, Verdict::kDenied);
}

TEST_F(AccessTest, TakesACodeForNothingElse) {
  const std::string code = access_.make_code(now_);
  EXPECT_EQ(check(with_bearer(code)), Verdict::kDenied);
  EXPECT_EQ(log_in(code).verdict, Verdict::kDenied);
  EXPECT_EQ(with_code(kToken).verdict, Verdict::kDenied);
  EXPECT_EQ(access_.log_in("unix", kToken, "wrong", now_).verdict, Verdict::kDenied) << "a code counts before a token";
  EXPECT_EQ(with_code(code).verdict, Verdict::kAllowed);
}

TEST_F(AccessTest, SlowsDownWhoGuessesCodes) {
  const std::string code = access_.make_code(now_);
  for (std::size_t i = 0; i < FailureLimit::kMost; ++i)
    EXPECT_EQ(with_code("wrong", seconds(0), "10.0.0.1").verdict, Verdict::kDenied);
  EXPECT_EQ(with_code(code, seconds(0), "10.0.0.1").verdict, Verdict::kTooMany);
  EXPECT_EQ(with_code(code, seconds(0), "10.0.0.2").verdict, Verdict::kAllowed);
}

TEST_F(AccessTest, KeepsAManageableNumberOfCodes) {
  const std::string first = access_.make_code(now_);
  std::string last;
  for (std::size_t i = 0; i < Access::kMostCodes; ++i) last = access_.make_code(now_ + seconds(1));
  EXPECT_EQ(with_code(first, seconds(2)).verdict, Verdict::kDenied);
  EXPECT_EQ(with_code(last, seconds(2)).verdict, Verdict::kAllowed);
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

TEST(RandomHex, IsAnotherEachTime) {
  EXPECT_THAT(random_hex(16), testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(random_hex(16), random_hex(16));
}

TEST(FormValue, Decodes) {
  EXPECT_EQ(form_value("token=a%2Bb+c%20d", "token"), "a+b c d");
  EXPECT_EQ(form_value("x=1&token=2&token=3", "token"), "2");
  EXPECT_EQ(form_value("v.%24num%3D=1", "v.$num="), "1");
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
  EXPECT_FALSE(is_same_site({.fetch_site = "same-site"}));
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
