#include "queue/redis_url.h"

#include <fmt/core.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/text.h"

namespace simswarm::jobs {
namespace {

// What the kernel has room for; hiredis cuts off the rest.
constexpr std::size_t kLongestSocket = sizeof(sockaddr_un::sun_path) - 1;
constexpr int kHighestPort = 65535;
constexpr int kHighestDatabase = 100'000;  // the server says what it really has

constexpr std::array<std::string_view, 5> kTlsOptions{"ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile",
                                                      "ssl_check_hostname", "ssl_keyfile"};

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// «%40» is «@»; nothing where a percent sign is followed by anything else, or by a zero byte, which no part may hold.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

std::optional<int> number(std::string_view text, int highest) {
  const auto value = parse_int(text);
  if (!value || *value < 0 || *value > highest) return std::nullopt;
  return static_cast<int>(*value);
}

// As redis-py reads it, in any case.
std::optional<bool> truth(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  if (text == "true" || text == "t" || text == "yes" || text == "y" || text == "1") return true;
  if (text == "false" || text == "f" || text == "no" || text == "n" || text == "0") return false;
  return std::nullopt;
}

class Parser {
 public:
  explicit Parser(std::string_view url) : url_(url) {}

  Result<RedisAddress> parse() {
    const std::size_t colon = url_.find("://");
    const std::string_view scheme = url_.substr(0, colon == std::string_view::npos ? 0 : colon);
    if (scheme != "redis" && scheme != "rediss" && scheme != "unix")
      return wrong("it begins with none of redis://, rediss://, unix://");
    address_.tls = scheme == "rediss";
    std::string_view rest = url_.substr(colon + 3);
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
      // Either could be meant, and a guess might send the password to a wrong host.
      if (rest.find('?') < at) return wrong("a ? stands before an @; write %3F in a password, %40 behind the ?");
      SIMSWARM_CHECK(user_and_password(rest.substr(0, at)));
      rest.remove_prefix(at + 1);
    }
    const std::size_t mark = std::min(rest.find('?'), rest.size());
    SIMSWARM_CHECK(scheme == "unix" ? socket(rest.substr(0, mark)) : host(rest.substr(0, mark)));
    if (mark < rest.size()) SIMSWARM_CHECK(query(rest.substr(mark + 1)));
    return address_;
  }

 private:
  [[nodiscard]] tl::unexpected<Error> wrong(std::string_view what) const {
    return usage_error(
        "queue '{}': {}; write redis://[user:password@]host[:port][/database] or unix:///path/of/socket[?db=number]",
        without_password(url_), what);
  }

  Status user_and_password(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return wrong("before the @ there is no «user:password»");
    const auto user = percent_decoded(text.substr(0, colon));
    const auto password = percent_decoded(text.substr(colon + 1));
    if (!user || !password) return wrong("a % in user or password is not followed by two hexadecimal digits");
    if (!user->empty() && password->empty()) return wrong("the user has no password");
    address_.user = *user;
    address_.password = *password;
    return {};
  }

  Status host(std::string_view rest) {
    if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
      SIMSWARM_CHECK(database(rest.substr(slash + 1)));
      rest = rest.substr(0, slash);
    }
    std::string_view port;
    if (!rest.empty() && rest.front() == '[') {  // IPv6
      const std::size_t end = rest.find(']');
      if (end == std::string_view::npos) return wrong("the [ of an IPv6 address is not closed");
      address_.host = rest.substr(1, end - 1);
      port = rest.substr(end + 1);
    } else {
      const std::size_t colon = std::min(rest.find(':'), rest.size());
      address_.host = rest.substr(0, colon);
      port = rest.substr(colon);
    }
    if (address_.host.empty()) return wrong("there is no host");
    if (port.empty()) return {};
    const auto value = port.front() == ':' ? number(port.substr(1), kHighestPort) : std::nullopt;
    if (!value || *value == 0) return wrong("the port is no number from 1 to 65535");
    address_.port = *value;
    return {};
  }

  Status socket(std::string_view rest) {
    const auto path = percent_decoded(rest);
    if (!path || path->empty() || path->front() != '/') return wrong("there is no absolute path of a socket");
    if (path->size() > kLongestSocket) return wrong(fmt::format("its path is longer than {} bytes", kLongestSocket));
    address_.socket = *path;
    return {};
  }

