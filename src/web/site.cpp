#include "web/site.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace simswarm::web {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kBadRequest = 400;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kNotAllowed = 405;
constexpr int kTooManyRequests = 429;
constexpr double kChangesAtOnce = 50;
constexpr double kChangesASecond = 5;
constexpr std::string_view kAssets = "/assets/";
constexpr std::string_view kApi = "/api/v1/";

// What stands for each «*»; nothing: the path is another one.
std::optional<std::vector<std::string>> parts_of(std::string_view pattern, std::string_view path) {
  const auto wanted = split(pattern, '/');
  const auto given = split(path, '/');
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "*" && !given[i].empty()) {
      parts.push_back(url_decoded(replace_all(std::string(given[i]), "+", "%2B")));
    } else if (wanted[i] != given[i]) {
      return std::nullopt;
    }
  }
  return parts;
}

json parsed(const Request& request) {
  constexpr std::size_t kDeepest = 8;
  return json_depth(request.body) > kDeepest ? json(json::value_t::discarded)
                                             : json::parse(request.body, nullptr, false);
}

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Response too_many(const std::string& path, const std::string& word, std::chrono::seconds wait) {
  Response response = trouble_response(kTooManyRequests, path, word);
  response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  return response;
}

Response denied(const Request& request) {
  Response response = trouble_response(kUnauthorized, request.path,
                                       "a token is needed: Authorization: Bearer TOKEN, or log in at /login");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

// A page of another site cannot send JSON without being asked first, and we allow none.
bool is_json(const Request& request) {
  return request.content_type.starts_with("application/json");
}

}  // namespace

Site::Site(SiteOptions options)
    : options_(std::move(options)), csrf_(random_hex(16)), tokens_(kChangesAtOnce), filled_(Clock::now()) {
  if (options_.token) access_ = std::make_unique<Access>(*options_.token, options_.service);
  options_.token.reset();
  if (access_ && options_.on_code) options_.on_code(access_->make_code(Clock::now()));
}

std::optional<Response> Site::answer(const Request& request) {
  if (!access_ && !is_own_host(request.host))
    return trouble_response(kForbidden, request.path,
                            "this is not served under that name; use localhost or an address");
  const bool is_ready = request.path == "/readyz" && request.method == "GET";
  std::optional<Response> response = is_ready ? options_.ready(request) : answer_anybody(request);
  if (!response && !is_ready) response = answer_route(request);
  // Of what came from outside only names that we know go into the log.
  if (response && is_ready) response->route = "/readyz";
  return response;
}

// Nothing: it is no matter of everybody's.
std::optional<Response> Site::answer_anybody(const Request& request) {
  const auto named = [](const std::string& route, Response response) {
    response.route = route;
    return response;
  };
  const bool is_post = request.method == "POST";
  if (is_post && request.path == "/api/v1/login") return named(request.path, log_in(request));
  if (is_post && request.path == "/api/v1/logout") return named(request.path, log_out(request));
  if (is_post) return std::nullopt;
  if (request.path == "/healthz") return named(request.path, Response{.status = 200, .body = "ok\n"});
  if (request.path == "/api/v1/session") return named(request.path, session(request, who(request)));
  if (request.path.starts_with(kAssets)) {
    const Asset* asset = find_asset(std::string_view(request.path).substr(kAssets.size()));
    if (asset != nullptr) return named(request.path, asset_response(*asset, request));
  }
  if (request.path == "/favicon.ico") return named(request.path, asset_response(*find_asset("favicon.svg"), request));
  const auto page = std::ranges::find_if(
      options_.pages, [&](const std::string& one) { return parts_of(one, request.path).has_value(); });
  const bool is_page = request.path == "/login" || page != options_.pages.end();
  if (!is_page) return std::nullopt;
  // The shell holds nothing that is secret.
  const std::string route = page == options_.pages.end() ? request.path : *page;
  return named(route, asset_response(*find_asset(options_.service + ".html"), request));
}

Access::Who Site::who(const Request& request) {
  if (!access_) return {Verdict::kAllowed, "somebody", csrf_};
  return access_->check(request, Clock::now());
}

std::optional<Response> Site::answer_route(const Request& request) {
  const Access::Who asks = who(request);
  if (asks.verdict == Verdict::kTooMany)
    return too_many(request.path, "too many wrong tokens; wait a minute", FailureLimit::kWithin);
  if (asks.verdict == Verdict::kDenied) return denied(request);
  const bool is_post = request.method == "POST";
  if (!is_post && request.path == "/api/v1/code") return code(request, asks);
  if (!is_post && request.path == "/api/v1/openapi.json") return json_response(std::string(openapi()));
  bool is_known = false;
  for (const Route& route : options_.routes) {
    const auto parts = parts_of(route.path, request.path);
    if (!parts) continue;
    is_known = true;
    if (route.method != request.method) continue;
    const Call call{request, *parts, fmt::format("{} from {}", asks.name, request.peer)};
    std::optional<Response> response = is_post ? change(call, route, asks) : route.handle(call);
    if (response) response->route = route.path;
    return response;
  }
  if (!is_known) return trouble_response(kNotFound, request.path, "there is nothing of that name here");
  Response response = trouble_response(kNotAllowed, request.path,
                                       is_post ? "nothing can be changed here" : "this is changed with POST");
  response.headers.emplace_back("Allow", is_post ? "GET, HEAD" : "POST");
  return response;
}

