// The shells, scripts and styles of the pages: served as files of their own, since the pages' policy takes nothing
// inline.
#include <algorithm>
#include <map>

#include "base/digest.h"
#include "web/pages.h"
#include "web/site.h"

namespace simswarm::web {
namespace {

constexpr int kNotModified = 304;
constexpr std::size_t kTagDigits = 16;

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  return name.ends_with(".json") ? "application/json" : "image/svg+xml";
}

}  // namespace

std::string_view openapi() {
  return find_asset("openapi.json")->plain;
}

const Asset* find_asset(std::string_view name) {
  static const std::map<std::string_view, Asset> assets = [] {
    std::map<std::string_view, Asset> all;
    for (const EmbeddedPage& page : embedded_pages()) {
      all[page.name] = {type_of(page.name), page.plain, page.packed,
                        '"' + digest_of(page.plain).hex().substr(0, kTagDigits) + '"'};
    }
    return all;
  }();
  const auto found = assets.find(name);
  return found == assets.end() ? nullptr : &found->second;
}

Response asset_response(const Asset& asset, const Request& request) {
  Response response;
  response.type = asset.type;
  response.may_be_stored = true;
  response.headers.emplace_back("ETag", asset.tag);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (request.if_none_match == asset.tag) {
    response.status = kNotModified;
    return response;
  }
  response.is_packed = request.takes_gzip;
  response.body = request.takes_gzip ? asset.packed : asset.plain;
  return response;
}

}  // namespace simswarm::web
