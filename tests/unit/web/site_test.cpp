#include "web/site.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "test_folder.h"

namespace simswarm::web {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kToken = "0123456789abcdef0123456789abcdef";

std::string header_in(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}
Request page(const std::string& path) {
  return {.method = "GET", .path = path, .host = "localhost", .accept = "text/html,*/*", .peer = "unix"};
}
Request bearer(const std::string& path) {
  Request request = page(path);
  request.authorization = "Bearer " + kToken;
  return request;
}
Request posted(const std::string& path, const std::string& body) {
  Request request = page(path);
  request.method = "POST";
  request.body = body;
  request.content_type = "application/json";
  request.fetch_site = "same-origin";
  return request;
}
Request login(const std::string& token) {
  return posted("/api/v1/login", json{{"token", token}}.dump());
}

class SiteTest : public testing::Test {
 protected:
  Site make(bool has_token = true, bool may_change = true) {
    SiteOptions options;
    options.service = "dashboard";
    options.version = "1.2.3";
    options.may_change = may_change;
    options.about = {{"local", false}, {"store", true}};
    options.pages = {"/", "/jobs/*"};
    options.on_code = [this](const std::string& code) { codes_.push_back(code); };
    if (has_token) options.token = kToken;
    options.ready = [](const Request&) { return Response{.status = 503, .body = "away\n"}; };
    options.routes = {{"GET", "/api/v1/x",
                       [](const Call& call) -> std::optional<Response> {
                         if (!call.request.waited) return std::nullopt;
                         return json_response("{}");
                       }},
                      {"GET", "/api/v1/jobs/*/output",
                       [](const Call& call) { return text_response(call.parts.at(0) + "|" + call.query("of")); }},
                      {"POST", "/api/v1/x", [this](const Call& call) -> std::optional<Response> {
                         changed_by_.push_back(call.who);
                         if (is_slow_ && !call.request.waited) return std::nullopt;
                         return json_response("{}");
                       }}};
    return Site(std::move(options));
  }
  int status(Request request) {
    request.number = ++number_;
    return site_.answer(request).value_or(Response{.status = 0}).status;
  }
  // The cookie of a new session.
  std::string session() {
    const std::string cookie = header_in(*site_.answer(login(kToken)), "Set-Cookie");
    return cookie.substr(0, cookie.find(';'));
  }
  json about(const std::string& cookie) {
    Request request = page("/api/v1/session");
    request.cookie = cookie;
    return json::parse(site_.answer(request)->body);
  }
  Request change(const std::string& cookie, const std::string& csrf) {
    Request request = posted("/api/v1/x", "{}");
    request.cookie = cookie;
    request.csrf = csrf;
    return request;
  }

