// One question over HTTP/1.1, by GET alone, to a Unix socket or a TCP port; each over a connection of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/error.h"

namespace simswarm::engine {

// Where a server listens.
struct Endpoint {
  std::string socket{};  // a path; then host and port do not count
  std::string host{};
  int port = 80;

  [[nodiscard]] std::string shown() const;  // «unix:///path», «http://host:port»
};

// unix:///path, http://host[:port][/], or an absolute path of a Unix socket.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

struct HttpLimits {
  std::chrono::milliseconds timeout{5'000};        // for all of it
  std::size_t most_bytes = std::size_t{64} << 20;  // of the answer's body
  std::string authorization{};                     // the header of this name; empty: none
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// One line that names the endpoint; the system's error number where there is one, else 0.
struct HttpFailure {
  int error_number = 0;
  std::string message;
};

// `target` is what stands behind the host: «/nodes»; the caller vouches for its characters.
[[nodiscard]] tl::expected<HttpAnswer, HttpFailure> http_get(const Endpoint& endpoint, const std::string& target,
                                                             const HttpLimits& limits = {});

}  // namespace simswarm::engine
