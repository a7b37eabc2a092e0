// Sockets that listen, on TCP ports and in the file system.
#pragma once

#include <string>

#include "base/files.h"

namespace simswarm::web {

class Listening {
 public:
  Listening() = default;
  Listening(Listening&&) noexcept = default;
  Listening& operator=(Listening&&) noexcept = delete;
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening();  // removes the socket from the file system, unless another has taken its place

  Fd fd;              // does not block
  std::string shown;  // «http://127.0.0.1:9181», «unix:///path»
  fs::path socket;    // empty: a TCP port
  FileIdentity identity{};
};

// HOST:PORT, an IPv6 address in brackets; port 0 is any that is free.
[[nodiscard]] Result<Listening> listen_tcp(const std::string& address);
// With mode 0660. A socket that nobody listens at any more is replaced; one that is served, and what is no socket, are
// left alone: an error.
[[nodiscard]] Result<Listening> listen_unix(const fs::path& path);

}  // namespace simswarm::web
