// An event-driven HTTP/1.1 server: one thread, any number of open pages. It knows HTTP and its limits; what is answered
// a handler says.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "web/listen.h"

namespace simswarm::web {

// As it came: nothing of it can be trusted. Headers that there are several of are joined by commas.
struct Request {
  std::string method{};  // GET or POST; HEAD is GET here, and gets no body
  std::string path{};    // begins with «/»; neither decoded nor normalized
  std::string query{};   // behind the «?»
  std::string body{};
  std::string host{}, accept{}, cookie{}, authorization{}, origin{}, fetch_site{}, content_type{};
  std::string csrf{};  // X-Simswarm-Csrf
  std::string if_none_match{};
  std::string peer{};        // address, or «unix»
  std::uint64_t number = 0;  // of this server's requests: the same when the handler is asked again
  bool takes_gzip = false;
  bool waited = false;  // it has waited long enough: now it has to be answered
};

struct Response {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  bool may_be_stored = false;  // by the browser, which asks whether it is still the same
  bool is_packed = false;      // the body is gzip
  bool is_stream = false;      // it does not end: publish() goes on with it
  std::string route{};         // what was asked for, for the log: never what came from outside
};

// Called by the server's thread. Nothing: it is on its way; the handler is asked again after wake(), and after
// Limits::patience with `waited` for the last time.
using Handler = std::function<std::optional<Response>(const Request&)>;

struct Limits {
  std::size_t connections = 600;  // beyond these the one that has waited longest for a request is closed
  std::size_t streams = 400;      // of these; a client that comes when there are as many is told to come later
  std::uint32_t header = 16U << 10U;
  std::uint64_t body = 64U << 10U;
  std::size_t target = 2048;
  std::chrono::milliseconds idle{60'000};      // until a request begins
  std::chrono::milliseconds request{10'000};   // from its first byte to its last
  std::chrono::milliseconds patience{10'000};  // that a request waits for what is on its way
  std::chrono::milliseconds beat{15'000};      // of streams on which nothing else is said
  std::size_t backlog = 256U << 10U;           // bytes that a stream may be behind; then it is closed
  std::chrono::milliseconds response{20'000};  // that a client may take to read an answer
};

struct ServerOptions {
  Limits limits{};
  std::function<void(const std::string&)> say_request{};  // a line a request; may be empty
};

class Server {
 public:
  Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  virtual ~Server() = default;

  // Once. Until the descriptor can be read: then what is being answered is finished, for a second at most.
  virtual void run(const Handler& handler, int stop_descriptor) = 0;
  // There is news for those that wait. From any thread, as long as the server is there.
  virtual void wake() = 0;
  // Says this on all streams. From any thread, as long as the server is there.
  virtual void publish(std::string piece) = 0;
  // How many streams there are. From any thread.
  [[nodiscard]] virtual std::size_t streams() const = 0;
};

[[nodiscard]] std::unique_ptr<Server> make_server(std::vector<Listening> listening, ServerOptions options);

// No script, style or anything else but from here, and nothing inline.
inline constexpr const char* kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action "
    "'self'; "
    "base-uri 'none'; frame-ancestors 'none'";

}  // namespace simswarm::web
