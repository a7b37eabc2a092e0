// Who may see the pages: whoever has the token. No socket, no clock: pure but for the randomness of sessions.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/time.h"
#include "web/server.h"

namespace simswarm::web {

inline constexpr std::size_t kShortestToken = 16;
// The first line of a file.
[[nodiscard]] Result<std::string> read_token(const fs::path& file);

// Bytes of the system's randomness, as hexadecimal digits.
[[nodiscard]] std::string random_hex(std::size_t bytes);

// Takes as long wherever the two differ.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

enum class Verdict {
  kAllowed,
  kDenied,
  kTooMany,  // so many were wrong of late that none is looked at for a while
};

// Counts what went wrong, for each peer apart.
class FailureLimit {
 public:
  static constexpr std::size_t kMost = 10;
  static constexpr std::chrono::seconds kWithin{60};
  [[nodiscard]] bool is_reached(const std::string& peer, Monotonic now);
  void note(const std::string& peer, Monotonic now);

 private:
  static constexpr std::size_t kMostPeers = 1000;
  void forget(Monotonic now);
  std::map<std::string, std::deque<Monotonic>> failures_;
};

class Access {
 public:
  static constexpr std::chrono::hours kSessionAge{12};
  static constexpr std::size_t kMostSessions = 1000;  // the oldest goes
  static constexpr std::chrono::seconds kCodeAge{60};
  static constexpr std::size_t kMostCodes = 100;

  // Browsers tell cookies of several ports of a host apart by their names alone: `service` goes into ours, and
  // something random, for several of one kind.
  Access(const std::string& token, const std::string& service);

  // Who it is that asks.
  struct Who {
    Verdict verdict = Verdict::kDenied;
    std::string name{};  // for the log: «session 3f2a91c4», «token»
    std::string csrf{};  // what a change has to bring along; empty: nothing, since no browser adds a token by itself
  };
  // By `Authorization: Bearer TOKEN`, or by the cookie of a session.
  [[nodiscard]] Who check(const Request& request, Monotonic now);

  struct Login {
    Verdict verdict = Verdict::kDenied;
    std::string cookie{};  // what Set-Cookie says
  };
  // With the token, or a code.
  [[nodiscard]] Login log_in(const std::string& peer, std::string_view token, std::string_view code, Monotonic now);
  // Opens a session once, within kCodeAge.
  [[nodiscard]] std::string make_code(Monotonic now);
  // What Set-Cookie says.
  [[nodiscard]] std::string log_out(const Request& request);

 private:
  struct Session {
    Monotonic begun{};
    std::string csrf{};
  };
  [[nodiscard]] bool is_token(std::string_view text) const;
  [[nodiscard]] bool takes_code(std::string_view text, Monotonic now);
  // Null: there is none.
  [[nodiscard]] const Session* session_of(const std::string& id, Monotonic now);
  [[nodiscard]] std::string begin_session(Monotonic now);

  std::string token_digest_;
  std::string cookie_;                       // its name
  std::map<std::string, Session> sessions_;  // by digests of their ids
  std::map<std::string, Monotonic> codes_;   // their digests, and when they were made
  FailureLimit failures_;
};

// The value of a name in `a=1&b=2`, decoded; empty: it is not there.
[[nodiscard]] std::string form_value(std::string_view form, std::string_view name);
// All values of a name, in their order.
[[nodiscard]] std::vector<std::string> form_values(std::string_view form, std::string_view name);
// The value of a cookie in `a=1; b=2`.
[[nodiscard]] std::string cookie_value(std::string_view cookies, std::string_view name);

// A name of this machine's own, an address, or a name without a dot: none that somebody else's name server could have
// given a page of his, to read ours through it (DNS rebinding).
[[nodiscard]] bool is_own_host(std::string_view host);
// Bytes as they are meant, of «a%20b+c».
[[nodiscard]] std::string url_decoded(std::string_view text);

// As far as the browser tells, the request does not come from a page of another site.
[[nodiscard]] bool is_same_site(const Request& request);

}  // namespace simswarm::web
