#include "web/site.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "web/html.h"

namespace simswarm::web {
namespace {

constexpr int kSeeOther = 303;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kNotAllowed = 405;
constexpr int kTooManyRequests = 429;

Response asset(std::string_view type, std::string_view text) {
  Response response;
  response.type = type;
  response.body = text;
  response.may_be_stored = true;
  return response;
}

Response to_front() {
  Response response;
  response.status = kSeeOther;
  response.headers.emplace_back("Location", "/");
  return response;
}

bool is_api(const std::string& path) {
  return path.starts_with("/api/");
}

}  // namespace

Site::Site(SiteOptions options) : options_(std::move(options)) {
  if (options_.token) access_ = std::make_unique<Access>(*options_.token, options_.service);
  options_.token.reset();
}

std::optional<Response> Site::answer(const Request& request) {
  if (std::optional<Response> response = answer_anybody(request)) return response;
  // The handler of /readyz may have to wait.
  if (request.path == "/readyz") return std::nullopt;
  const Verdict verdict = access_ ? access_->check(request, std::chrono::steady_clock::now()) : Verdict::kAllowed;
  if (verdict == Verdict::kTooMany) return too_many();
  if (verdict == Verdict::kDenied) return denied(request);
  std::optional<Response> response = answer_allowed(request);
  if (response && response->status != kNotFound) response->route = request.path;
  return response;
}

// Nothing: it is no matter of everybody's.
std::optional<Response> Site::answer_anybody(const Request& request) {
  const auto named = [&](Response response) {
    response.route = request.path;
    return response;
  };
  const bool is_post = request.method == "POST";
  if (is_post && request.path == "/login" && access_) return named(log_in(request));
  if (is_post && request.path == "/logout" && access_) return named(log_out(request));
  if (is_post) {
    Response response = trouble_response(kNotAllowed, request.path, "nothing can be changed here");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (request.path == "/healthz") return named({.status = 200, .body = "ok\n"});
  if (request.path == "/readyz") {
    std::optional<Response> response = options_.ready(request);
    return response ? std::optional(named(std::move(*response))) : std::nullopt;
  }
  if (!access_ && !is_own_host(request.host))
    return trouble_response(kForbidden, request.path,
                            "this is not served under that name; use localhost or an address");
  if (request.path == "/style.css") return named(asset("text/css; charset=utf-8", style_sheet()));
  if (request.path == "/login") return named(access_ ? login_page(200, "") : to_front());
  return std::nullopt;
}

std::optional<Response> Site::answer_allowed(const Request& request) {
  if (request.path == "/script.js") return asset("text/javascript; charset=utf-8", script());
  const auto page = options_.pages.find(request.path);
  if (page != options_.pages.end()) return page->second(request);
  return trouble_response(kNotFound, request.path, "there is nothing of that name here");
}

Response Site::log_in(const Request& request) {
  if (!is_same_site(request)) return trouble_response(kForbidden, request.path, "this comes from another site");
  const Access::Login login = access_->log_in(request, std::chrono::steady_clock::now());
  if (login.verdict == Verdict::kTooMany) return too_many();
  if (login.verdict == Verdict::kDenied) return login_page(kUnauthorized, "This is not the token.");
  Response response = to_front();
  response.headers.emplace_back("Set-Cookie", login.cookie);
  return response;
}

Response Site::log_out(const Request& request) {
  if (!is_same_site(request)) return trouble_response(kForbidden, request.path, "this comes from another site");
  Response response = to_front();
  response.headers.emplace_back("Set-Cookie", access_->log_out(request));
  return response;
}

Response Site::login_page(int status, const std::string& word) const {
  Frame frame{.title = options_.title, .body = "", .refreshes = false};
  frame.body = fmt::format("<h1>{}</h1>\n", escaped(options_.title));
  if (!word.empty()) frame.body += trouble_html({word});
  frame.body +=
      "<form method=\"post\" action=\"/login\" class=\"login\">\n"
      "<label for=\"token\">Token</label>\n"
      "<input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus>\n"
      "<button type=\"submit\">Log in</button>\n</form>\n";
  return page_response(frame, status);
}

// Browsers get the login page in place of what they wanted, programs a line.
Response Site::denied(const Request& request) const {
  const bool wants_page = !is_api(request.path) && request.accept.find("text/html") != std::string::npos;
  Response response = wants_page
                          ? login_page(kUnauthorized, "")
                          : trouble_response(kUnauthorized, request.path,
                                             "a token is needed: Authorization: Bearer TOKEN, or log in at /login");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Response Site::too_many() const {
  Response response = trouble_response(kTooManyRequests, "", "too many wrong tokens; wait a minute");
  response.headers.emplace_back("Retry-After", std::to_string(FailureLimit::kWithin.count()));
  return response;
}

Response json_response(std::string body, int status) {
  Response response;
  response.status = status;
  response.type = "application/json";
  response.body = std::move(body) + "\n";
  return response;
}

Response trouble_response(int status, const std::string& path, const std::string& word) {
  using nlohmann::json;
  if (is_api(path)) {
    const json object{{"version", 1}, {"error", word}};
    return json_response(object.dump(-1, ' ', false, json::error_handler_t::replace), status);
  }
  Response response;
  response.status = status;
  response.body = word + "\n";
  return response;
}

Response page_response(const Frame& frame, int status) {
  const std::string_view refreshing =
      "<script src=\"/script.js\" defer></script>\n<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n";
  const std::string_view log_out =
      "<form method=\"post\" action=\"/logout\" class=\"logout\"><button type=\"submit\">Log out</button></form>\n";
  Response response;
  response.status = status;
  response.type = "text/html; charset=utf-8";
  response.body = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n"
      "<link rel=\"stylesheet\" href=\"/style.css\">\n{}</head>\n<body>\n{}<main>\n{}</main>\n"
      "<p id=\"away\" role=\"status\" hidden></p>\n</body>\n</html>\n",
      escaped(frame.title), frame.refreshes ? refreshing : "", frame.may_log_out ? log_out : "", frame.body);
  return response;
}

std::string trouble_html(const std::vector<std::string>& troubles) {
  if (troubles.empty()) return "";
  std::string html = "<ul class=\"trouble\" aria-label=\"What is wrong\">\n";
  for (const std::string& one : troubles) html += fmt::format("<li>{}</li>\n", escaped(one));
  return html + "</ul>\n";
}

}  // namespace simswarm::web
