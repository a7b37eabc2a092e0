// TLS for connections to Redis: whom they trust and who they are. Where this simswarm was built with a hiredis that has
// no TLS, there is no client of it, and the error says so.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "queue/redis_url.h"

struct ssl_st;      // OpenSSL's SSL, as hiredis takes it
struct ssl_ctx_st;  // and SSL_CTX

namespace simswarm::jobs {

struct FreeTls {
  void operator()(ssl_st* session) const;
  void operator()(ssl_ctx_st* context) const;
};
using TlsSession = std::unique_ptr<ssl_st, FreeTls>;

class TlsClient {
 public:
  // Reads the files that the URL names. An error is about them: trying again does not help.
  [[nodiscard]] static Result<TlsClient> make(const RedisAddress& address);

  // For one connection, not begun yet. Its handshake fails where the server's certificate comes from no authority that
  // is trusted, has run out, or is for another host. Null: no memory.
  [[nodiscard]] TlsSession session() const;

 private:
  TlsClient(std::unique_ptr<ssl_ctx_st, FreeTls> context, const RedisAddress& address);
  std::unique_ptr<ssl_ctx_st, FreeTls> context_;
  std::string host_;
  bool check_name_;
};

// Why TLS came to nothing, and what may help; both empty where it was for another reason.
struct TlsTrouble {
  std::string why;
  std::string advice;
};

// OpenSSL keeps the troubles of a thread until they are forgotten: to be called before what tls_trouble() is to
// explain.
void forget_tls_trouble();
// Of a session whose handshake failed; null: of a connection that was made.
[[nodiscard]] TlsTrouble tls_trouble(ssl_st* session);

}  // namespace simswarm::jobs
