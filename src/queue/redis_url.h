// Where a Redis server is, from its URL.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace simswarm::jobs {

// redis://[[user]:password@]host[:port][/database], rediss:// for TLS, unix://[[user]:password@]/path[?db=number].
struct RedisAddress {
  std::string host;
  int port = 6379;
  std::string socket;  // a path: then host and port do not count
  std::string user;    // of an ACL; empty: the default user
  std::string password;
  int database = 0;
  bool tls = false;

  // Without the password: this is what messages show.
  [[nodiscard]] std::string shown() const;
};

[[nodiscard]] Result<RedisAddress> parse_redis_url(std::string_view url);

// Any text that should have been a URL, with what may be a password left out.
[[nodiscard]] std::string without_password(std::string_view url);

}  // namespace simswarm::jobs
