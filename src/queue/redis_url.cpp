#include "queue/redis_url.h"

#include <fmt/core.h>

#include <optional>

#include "base/text.h"

namespace simswarm::jobs {
namespace {

constexpr int kHighestPort = 65535;
constexpr int kHighestDatabase = 100'000;  // the server says what it really has

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
      SIMSWARM_CHECK(user_and_password(rest.substr(0, at)));
      rest.remove_prefix(at + 1);
    }
    SIMSWARM_CHECK(scheme == "unix" ? socket(rest) : host(rest));
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
    if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
      const std::string_view query = rest.substr(mark + 1);
      if (query.substr(0, 3) != "db=") return wrong("after the ? there is no db=number");
      SIMSWARM_CHECK(database(query.substr(3)));
      rest = rest.substr(0, mark);
    }
    const auto path = percent_decoded(rest);
    if (!path || path->empty() || path->front() != '/') return wrong("there is no absolute path of a socket");
    address_.socket = *path;
    return {};
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
  if (at == std::string_view::npos) return std::string(url);
  const std::size_t scheme = url.find("://");
  const bool has_scheme = scheme != std::string_view::npos && scheme < at;
  return std::string(has_scheme ? url.substr(0, scheme + 3) : "") + "…" + std::string(url.substr(at));
}

}  // namespace simswarm::jobs
