#include "queue/redis_tls.h"

#if SIMSWARM_REDIS_TLS
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <fstream>
#endif

namespace simswarm::jobs {

#if SIMSWARM_REDIS_TLS

namespace {

// The last of this thread's troubles in OpenSSL's words.
std::string last_trouble() {
  const unsigned long error = ::ERR_peek_last_error();
  if (error == 0) return "";
  const char* reason = ::ERR_reason_error_string(error);
  if (reason != nullptr) return reason;
  std::array<char, 256> text{};
  ::ERR_error_string_n(error, text.data(), text.size());
  return text.data();
}

bool is_ip_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

// OpenSSL would ask for the password of a key at the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

tl::unexpected<Error> wrong_file(const RedisAddress& address, std::string_view option, const std::string& path,
                                 std::string_view what) {
  errno = 0;
  if (!std::ifstream(path).is_open()) {
    return system_error(errno, fmt::format("queue {}: {}: cannot read '{}'", address.shown(), option, path));
  }
  const std::string why = last_trouble();
  return environment_error("queue {}: {}: '{}' {}{}", address.shown(), option, path, what,
                           why.empty() ? "" : " (" + why + ")");
}

Status read_own_certificate(ssl_ctx_st* context, const RedisAddress& address) {
  const RedisTls& tls = address.tls_options;
  if (tls.certificate.empty()) return {};
  if (::SSL_CTX_use_certificate_chain_file(context, tls.certificate.c_str()) != 1) {
    return wrong_file(address, "ssl_certfile", tls.certificate, "holds no certificate");
  }
  const bool apart = !tls.key.empty();
  const std::string& key = apart ? tls.key : tls.certificate;
  if (::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1) return {};
  return wrong_file(address, apart ? "ssl_keyfile" : "ssl_certfile", key,
                    "holds no key of the certificate that can be read without a password");
}

}  // namespace

void FreeTls::operator()(ssl_st* session) const {
  ::SSL_free(session);
}

void FreeTls::operator()(ssl_ctx_st* context) const {
  ::SSL_CTX_free(context);
}

TlsClient::TlsClient(std::unique_ptr<ssl_ctx_st, FreeTls> context, const RedisAddress& address)
    : context_(std::move(context)),
      host_(address.host),
      check_name_(address.tls_options.verify && address.tls_options.check_name) {}

Result<TlsClient> TlsClient::make(const RedisAddress& address) {
  forget_tls_trouble();
  std::unique_ptr<ssl_ctx_st, FreeTls> context(::SSL_CTX_new(::TLS_client_method()));
  if (!context) return environment_error("queue {}: no TLS: {}", address.shown(), last_trouble());
  const RedisTls& tls = address.tls_options;
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // A server that was killed says no goodbye. Redis's protocol knows by itself where a reply ends.
  ::SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_default_passwd_cb(context.get(), no_password);
  ::SSL_CTX_set_verify(context.get(), tls.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (tls.authorities.empty()) {
    ::SSL_CTX_set_default_verify_paths(context.get());
  } else if (::SSL_CTX_load_verify_locations(context.get(), tls.authorities.c_str(), nullptr) != 1) {
    return wrong_file(address, "ssl_ca_certs", tls.authorities, "holds no certificate");
  }
  SIMSWARM_CHECK(read_own_certificate(context.get(), address));
  return TlsClient(std::move(context), address);
}

TlsSession TlsClient::session() const {
  TlsSession session(::SSL_new(context_.get()));
  if (!session) return nullptr;
  const bool by_number = is_ip_address(host_);
  if (!by_number && ::SSL_set_tlsext_host_name(session.get(), host_.c_str()) != 1) return nullptr;
  if (!check_name_) return session;
  X509_VERIFY_PARAM* wanted = ::SSL_get0_param(session.get());
  ::X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int set = by_number ? ::X509_VERIFY_PARAM_set1_ip_asc(wanted, host_.c_str())
                            : ::X509_VERIFY_PARAM_set1_host(wanted, host_.c_str(), host_.size());
  return set == 1 ? std::move(session) : nullptr;  // without the check there is no connection
}

void forget_tls_trouble() {
  ::ERR_clear_error();
}

TlsTrouble tls_trouble(ssl_st* session) {
  const bool verifies = session != nullptr && ::SSL_get_verify_mode(session) != SSL_VERIFY_NONE;
  const long verdict = verifies ? ::SSL_get_verify_result(session) : X509_V_OK;
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return {"the server's certificate is for another host", "write the name that stands in it"};
  }
  if (verdict != X509_V_OK) {
    return {fmt::format("the server's certificate is not trusted ({})", ::X509_verify_cert_error_string(verdict)),
            "name its authority with ?ssl_ca_certs=FILE"};
  }
  if (ERR_SYSTEM_ERROR(::ERR_peek_last_error())) return {};  // of the socket: errno says it
  const std::string last = last_trouble();
  if (last.empty()) return {};
  if (last.find(" alert ") != std::string::npos) {
    return {fmt::format("the server refuses TLS ({})", last), "does it want a certificate, ?ssl_certfile=FILE?"};
  }
  return {fmt::format("what answers there does not speak TLS ({})", last), "look at the port; redis:// is without TLS"};
}

#else

void FreeTls::operator()(ssl_st* /*session*/) const {}
void FreeTls::operator()(ssl_ctx_st* /*context*/) const {}

Result<TlsClient> TlsClient::make(const RedisAddress& address) {
  return environment_error(
      "queue {}: rediss:// (TLS) is not spoken by this simswarm: it was built with a hiredis that has no TLS; write "
      "redis:// or unix:// and use a tunnel, or build it with hiredis 1.0 or newer",
      address.shown());
}

TlsSession TlsClient::session() const {
  return nullptr;
}

void forget_tls_trouble() {}

TlsTrouble tls_trouble(ssl_st* /*session*/) {
  return {};
}

#endif

}  // namespace simswarm::jobs
