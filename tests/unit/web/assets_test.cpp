// What is built of web/, as it is served.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "web/site.h"

namespace simswarm::web {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string header_in(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(Assets, AreThereForBothServices) {
  for (const char* name : {"dashboard.html", "dashboard.js", "visualizer.html", "visualizer.js", "style.css",
                           "favicon.svg", "openapi.json"})
    EXPECT_NE(find_asset(name), nullptr) << name;
  EXPECT_EQ(find_asset(""), nullptr);
  EXPECT_EQ(find_asset("../CMakeLists.txt"), nullptr);
  EXPECT_EQ(find_asset("dashboard.js")->type, "text/javascript; charset=utf-8");
  EXPECT_EQ(find_asset("style.css")->type, "text/css; charset=utf-8");
}

TEST(Assets, HoldNothingInlineAndNothingOfOthers) {
  for (const char* name : {"dashboard.html", "visualizer.html"}) {
    const std::string html(find_asset(name)->plain);
    EXPECT_THAT(html, HasSubstr("width=device-width")) << name;
    EXPECT_THAT(html, HasSubstr("type=\"module\" src=\"/assets/")) << name;
    for (const char* never : {"style=", "<style", "onclick", "http://", "https://", "<script>"})
      EXPECT_THAT(html, Not(HasSubstr(never))) << name;
  }
  const std::string_view style = find_asset("style.css")->plain;
  EXPECT_NE(style.find("[data-theme=dark]"), std::string_view::npos);
  for (const char* never : {"url(http", "@import", "//"}) EXPECT_EQ(style.find(never), std::string_view::npos) << never;
  EXPECT_THAT(std::string(kContentPolicy), Not(HasSubstr("unsafe")));
}

TEST(Assets, ArePackedForWhoTakesIt) {
  const Asset& asset = *find_asset("dashboard.js");
  const Response plain = asset_response(asset, {});
  const Response packed = asset_response(asset, {.takes_gzip = true});
  EXPECT_EQ(plain.body, asset.plain);
  EXPECT_FALSE(plain.is_packed);
  EXPECT_EQ(packed.body, asset.packed);
  EXPECT_TRUE(packed.is_packed);
  EXPECT_LT(packed.body.size() * 2, plain.body.size());
  EXPECT_EQ(header_in(packed, "Vary"), "Accept-Encoding");
}

TEST(Assets, AreNotSentAgainWhileTheyAreTheSame) {
  const Asset& asset = *find_asset("style.css");
  const std::string tag = header_in(asset_response(asset, {}), "ETag");
  EXPECT_THAT(tag, testing::MatchesRegex("\"[0-9a-f]{16}\""));
  const Response same = asset_response(asset, {.if_none_match = tag, .takes_gzip = true});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_FALSE(same.is_packed);
  EXPECT_EQ(asset_response(asset, {.if_none_match = "\"0000000000000000\""}).status, 200);
  EXPECT_NE(tag, find_asset("dashboard.js")->tag);
}

TEST(OpenApi, IsJsonOfAKnownVersion) {
  const auto object = nlohmann::json::parse(openapi());
  EXPECT_EQ(object.at("openapi"), "3.1.0");
  EXPECT_TRUE(object.at("paths").is_object());
}

}  // namespace
}  // namespace simswarm::web