  std::vector<std::string> codes_, changed_by_;
  bool is_slow_ = false;
  std::uint64_t number_ = 0;
  Site site_ = make();
};

TEST_F(SiteTest, TellsEverybodyThatItLives) {
  EXPECT_EQ(site_.answer(page("/healthz"))->body, "ok\n");
  EXPECT_EQ(site_.answer(page("/readyz"))->status, 503);
  EXPECT_EQ(site_.answer(page("/readyz"))->body, "away\n");
}

TEST_F(SiteTest, TellsNothingWithoutTheToken) {
  for (const char* path :
       {"/api/v1/x", "/none", "/healthz/", "/healthz2", "//healthz", "/HEALTHZ", "/healthz/../", "/login/",
        "/assets/none.js", "/assets/../site", "/jobs/", "/jobs/a/b", "/api/v1/code", ""}) {
    const auto response = site_.answer(page(path));
    ASSERT_TRUE(response.has_value()) << path;
    EXPECT_EQ(response->status, 401) << path;
    EXPECT_EQ(header_in(*response, "WWW-Authenticate"), "Bearer") << path;
  }
  const json object = json::parse(site_.answer(page("/api/v1/x"))->body);
  EXPECT_EQ(object, json::parse(R"({"version":1,
    "error":"a token is needed: Authorization: Bearer TOKEN, or log in at /login"})"));
}

TEST_F(SiteTest, ShowsShellsToEverybodyAsTheyHoldNothing) {
  for (const char* path : {"/", "/jobs/7", "/login"}) {
    const auto response = site_.answer(page(path));
    EXPECT_EQ(response->status, 200) << path;
    EXPECT_EQ(response->type, "text/html; charset=utf-8") << path;
    EXPECT_THAT(response->body, HasSubstr("<div id=\"app\"")) << path;
  }
}

TEST_F(SiteTest, ShowsAllWithTheToken) {
  EXPECT_EQ(site_.answer(bearer("/none"))->status, 404);
  EXPECT_EQ(site_.answer(bearer("/api/v1/none"))->type, "application/json");
  EXPECT_EQ(site_.answer(bearer("/api/v1/x")), std::nullopt);
  Request waited = bearer("/api/v1/x");
  waited.waited = true;
  EXPECT_EQ(site_.answer(waited)->body, "{}\n");
}

TEST_F(SiteTest, DecodesThePartsOfAPath) {
  Request request = bearer("/api/v1/jobs/a%2Fb+c%20d/output");
  request.query = "of=1%2B+2";
  EXPECT_EQ(site_.answer(request)->body, "a/b+c d|1+ 2");
  EXPECT_EQ(site_.answer(bearer("/api/v1/jobs//output"))->status, 404);
}

TEST_F(SiteTest, LogsInAndOut) {
  const auto in = site_.answer(login(kToken));
  ASSERT_EQ(in->status, 200);
  const std::string set = header_in(*in, "Set-Cookie");
  EXPECT_THAT(set, HasSubstr("; HttpOnly; SameSite=Strict; Path=/"));
  EXPECT_THAT(set + in->body, Not(HasSubstr(kToken)));
  const json object = json::parse(in->body);
  EXPECT_EQ(object.at("logged_in"), true);
  Request request = page("/api/v1/x");
  request.waited = true;
  request.cookie = set.substr(0, set.find(';'));
  EXPECT_EQ(object, about(request.cookie));
  EXPECT_EQ(site_.answer(request)->status, 200);
  Request out = posted("/api/v1/logout", "{}");
  out.cookie = request.cookie;
  EXPECT_THAT(header_in(*site_.answer(out), "Set-Cookie"), HasSubstr("Max-Age=0"));
  EXPECT_EQ(site_.answer(request)->status, 401);
}

TEST_F(SiteTest, SaysOfASessionWhatItMay) {
  EXPECT_EQ(about(""), json::parse(R"({"version":1,"service":"dashboard","name":"simswarm","simswarm":"1.2.3",
    "logged_in":false,"login":true,"csrf":null,"may_change":false,"local":false,"store":true})"));
  const json in = about(session());
  EXPECT_EQ(in.at("logged_in"), true);
  EXPECT_EQ(in.at("may_change"), true);
  EXPECT_EQ(in.at("csrf").get<std::string>().size(), 64U);
}

TEST_F(SiteTest, TellsTheWordForChangesToNoOtherSite) {
  Request request = page("/api/v1/session");
  request.cookie = session();
  request.fetch_site = "cross-site";
  EXPECT_EQ(json::parse(site_.answer(request)->body).at("csrf"), nullptr);
}

TEST_F(SiteTest, RefusesAWrongTokenAndThenAll) {
  for (std::size_t i = 0; i < FailureLimit::kMost; ++i) {
    const auto response = site_.answer(login("<script>" + kToken));
    EXPECT_EQ(response->status, 401);
    EXPECT_THAT(response->body, HasSubstr("this is not the token"));
    EXPECT_THAT(response->body, Not(HasSubstr(kToken)));
    EXPECT_EQ(header_in(*response, "Set-Cookie"), "");
  }
  const auto response = site_.answer(login(kToken));
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(header_in(*response, "Retry-After"), "60");
}

TEST_F(SiteTest, LimitsWrongTokensOfPrograms) {
  Request wrong = bearer("/api/v1/x");
  wrong.authorization = "Bearer wrong";
  for (std::size_t i = 0; i < FailureLimit::kMost; ++i) EXPECT_EQ(status(wrong), 401);
  EXPECT_EQ(status(wrong), 429);
  EXPECT_EQ(site_.answer(login(kToken))->status, 200) << "people can still log in";
}

TEST_F(SiteTest, TakesNoLoginFromAnotherSite) {
  Request request = login(kToken);
  request.fetch_site = "cross-site";
  EXPECT_EQ(status(request), 403);
  request = login(kToken);
  request.fetch_site.clear();
  request.origin = "http://evil.example";
  EXPECT_EQ(status(request), 403);
  Request out = posted("/api/v1/logout", "{}");
  out.fetch_site = "cross-site";
  EXPECT_EQ(status(out), 403);
}

TEST_F(SiteTest, TakesNoLoginThatIsNoJson) {
  Request form = login(kToken);
  form.content_type = "application/x-www-form-urlencoded";
  form.body = "token=" + kToken;
  EXPECT_EQ(status(form), 400);
  for (const std::string& body : {std::string(), std::string("no json"), std::string("[]"), std::string("\"x\""),
                                  std::string(1000, '['), std::string("{\"token\": \"\xff\"}")}) {
    EXPECT_EQ(status(posted("/api/v1/login", body)), 400) << body.substr(0, 20);
  }
  for (const char* body : {"{}", "{\"token\":7}", "{\"code\":[\"x\"]}", "{\"token\":null}"})
    EXPECT_EQ(status(posted("/api/v1/login", body)), 401) << body;
}

TEST_F(SiteTest, GivesACodeAtTheBeginningAndToWhoHasTheToken) {
  ASSERT_EQ(codes_.size(), 1U);
  const json object = json::parse(site_.answer(bearer("/api/v1/code"))->body);
  EXPECT_EQ(object.at("seconds"), 60);
  for (const std::string& code : {codes_.front(), object.at("code").get<std::string>()}) {
    const Request request = posted("/api/v1/login", json{{"code", code}}.dump());
    const auto in = site_.answer(request);
    ASSERT_EQ(in->status, 200) << in->body;
    const auto again = site_.answer(request);
    EXPECT_EQ(again->status, 401);
    EXPECT_THAT(again->body, HasSubstr("this link has been used, or is older than a minute"));
  }
}

TEST_F(SiteTest, GivesNoCodeToASession) {
  Request request = page("/api/v1/code");
  request.cookie = session();
  EXPECT_EQ(status(request), 403);
}

TEST_F(SiteTest, ChangesForASessionWithItsWord) {
  const std::string cookie = session();
  const std::string csrf = about(cookie).at("csrf");
  EXPECT_EQ(status(change(cookie, csrf)), 200);
  ASSERT_EQ(changed_by_.size(), 1U);
  EXPECT_THAT(changed_by_.front(), testing::MatchesRegex("session [0-9a-f]{8} from unix"));
  EXPECT_EQ(status(change(cookie, "")), 403);
  EXPECT_EQ(status(change(cookie, csrf + "0")), 403);
  EXPECT_EQ(status(change(cookie, about(session()).at("csrf"))), 403) << "of another session";
  EXPECT_EQ(status(change("", csrf)), 401);
  Request other = change(cookie, csrf);
  other.fetch_site = "cross-site";
  EXPECT_EQ(status(other), 403);
  Request form = change(cookie, csrf);
  form.content_type = "text/plain";
  EXPECT_EQ(status(form), 400);
  EXPECT_EQ(changed_by_.size(), 1U);
}

TEST_F(SiteTest, ChangesForAProgramWithTheToken) {
  Request request = posted("/api/v1/x", "{}");
  request.authorization = "Bearer " + kToken;
  request.fetch_site.clear();
  EXPECT_EQ(status(request), 200);
  EXPECT_THAT(changed_by_, ElementsAre("token from unix"));
}

TEST_F(SiteTest, ChangesNothingWhereNothingMayBe) {
  site_ = make(true, false);
  Request request = posted("/api/v1/x", "{}");
  request.authorization = "Bearer " + kToken;
  EXPECT_EQ(status(request), 403);
  EXPECT_EQ(about(session()).at("may_change"), false);
  EXPECT_THAT(changed_by_, IsEmpty());
}

TEST_F(SiteTest, KnowsWhatCanBeChanged) {
  for (const char* path : {"/", "/healthz", "/none", "/api/v1/session"}) {
    Request request = posted(path, "{}");
    request.authorization = "Bearer " + kToken;
    EXPECT_THAT(status(request), testing::AnyOf(404, 405)) << path;
  }
  Request output = posted("/api/v1/jobs/1/output", "{}");
  output.authorization = "Bearer " + kToken;
  const auto response = site_.answer(output);
  EXPECT_EQ(response->status, 405);
  EXPECT_EQ(header_in(*response, "Allow"), "GET, HEAD");
  EXPECT_THAT(changed_by_, IsEmpty());
}

TEST_F(SiteTest, LimitsHowOftenSomethingIsChanged) {
  Request request = posted("/api/v1/x", "{}");
  request.authorization = "Bearer " + kToken;
  int done = 0;
  int last = 0;
  while (done < 1000 && (last = status(request)) == 200) ++done;
  EXPECT_EQ(last, 429);
  EXPECT_GE(done, 50);
  EXPECT_LT(done, 1000);
}

TEST_F(SiteTest, CountsAChangeThatIsOnItsWayOnce) {
  is_slow_ = true;
  Request request = posted("/api/v1/x", "{}");
  request.authorization = "Bearer " + kToken;
  request.number = 7;
  for (int i = 0; i < 500; ++i) EXPECT_EQ(site_.answer(request), std::nullopt);
  request.waited = true;
  EXPECT_EQ(site_.answer(request)->status, 200);
}

TEST_F(SiteTest, NamesRoutesInTheLogAndNotWhatWasAsked) {
  Request waited = bearer("/api/v1/x");
  waited.waited = true;
  EXPECT_EQ(site_.answer(waited)->route, "/api/v1/x");
  EXPECT_EQ(site_.answer(bearer("/api/v1/jobs/" + kToken + "/output"))->route, "/api/v1/jobs/*/output");
  EXPECT_EQ(site_.answer(bearer("/" + kToken))->route, "");
}

TEST_F(SiteTest, IsOpenWithoutATokenUnderItsOwnNames) {
  site_ = make(false);
  EXPECT_EQ(codes_.size(), 1U) << "the one of the first site";
  const json all = about("");
  EXPECT_EQ(all.at("login"), false);
  EXPECT_EQ(all.at("logged_in"), true);
  EXPECT_EQ(status(change("", all.at("csrf"))), 200);
  EXPECT_EQ(status(change("", "")), 403) << "a page of another site does not know it";
  EXPECT_EQ(status(page("/api/v1/code")), 404);
  for (const char* path : {"/", "/api/v1/x", "/api/v1/session", "/assets/dashboard.js"}) {
    Request rebound = page(path);
    rebound.waited = true;
    rebound.host = "evil.example:9181";
    EXPECT_EQ(status(rebound), 403) << path;
    rebound.host = "127.0.0.1:9181";
    EXPECT_EQ(status(rebound), 200) << path;
  }
}

TEST(TroubleResponse, IsJsonForPrograms) {
  const std::string hostile = "\xff\x1b[31m\"</script>";
  const Response api = trouble_response(400, "/api/v1/x", hostile);
  EXPECT_EQ(api.type, "application/json");
  EXPECT_THAT(json::parse(api.body).at("error").get<std::string>(), HasSubstr("\x1b[31m\"</script>"));
  EXPECT_EQ(trouble_response(404, "/x", "none").body, "none\n");
}

}  // namespace
}  // namespace simswarm::web