// A change is for who has logged in here, by a page of ours.
std::optional<Response> Site::change(const Call& call, const Route& route, const Access::Who& asks) {
  const Request& request = call.request;
  if (!options_.may_change) return trouble_response(kForbidden, request.path, "nothing can be changed here");
  if (!is_json(request)) return trouble_response(kBadRequest, request.path, "the body is to be application/json");
  const bool is_ours = is_same_site(request) && equal_in_constant_time(request.csrf, asks.csrf);
  if (!asks.csrf.empty() && !is_ours)
    return trouble_response(kForbidden, request.path,
                            "this does not come from a page of ours: X-Simswarm-Csrf is missing or wrong");
  // Asked again when its answer is there: that is no further change.
  if (request.number > last_change_) {
    if (!may_go_on(Clock::now())) return too_many(request.path, "too many changes at once", std::chrono::seconds(1));
    last_change_ = request.number;
  }
  return route.handle(call);
}

bool Site::may_go_on(Monotonic now) {
  tokens_ = std::min(kChangesAtOnce, tokens_ + kChangesASecond * Seconds(now - filled_).count());
  filled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

Response Site::session(const Request& request, const Access::Who& asks) const {
  const bool is_in = asks.verdict == Verdict::kAllowed;
  json object{{"version", 1},       {"service", options_.service},
              {"name", "simswarm"}, {"simswarm", options_.version},
              {"logged_in", is_in}, {"login", access_ != nullptr},
              {"csrf", nullptr},    {"may_change", options_.may_change && is_in}};
  if (is_in && is_same_site(request)) object["csrf"] = asks.csrf;
  for (const auto& [name, value] : options_.about) object[name] = value;
  return json_response(object.dump());
}

Response Site::log_in(const Request& request) {
  if (!is_same_site(request)) return trouble_response(kForbidden, request.path, "this comes from another site");
  if (!is_json(request)) return trouble_response(kBadRequest, request.path, "the body is to be application/json");
  if (!access_) return session(request, who(request));
  const json given = parsed(request);
  if (!given.is_object())
    return trouble_response(kBadRequest, request.path, "the body is to be an object with «token»");
  const Access::Login login =
      access_->log_in(request.peer, text_in(given, "token"), text_in(given, "code"), Clock::now());
  if (login.verdict == Verdict::kTooMany)
    return too_many(request.path, "too many wrong tokens; wait a minute", FailureLimit::kWithin);
  if (login.verdict == Verdict::kDenied) {
    const bool is_code = !text_in(given, "code").empty();
    return trouble_response(kUnauthorized, request.path,
                            is_code ? "this link has been used, or is older than a minute: make a new one, or log in "
                                      "with the token"
                                    : "this is not the token");
  }
  Request again = request;
  again.cookie = login.cookie.substr(0, login.cookie.find(';'));
  again.authorization.clear();
  Response response = session(again, who(again));
  response.headers.emplace_back("Set-Cookie", login.cookie);
  return response;
}

Response Site::log_out(const Request& request) {
  if (!is_same_site(request)) return trouble_response(kForbidden, request.path, "this comes from another site");
  Response response = json_response(R"({"version":1})");
  if (access_) response.headers.emplace_back("Set-Cookie", access_->log_out(request));
  return response;
}

// For who has the token and opens a browser: what it opens need not be kept secret for long.
Response Site::code(const Request& request, const Access::Who& asks) {
  if (!access_) return trouble_response(kNotFound, request.path, "no token is needed here");
  // Not for a session: it would never end.
  if (!asks.csrf.empty()) return trouble_response(kForbidden, request.path, "only for who has the token");
  const json object{{"version", 1}, {"code", access_->make_code(Clock::now())}, {"seconds", Access::kCodeAge.count()}};
  return json_response(object.dump());
}

Response json_response(std::string body, int status) {
  Response response;
  response.status = status;
  response.type = "application/json";
  response.body = std::move(body) + "\n";
  return response;
}

Response text_response(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response trouble_response(int status, const std::string& path, const std::string& word) {
  if (path.starts_with(kApi)) {
    const json object{{"version", 1}, {"error", word}};
    return json_response(object.dump(-1, ' ', false, json::error_handler_t::replace), status);
  }
  Response response;
  response.status = status;
  response.body = word + "\n";
  return response;
}

}  // namespace simswarm::web
