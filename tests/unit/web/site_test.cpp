#include "web/site.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "test_folder.h"

namespace simswarm::web {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kToken = "0123456789abcdef0123456789abcdef";

class SiteTest : public testing::Test {
 protected:
  static Site make(bool has_token = true) {
    SiteOptions options{.service = "dashboard", .title = "Title & <more>", .token = {}, .pages = {}, .ready = {}};
    if (has_token) options.token = kToken;
    options.pages["/"] = [](const Request&) { return page_response({.title = "t", .body = "<p>front</p>"}); };
    options.pages["/api/v1/x"] = [](const Request& request) -> std::optional<Response> {
      if (!request.waited) return std::nullopt;
      return json_response("{}");
    };
    options.ready = [](const Request&) { return Response{.status = 503, .body = "away\n"}; };
    return Site(std::move(options));
  }
  static std::string header_in(const Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  static Request page(const std::string& path) {
    return {.method = "GET", .path = path, .host = "localhost", .accept = "text/html,*/*", .peer = "unix"};
  }
  static Request bearer(const std::string& path) {
    Request request = page(path);
    request.authorization = "Bearer " + kToken;
    return request;
  }
  static Request login(const std::string& token) {
    Request request = page("/login");
    request.method = "POST";
    request.body = "token=" + token;
    return request;
  }

  Site site_ = make();
};

TEST_F(SiteTest, TellsEverybodyThatItLives) {
  EXPECT_EQ(site_.answer(page("/healthz"))->body, "ok\n");
  EXPECT_EQ(site_.answer(page("/readyz"))->status, 503);
  EXPECT_EQ(site_.answer(page("/readyz"))->body, "away\n");
}

TEST_F(SiteTest, ShowsNothingWithoutTheToken) {
  for (const char* path : {"/", "/api/v1/x", "/script.js", "/none", "/healthz/", "/healthz2", "//healthz", "/HEALTHZ",
                           "/healthz/../", "/login/", "/style.css/x", ""}) {
    const auto response = site_.answer(page(path));
    ASSERT_TRUE(response.has_value()) << path;
    EXPECT_EQ(response->status, 401) << path;
    EXPECT_EQ(header_in(*response, "WWW-Authenticate"), "Bearer") << path;
    EXPECT_THAT(response->body, Not(HasSubstr("front"))) << path;
  }
}

TEST_F(SiteTest, AsksBrowsersToLogIn) {
  EXPECT_THAT(site_.answer(page("/"))->body, HasSubstr("<form method=\"post\" action=\"/login\""));
  EXPECT_THAT(site_.answer(page("/"))->body, HasSubstr("<h1>Title &amp; &lt;more&gt;</h1>"));
  Request api = page("/api/v1/x");
  const auto object = nlohmann::json::parse(site_.answer(api)->body);
  EXPECT_EQ(object.at("version"), 1);
  EXPECT_EQ(object.at("error"), "a token is needed: Authorization: Bearer TOKEN, or log in at /login");
}

TEST_F(SiteTest, ShowsAllWithTheToken) {
  EXPECT_THAT(site_.answer(bearer("/"))->body, HasSubstr("front"));
  EXPECT_EQ(site_.answer(bearer("/script.js"))->status, 200);
  EXPECT_EQ(site_.answer(bearer("/none"))->status, 404);
  EXPECT_EQ(site_.answer(bearer("/api/v1/x")), std::nullopt);
  Request waited = bearer("/api/v1/x");
  waited.waited = true;
  EXPECT_EQ(site_.answer(waited)->body, "{}\n");
}

TEST_F(SiteTest, LogsInAndOut) {
  const auto in = site_.answer(login(kToken));
  ASSERT_EQ(in->status, 303);
  EXPECT_EQ(header_in(*in, "Location"), "/");
  const std::string cookie = header_in(*in, "Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("; HttpOnly; SameSite=Strict; Path=/"));
  EXPECT_THAT(cookie, Not(HasSubstr(kToken)));
  Request request = page("/");
  request.cookie = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(site_.answer(request)->status, 200);
  Request out = request;
  out.method = "POST";
  out.path = "/logout";
  EXPECT_EQ(site_.answer(out)->status, 303);
  EXPECT_EQ(site_.answer(request)->status, 401);
}

TEST_F(SiteTest, RefusesAWrongTokenAndThenAll) {
  for (std::size_t i = 0; i < FailureLimit::kMost; ++i) {
    const auto response = site_.answer(login("<script>" + kToken));
    EXPECT_EQ(response->status, 401);
    EXPECT_THAT(response->body, HasSubstr("This is not the token."));
    EXPECT_THAT(response->body, Not(HasSubstr(kToken)));
  }
  const auto response = site_.answer(login(kToken));
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(header_in(*response, "Retry-After"), "60");
}

TEST_F(SiteTest, TakesNoLoginFromAnotherSite) {
  Request request = login(kToken);
  request.fetch_site = "cross-site";
  EXPECT_EQ(site_.answer(request)->status, 403);
}

TEST_F(SiteTest, ChangesNothing) {
  for (const char* path : {"/", "/api/v1/x", "/healthz", "/none"}) {
    Request request = bearer(path);
    request.method = "POST";
    EXPECT_EQ(site_.answer(request)->status, 405) << path;
  }
}

TEST_F(SiteTest, NamesOnlyWhatItKnowsInTheLog) {
  EXPECT_EQ(site_.answer(bearer("/"))->route, "/");
  EXPECT_EQ(site_.answer(bearer("/" + kToken))->route, "");
  EXPECT_EQ(site_.answer(page("/" + kToken))->route, "");
}

TEST_F(SiteTest, IsOpenWithoutATokenUnderItsOwnNames) {
  Site open = make(false);
  EXPECT_THAT(open.answer(page("/"))->body, HasSubstr("front"));
  EXPECT_EQ(open.answer(page("/login"))->status, 303);
  Request rebound = page("/");
  rebound.host = "evil.example:9181";
  EXPECT_EQ(open.answer(rebound)->status, 403);
  rebound.path = "/healthz";
  EXPECT_EQ(open.answer(rebound)->status, 200);
}

TEST(Assets, HoldWhatPagesNameAndNothingInline) {
  const std::string html = page_response({.title = "<t>", .body = "x", .may_log_out = true}).body;
  EXPECT_THAT(html, HasSubstr("<title>&lt;t&gt;</title>"));
  EXPECT_THAT(html, HasSubstr("<link rel=\"stylesheet\" href=\"/style.css\">"));
  EXPECT_THAT(html, HasSubstr("<script src=\"/script.js\" defer></script>"));
  EXPECT_THAT(html, HasSubstr("width=device-width"));
  EXPECT_THAT(html, Not(HasSubstr("style=")));
  EXPECT_THAT(html, Not(HasSubstr("onclick")));
  EXPECT_THAT(std::string(style_sheet()), HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(std::string(script()), Not(HasSubstr("innerHTML =")));
}

}  // namespace
}  // namespace simswarm::web