  Status query(std::string_view text) {
    std::set<std::string_view> seen;
    for (const std::string_view option : split(text, '&')) {
      const std::size_t equals = option.find('=');
      if (equals == std::string_view::npos) return wrong("behind the ? there is no name=value");
      const std::string_view name = option.substr(0, equals);
      const auto value = percent_decoded(option.substr(equals + 1));
      if (!value) return wrong("a % behind the ? is not followed by two hexadecimal digits");
      if (!seen.insert(name).second) return wrong(fmt::format("{} stands in it twice", name));
      SIMSWARM_CHECK(name == "db" ? database(*value) : tls_option(name, *value));
    }
    const RedisTls& tls = address_.tls_options;
    if (!tls.key.empty() && tls.certificate.empty()) return wrong("ssl_keyfile is there without ssl_certfile");
    return {};
  }

  Status tls_option(std::string_view name, const std::string& value) {
    if (std::find(kTlsOptions.begin(), kTlsOptions.end(), name) == kTlsOptions.end()) return unknown(name);
    if (!address_.tls) return wrong(fmt::format("{} is for rediss:// alone", name));
    if (value.empty()) return wrong(fmt::format("{} has no value", name));
    RedisTls& tls = address_.tls_options;
    if (name == "ssl_ca_certs") tls.authorities = value;
    if (name == "ssl_certfile") tls.certificate = value;
    if (name == "ssl_keyfile") tls.key = value;
    if (name == "ssl_cert_reqs") {
      if (value != "none" && value != "required") return wrong("ssl_cert_reqs is neither none nor required");
      tls.verify = value == "required";
    }
    if (name == "ssl_check_hostname") {
      const auto check = truth(value);
      if (!check) return wrong("ssl_check_hostname is neither true nor false");
      tls.check_name = *check;
    }
    return {};
  }

  [[nodiscard]] tl::unexpected<Error> unknown(std::string_view name) const {
    if (name == "username" || name == "password") {
      return wrong("user and password stand before the host, not behind the ?");
    }
    std::vector<std::string> known(kTlsOptions.begin(), kTlsOptions.end());
    known.emplace_back("db");
    const std::vector<std::string> near = near_misses(name, known, 1);
    if (!near.empty()) return wrong(fmt::format("nobody knows its option '{}'; did you mean {}?", name, near.front()));
    return wrong(fmt::format("nobody knows its option '{}'; there are {}", name, join(known, ", ")));
  }

  Status database(std::string_view text) {
    if (text.empty()) return {};
    const auto value = number(text, kHighestDatabase);
    if (!value) return wrong("the database is no number");
    address_.database = *value;
    return {};
  }

  std::string_view url_;
  RedisAddress address_;
};

}  // namespace

std::string RedisAddress::shown() const {
  const std::string name = user.empty() ? "" : user + "@";
  if (!socket.empty())
    return fmt::format("unix://{}{}{}", name, socket, database == 0 ? "" : fmt::format("?db={}", database));
  const bool ipv6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}:{}{}", tls ? "rediss" : "redis", name, ipv6 ? "[" + host + "]" : host, port,
                     database == 0 ? "" : fmt::format("/{}", database));
}

Result<RedisAddress> parse_redis_url(std::string_view url) {
  return Parser(url).parse();
}

std::string without_password(std::string_view url) {
  const std::size_t at = url.rfind('@');
  const std::size_t mark = url.find('?', at == std::string_view::npos ? 0 : at);
  const std::string query = mark == std::string_view::npos ? "" : "?…";
  url = url.substr(0, mark);
  if (at == std::string_view::npos) return std::string(url) + query;
  const std::size_t scheme = url.find("://");
  const bool has_scheme = scheme != std::string_view::npos && scheme < at;
  return std::string(has_scheme ? url.substr(0, scheme + 3) : "") + "…" + std::string(url.substr(at)) + query;
}

Result<RedisAddress> parse_redis_url(std::string_view url, const std::function<Result<std::string>()>& fresh_url) {
  SIMSWARM_TRY(RedisAddress address, parse_redis_url(url));
  if (!fresh_url) return address;
  address.fresh_password = [fresh_url]() -> std::optional<std::string> {
    const Result<std::string> fresh = fresh_url();
    if (!fresh) return std::nullopt;
    const Result<RedisAddress> parsed = parse_redis_url(*fresh);
    return parsed ? std::optional(parsed->password) : std::nullopt;
  };
  return address;
}

}  // namespace simswarm::jobs
