// Where a Redis server is, from its URL.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace simswarm::jobs {

// What a URL of rediss:// says after the «?», by redis-py's names. Paths of files of PEM; empty: left out.
struct RedisTls {
  bool verify = true;       // ssl_cert_reqs: none leaves the server's certificate and name unchecked
  bool check_name = true;   // ssl_check_hostname: the certificate is for the host of the URL
  std::string authorities;  // ssl_ca_certs: in place of the system's
  std::string certificate;  // ssl_certfile: who we are
  std::string key;          // ssl_keyfile: where it does not stand in the certificate's file
};

// redis://[[user]:password@]host[:port][/database], rediss:// for TLS, unix://[[user]:password@]/path; behind that
// ?name=value&name=value: db for all, and for rediss:// those of RedisTls.
struct RedisAddress {
  std::string host;
  int port = 6379;
  std::string socket;  // a path: then host and port do not count
  std::string user;    // of an ACL; empty: the default user
  std::string password;
  int database = 0;
  bool tls = false;
  RedisTls tls_options;
  // Asked when the server refuses the password: another one, or nothing. Null: there is no other.
  std::function<std::optional<std::string>()> fresh_password{};

  // Without the password: this is what messages show.
  [[nodiscard]] std::string shown() const;
};

[[nodiscard]] Result<RedisAddress> parse_redis_url(std::string_view url);
// The same; `fresh_url`, which may be null, tells the URL with the password that holds by the time it is asked.
[[nodiscard]] Result<RedisAddress> parse_redis_url(std::string_view url,
                                                   const std::function<Result<std::string>()>& fresh_url);

// Any text that should have been a URL, with what may be a password left out, and what stands behind the «?».
[[nodiscard]] std::string without_password(std::string_view url);

}  // namespace simswarm::jobs
