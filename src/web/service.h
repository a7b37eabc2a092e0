// A site that is served until it is asked to end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "web/server.h"
#include "web/site.h"

namespace simswarm::web {

struct ServingOptions {
  std::vector<std::string> listen;  // HOST:PORT; only with a token
  std::vector<std::string> sockets;
  std::string token_file;                               // empty: none
  std::function<void(const std::string&)> say;          // what the user should know
  std::function<void(const std::string&)> say_request;  // a line a request; may be empty
};

// Sockets are bound, nothing is answered yet. An error says which option is wrong.
class Service {
 public:
  [[nodiscard]] static Result<Service> open(const ServingOptions& options);

  [[nodiscard]] const std::optional<std::string>& token() const { return token_; }
  [[nodiscard]] Server& server() { return *server_; }
  // Where it listens on ports, «http://127.0.0.1:9181».
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
  // Until the descriptor can be read.
  void run(SiteOptions site, int stop_descriptor);

 private:
  std::unique_ptr<Server> server_;
  std::optional<std::string> token_;
  std::vector<std::string> addresses_;
};

}  // namespace simswarm::web
