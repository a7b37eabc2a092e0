// What both services have in common: who may see what, health, login, assets, the frame of a page.
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

struct SiteOptions {
  std::string service;  // dashboard, visualizer
  std::string title;
  std::optional<std::string> token;      // none: whoever comes may see all
  std::map<std::string, Handler> pages;  // by path
  Handler ready;                         // of /readyz; seen by anybody: it names no secret
};

// Used by the server's thread alone.
class Site {
 public:
  explicit Site(SiteOptions options);
  [[nodiscard]] std::optional<Response> answer(const Request& request);

 private:
  [[nodiscard]] std::optional<Response> answer_anybody(const Request& request);
  [[nodiscard]] std::optional<Response> answer_allowed(const Request& request);
  [[nodiscard]] Response log_in(const Request& request);
  [[nodiscard]] Response log_out(const Request& request);
  [[nodiscard]] Response login_page(int status, const std::string& word) const;
  [[nodiscard]] Response denied(const Request& request) const;
  [[nodiscard]] Response too_many() const;

  SiteOptions options_;
  std::unique_ptr<Access> access_;  // null: everybody
};

// A plain line, or {"version":1,"error":"…"} where a program asks for the API.
[[nodiscard]] Response trouble_response(int status, const std::string& path, const std::string& word);
[[nodiscard]] Response json_response(std::string body, int status = 200);

// A whole page: `body` is HTML with all values escaped. Pages that refresh themselves do so without the reader's place
// being lost; without scripts the browser loads them anew.
struct Frame {
  std::string title;
  std::string body;
  bool refreshes = true;
  bool may_log_out = false;
};
[[nodiscard]] Response page_response(const Frame& frame, int status = 200);

// What is wrong, as a list; nothing where nothing is.
[[nodiscard]] std::string trouble_html(const std::vector<std::string>& troubles);

[[nodiscard]] std::string_view style_sheet();
[[nodiscard]] std::string_view script();

}  // namespace simswarm::web
