#include "web/access.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>

#include "base/digest.h"
#include "base/text.h"

namespace simswarm::web {
namespace {

constexpr std::size_t kSessionBytes = 32;
constexpr std::size_t kNameBytes = 4;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The oldest of a map by its times.
template <typename Map, typename TimeOf>
void erase_oldest(Map& map, const TimeOf& time_of) {
  const auto oldest = std::min_element(
      map.begin(), map.end(), [&](const auto& a, const auto& b) { return time_of(a.second) < time_of(b.second); });
  if (oldest != map.end()) map.erase(oldest);
}

}  // namespace

std::string url_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

Result<std::string> read_token(const fs::path& file) {
  Result<std::string> text = read_file(file);
  if (!text) return environment_error("the token file cannot be read: {}", text.error().message);
  std::string token(trim(text->substr(0, text->find_first_of("\r\n"))));
  if (token.empty()) return usage_error("the first line of the token file {} is empty", file.string());
  if (token.size() < kShortestToken) {
    return usage_error("the token in {} has less than {} characters; make one: openssl rand -hex 32", file.string(),
                       kShortestToken);
  }
  return token;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  for (std::size_t got = 0; got < bytes;) {
    const ssize_t more = ::getrandom(raw.data() + got, bytes - got, 0);
    if (more < 0 && errno != EINTR) std::abort();  // no session without it
    if (more > 0) got += static_cast<std::size_t>(more);
  }
  std::string hex;
  for (const char c : raw) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i])) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

bool FailureLimit::is_reached(const std::string& peer, Monotonic now) {
  const auto found = failures_.find(peer);
  if (found == failures_.end()) return false;
  std::deque<Monotonic>& times = found->second;
  while (!times.empty() && now - times.front() > kWithin) times.pop_front();
  return times.size() >= kMost;
}

void FailureLimit::note(const std::string& peer, Monotonic now) {
  if (failures_.size() >= kMostPeers && !failures_.contains(peer)) forget(now);
  failures_[peer].push_back(now);
}

void FailureLimit::forget(Monotonic now) {
  std::erase_if(failures_, [&](const auto& one) { return one.second.empty() || now - one.second.back() > kWithin; });
  if (failures_.size() >= kMostPeers) erase_oldest(failures_, [](const auto& times) { return times.back(); });
}

Access::Access(const std::string& token, const std::string& service)
    : token_digest_(digest_of(token).hex()), cookie_(fmt::format("simswarm-{}-{}", service, random_hex(kNameBytes))) {}

// Of digests: so the time tells nothing of the length either.
bool Access::is_token(std::string_view text) const {
  return equal_in_constant_time(digest_of(text).hex(), token_digest_);
}

Access::Who Access::check(const Request& request, Monotonic now) {
  constexpr std::string_view kBearer = "bearer ";
  const std::string id = cookie_value(request.cookie, cookie_);
  if (const Session* session = session_of(id, now); session != nullptr)
    return {Verdict::kAllowed, "session " + digest_of(id).hex().substr(0, 8), session->csrf};
  const std::string_view given = request.authorization;
  std::string scheme(given.substr(0, kBearer.size()));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (scheme != kBearer) return {Verdict::kDenied};
  // A script with an old token does not keep people from logging in.
  const std::string peer = "bearer " + request.peer;
  if (failures_.is_reached(peer, now)) return {Verdict::kTooMany};
  if (is_token(trim(given.substr(kBearer.size())))) return {Verdict::kAllowed, "token"};
  failures_.note(peer, now);
  return {Verdict::kDenied};
}

Access::Login Access::log_in(const std::string& peer, std::string_view token, std::string_view code, Monotonic now) {
  const std::string name = "login " + peer;
  if (failures_.is_reached(name, now)) return {Verdict::kTooMany};
  const bool is_right = code.empty() ? is_token(trim(token)) : takes_code(trim(code), now);
  if (!is_right) {
    failures_.note(name, now);
    return {Verdict::kDenied};
  }
  return {Verdict::kAllowed, fmt::format("{}={}; Max-Age={}; HttpOnly; SameSite=Strict; Path=/", cookie_,
                                         begin_session(now), std::chrono::seconds(kSessionAge).count())};
}

std::string Access::make_code(Monotonic now) {
  std::erase_if(codes_, [&](const auto& one) { return now - one.second >= kCodeAge; });
  if (codes_.size() >= kMostCodes) erase_oldest(codes_, [](const Monotonic& made) { return made; });
  std::string code = random_hex(kSessionBytes);
  codes_[digest_of(code).hex()] = now;
  return code;
}

bool Access::takes_code(std::string_view text, Monotonic now) {
  const auto found = codes_.find(digest_of(text).hex());
  if (found == codes_.end()) return false;
  const bool is_good = now - found->second < kCodeAge;
  codes_.erase(found);
  return is_good;
}

std::string Access::log_out(const Request& request) {
  sessions_.erase(digest_of(cookie_value(request.cookie, cookie_)).hex());
  return fmt::format("{}=; Max-Age=0; HttpOnly; SameSite=Strict; Path=/", cookie_);
}

// Looked up by digest: how long that takes says nothing of an id.
const Access::Session* Access::session_of(const std::string& id, Monotonic now) {
  const auto found = id.empty() ? sessions_.end() : sessions_.find(digest_of(id).hex());
  if (found == sessions_.end()) return nullptr;
  if (now - found->second.begun < kSessionAge) return &found->second;
  sessions_.erase(found);
  return nullptr;
}

std::string Access::begin_session(Monotonic now) {
  std::erase_if(sessions_, [&](const auto& one) { return now - one.second.begun >= kSessionAge; });
  if (sessions_.size() >= kMostSessions) erase_oldest(sessions_, [](const Session& one) { return one.begun; });
  std::string id = random_hex(kSessionBytes);
  sessions_[digest_of(id).hex()] = {now, random_hex(kSessionBytes)};
  return id;
}

std::string form_value(std::string_view form, std::string_view name) {
  std::vector<std::string> values = form_values(form, name);
  return values.empty() ? "" : std::move(values.front());
}

std::vector<std::string> form_values(std::string_view form, std::string_view name) {
  std::vector<std::string> values;
  for (const std::string_view part : split(form, '&')) {
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos && url_decoded(part.substr(0, equals)) == name)
      values.push_back(url_decoded(part.substr(equals + 1)));
  }
  return values;
}

std::string cookie_value(std::string_view cookies, std::string_view name) {
  for (const std::string_view part : split(cookies, ';')) {
    const std::string_view one = trim(part);
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
      return std::string(one.substr(name.size() + 1));
  }
  return "";
}

bool is_own_host(std::string_view host) {
  if (host.starts_with('[')) return true;  // an IPv6 address
  const std::string_view name = host.substr(0, host.find(':'));
  const bool is_address =
      !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return is_address || name.find('.') == std::string_view::npos || name.ends_with(".localhost");
}

bool is_same_site(const Request& request) {
  if (!request.fetch_site.empty()) return request.fetch_site == "same-origin" || request.fetch_site == "none";
  // Our own pages say «null», too: they tell no referrer.
  return request.origin.empty() || request.origin == "null" || request.origin == "http://" + request.host ||
         request.origin == "https://" + request.host;
}

}  // namespace simswarm::web
