// What both services have in common: who may see and change what, health, login, the shells and assets of pages.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "web/access.h"
#include "web/server.h"

namespace simswarm::web {

// A request that a route was found for, of somebody who may ask.
struct Call {
  const Request& request;
  std::vector<std::string> parts;  // what stands for each «*» of the route, decoded
  std::string who;                 // for the log

  // Of the query; empty: it is not there.
  [[nodiscard]] std::string query(std::string_view name) const { return form_value(request.query, name); }
};

// Nothing: it is on its way, as with Handler.
using Handle = std::function<std::optional<Response>(const Call&)>;

struct Route {
  std::string method;  // GET, POST
  std::string path;    // «/api/v1/jobs/*»: a «*» is one part
  Handle handle;
};

struct SiteOptions {
  std::string service;               // dashboard, visualizer
  std::optional<std::string> token;  // none: whoever comes may see all
  std::string version;               // of simswarm
  std::vector<Route> routes;
  std::vector<std::string> pages;     // whose shell is served: «/», «/jobs/*»
  Handler ready;                      // of /readyz; seen by anybody: it names no secret
  std::map<std::string, bool> about;  // what the session's answer says besides: «local», «store»
  bool may_change = false;
  std::function<void(const std::string&)> on_code{};  // is given a code that opens a session once, at the beginning
};

// Used by the server's thread alone.
class Site {
 public:
  explicit Site(SiteOptions options);
  [[nodiscard]] std::optional<Response> answer(const Request& request);

 private:
  [[nodiscard]] std::optional<Response> answer_anybody(const Request& request);
  [[nodiscard]] std::optional<Response> answer_route(const Request& request);
  [[nodiscard]] Access::Who who(const Request& request);
  [[nodiscard]] Response session(const Request& request, const Access::Who& who) const;
  [[nodiscard]] Response log_in(const Request& request);
  [[nodiscard]] Response log_out(const Request& request);
  [[nodiscard]] Response code(const Request& request, const Access::Who& asks);
  [[nodiscard]] std::optional<Response> change(const Call& call, const Route& route, const Access::Who& who);
  [[nodiscard]] bool may_go_on(Monotonic now);

  SiteOptions options_;
  std::unique_ptr<Access> access_;  // null: everybody
  std::string csrf_;                // without sessions
  std::uint64_t last_change_ = 0;   // number of its request
  double tokens_;                   // of changes that may be made now
  Monotonic filled_{};
};

// A plain line, or {"version":1,"error":"…"} where a program asks for the API.
[[nodiscard]] Response trouble_response(int status, const std::string& path, const std::string& word);
[[nodiscard]] Response json_response(std::string body, int status = 200);
[[nodiscard]] Response text_response(std::string body);

// What is built of web/: null where there is none of this name.
struct Asset {
  std::string_view type, plain, packed;  // `packed`: gzip
  std::string tag;                       // changes with the content
};
[[nodiscard]] const Asset* find_asset(std::string_view name);
// What the API answers, described (web/openapi.json).
[[nodiscard]] std::string_view openapi();
[[nodiscard]] Response asset_response(const Asset& asset, const Request& request);

}  // namespace simswarm::web
