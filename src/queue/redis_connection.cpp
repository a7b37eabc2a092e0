#include "queue/redis_connection.h"

#include <fmt/core.h>
#include <hiredis/hiredis.h>
#if SIMSWARM_REDIS_TLS
#include <hiredis/hiredis_ssl.h>
#endif
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>

#include "queue/redis_tls.h"

namespace simswarm::jobs {
namespace {

// hiredis writes to sockets in a way that raises SIGPIPE when the other side has gone. Held back here for this thread
// alone: the process may be using the signal for something else.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;
  ~WithoutSigpipe() {
    const timespec at_once{0, 0};
    if (!was_pending_) ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

struct FreeReply {
  void operator()(redisReply* reply) const { ::freeReplyObject(reply); }
};
using OwnedReply = std::unique_ptr<redisReply, FreeReply>;

// As hiredis takes the words of a command.
class Arguments {
 public:
  explicit Arguments(const std::vector<std::string>& words) {
    texts_.reserve(words.size());
    sizes_.reserve(words.size());
    for (const std::string& word : words) {
      texts_.push_back(word.data());
      sizes_.push_back(word.size());
    }
  }
  [[nodiscard]] int count() const { return static_cast<int>(texts_.size()); }
  [[nodiscard]] const char** texts() const { return texts_.data(); }
  [[nodiscard]] const std::size_t* sizes() const { return sizes_.data(); }

 private:
  mutable std::vector<const char*> texts_;  // hiredis does not write them, and does not say so
  std::vector<std::size_t> sizes_;
};

timeval timeval_of(std::chrono::milliseconds time) {
  return {static_cast<time_t>(time.count() / 1000), static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

// The shares of a time need not be told to the millisecond.
std::string seconds_text(std::chrono::milliseconds time) {
  const double step = time.count() < 1000 ? 100 : 10;
  return fmt::format("{:g} s", std::round(std::chrono::duration<double>(time).count() * step) / step);
}

tl::unexpected<Error> failed(const RedisAddress& address, bool can_retry, const std::string& what) {
  return tl::make_unexpected(
      Error{ExitCode::kEnvironment, fmt::format("queue {}: {}", address.shown(), what), can_retry});
}

constexpr std::string_view kClosed = "the server closed the connection";

std::string trouble(const redisContext& context, int error_number, std::chrono::milliseconds timeout) {
  if (context.err == REDIS_ERR_PROTOCOL) {
    // A server of TLS answers what it does not understand with an alert, which begins with this byte.
    const bool tls = std::string_view(context.errstr).find("\"\\x15\"") != std::string_view::npos;
    return fmt::format("what answers there does not speak Redis's protocol ({}); {}", context.errstr,
                       tls ? "it speaks TLS: write rediss://" : "look at the port");
  }
  if (context.err == REDIS_ERR_EOF) return std::string(kClosed);
  const bool slow = context.err != REDIS_ERR_OTHER &&
                    (error_number == EAGAIN || error_number == ETIMEDOUT || error_number == EINPROGRESS);
  if (slow) return fmt::format("no answer within {}", seconds_text(timeout));
  if (const TlsTrouble tls = tls_trouble(nullptr); !tls.why.empty()) return tls.why + "; " + tls.advice;
  if (error_number == ECONNRESET || error_number == EPIPE) return std::string(kClosed);
  return context.errstr;
}

// What the user should know of an answer that begins with one of these words. Out of a script it may stand inside.
struct Refusal {
  std::string_view word;
  std::string_view meaning;
  bool can_retry;
};
constexpr std::array<Refusal, 15> kRefusals{{
    {"NOAUTH", "the server wants a password; write it into the URL, redis://[user]:password@host", false},
    {"WRONGPASS", "the server refuses the user or the password of the URL", false},
    {"ERR invalid password", "the server refuses the password of the URL", false},  // before Redis 6
    {"ERR AUTH ", "the server has no password; leave it out of the URL", false},
    {"ERR Client sent AUTH", "the server has no password; leave it out of the URL", false},  // before Redis 6
    {"ERR DB index", "the server has no database of the URL's number", false},
    {"ERR invalid DB index", "the server has no database of the URL's number", false},
    {"NOPERM", "the user of the URL may not do this", false},
    {"LOADING", "the server is still reading its data", true},
    {"READONLY", "the server is a replica that only reads; name its master", true},
    {"MASTERDOWN", "the server is a replica that has lost its master", true},
    {"OOM", "the server has no memory left (its maxmemory)", true},
    {"MISCONF", "the server cannot write its data to disk; its log says why", true},
    {"BUSY", "the server is busy with a script", true},
    {"DENIED", "the server takes no connection from other machines while it has no password", false},
}};

bool says(std::string_view answer, std::string_view word) {
  if (answer.substr(0, word.size()) == word) return true;
  return answer.find("-" + std::string(word) + " ") != std::string_view::npos;
}

tl::unexpected<Error> refused(const RedisAddress& address, std::string_view answer, std::string_view asked) {
  for (const Refusal& refusal : kRefusals) {
    if (says(answer, refusal.word)) {
      return failed(address, refusal.can_retry, fmt::format("{} ({}: {})", refusal.meaning, asked, answer));
    }
  }
  // To words that it does not know the server answers with all that followed them: a password.
  if (asked == "AUTH") answer = answer.substr(0, answer.find_first_of(",'"));
  return failed(address, false, fmt::format("{}: the server says: {}", asked, answer));
}

bool is_about_password(std::string_view message) {
  constexpr std::array<std::string_view, 5> kWords{"NOAUTH", "WRONGPASS", "ERR invalid password", "ERR AUTH ",
                                                   "ERR Client sent AUTH"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return message.find(word) != std::string_view::npos; });
}

struct FreeContext {
  void operator()(redisContext* context) const { ::redisFree(context); }
};
using OwnedContext = std::unique_ptr<redisContext, FreeContext>;

// Why one address, or the socket, was not reached.
struct Unreached {
  std::string at;
  std::string why;
  std::string advice;
  bool can_retry = true;
};
using Reached = tl::expected<OwnedContext, Unreached>;

// What hiredis has made of `at` within a time; later calls have the timeout.
Reached checked(redisContext* made, const std::string& at, std::chrono::milliseconds within,
                std::chrono::milliseconds timeout) {
  const int error_number = errno;
  OwnedContext context(made);
  if (!context) return tl::make_unexpected(Unreached{at, "no memory for a connection", "end other programs"});
  if (context->err == 0 && ::redisSetTimeout(context.get(), timeval_of(timeout)) == REDIS_OK) return context;
  if (error_number == EACCES || error_number == EPERM) {
    return tl::make_unexpected(Unreached{at, context->errstr, "who may use it?"});
  }
  return tl::make_unexpected(Unreached{at, trouble(*context, error_number, within), "is the server running there?"});
}

#if SIMSWARM_REDIS_TLS
int begin_tls(redisContext* context, ssl_st* session) {
  return ::redisInitiateSSL(context, session);
}
#else
int begin_tls(redisContext* /*context*/, ssl_st* /*session*/) {
  return REDIS_ERR;  // nobody comes here: there is no TlsClient
}
#endif

// A connection that was made goes on in TLS, or is closed.
Reached in_tls(OwnedContext context, const TlsClient& client, const std::string& at, std::chrono::milliseconds within,
               std::chrono::milliseconds timeout) {
  TlsSession session = client.session();
  if (!session) return tl::make_unexpected(Unreached{at, "no memory for TLS", "end other programs"});
  forget_tls_trouble();
  ::redisSetTimeout(context.get(), timeval_of(std::max(within, std::chrono::milliseconds(1))));  // 0: for ever
  errno = 0;
  if (begin_tls(context.get(), session.get()) == REDIS_OK) {
    (void)session.release();  // it is the context's now
    ::redisSetTimeout(context.get(), timeval_of(timeout));
    return context;
  }
  const int error_number = errno;
  if (const TlsTrouble tls = tls_trouble(session.get()); !tls.why.empty()) {
    return tl::make_unexpected(Unreached{at, tls.why, tls.advice, false});
  }
  const std::string why = error_number == 0 ? std::string(kClosed) : trouble(*context, error_number, timeout);
  return tl::make_unexpected(Unreached{at, why, "does it speak TLS?"});
}

// «Connection refused (127.0.0.1, ::1), no answer within 2.5 s (10.0.0.1); is the server running there?»
std::string summary(const std::vector<Unreached>& all) {
  std::string text;
  for (auto one = all.begin(); one != all.end(); ++one) {
    const auto same = [&](const Unreached& other) { return other.why == one->why; };
    if (std::any_of(all.begin(), one, same)) continue;
    text += (text.empty() ? "" : ", ") + one->why;
    if (all.size() == 1) continue;
    std::string places;
    for (const Unreached& other : all) {
      if (same(other)) places += (places.empty() ? "" : ", ") + other.at;
    }
    text += " (" + places + ")";
  }
  return text + "; " + all.back().advice;
}

// Each address has an equal share of the time that is left, so that the last is tried even where none answers.
Result<OwnedContext> reach_host(const RedisAddress& address, std::chrono::milliseconds timeout,
                                const Resolver& resolver) {
  std::optional<TlsClient> tls;
  if (address.tls) {
    SIMSWARM_TRY(tls, TlsClient::make(address));
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto left_until = [](auto end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    return std::max(left, std::chrono::milliseconds(0));
  };
  const auto found = addresses_of(address.host, timeout, resolver);
  if (!found.has_value()) return failed(address, found.error().can_retry, "cannot connect: " + found.error().message);
  std::vector<Unreached> unreached;
  for (const std::string& at : *found) {
    const auto addresses_left = static_cast<std::int64_t>(found->size() - unreached.size());
    const std::chrono::milliseconds share = left_until(deadline) / addresses_left;
    const auto share_ends = std::chrono::steady_clock::now() + share;
    errno = 0;
    Reached reached =
        checked(::redisConnectWithTimeout(at.c_str(), address.port, timeval_of(share)), at, share, timeout);
    if (reached.has_value() && tls) reached = in_tls(std::move(*reached), *tls, at, left_until(share_ends), timeout);
    if (reached.has_value()) return std::move(*reached);
    unreached.push_back(std::move(reached.error()));
  }
  const bool can_retry = std::any_of(unreached.begin(), unreached.end(), [](const auto& one) { return one.can_retry; });
  return failed(address, can_retry, "cannot connect: " + summary(unreached));
}

Result<OwnedContext> reach_socket(const RedisAddress& address, std::chrono::milliseconds timeout) {
  errno = 0;
  redisContext* made = ::redisConnectUnixWithTimeout(address.socket.c_str(), timeval_of(timeout));
  Reached reached = checked(made, address.socket, timeout, timeout);
  if (reached.has_value()) return std::move(*reached);
  return failed(address, true, "cannot connect: " + summary({reached.error()}));
}

// A server that closes before it has said a word may want to be spoken to in another way.
std::string_view why_closed(const RedisAddress& address) {
  if (!address.socket.empty()) return "";
  if (!address.tls) return "; is it just starting, or does it want TLS, rediss://?";
  return address.tls_options.certificate.empty() ? "; does it want a certificate, ?ssl_certfile=FILE?" : "";
}

RedisReply copy_of(const redisReply& reply) {
  RedisReply copy;
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      copy.kind = RedisReply::Kind::kInteger;
      copy.integer = reply.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      copy.kind = RedisReply::Kind::kText;
      copy.text.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
    case REDIS_REPLY_ARRAY:
      copy.kind = RedisReply::Kind::kList;
      copy.list.reserve(reply.elements);
      for (std::size_t i = 0; i < reply.elements; ++i) copy.list.push_back(copy_of(*reply.element[i]));
      break;
    default:
      break;
  }
  return copy;
}

}  // namespace

struct RedisConnection::Context {
  OwnedContext held;
};

RedisConnection::RedisConnection(RedisAddress address, std::chrono::milliseconds timeout, Resolver resolver)
    : address_(std::move(address)),
      timeout_(timeout),
      resolver_(std::move(resolver)),
      context_(std::make_unique<Context>()) {}
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;
RedisConnection& RedisConnection::operator=(RedisConnection&&) noexcept = default;
RedisConnection::~RedisConnection() = default;

Result<RedisConnection> RedisConnection::connect(RedisAddress address, std::chrono::milliseconds timeout,
                                                 Resolver resolver) {
  RedisConnection connection(std::move(address), timeout, std::move(resolver));
  SIMSWARM_CHECK(connection.reconnect());
  return connection;
}

Status RedisConnection::reconnect() {
  const WithoutSigpipe guard;
  loaded_.clear();
  context_->held.reset();
  SIMSWARM_TRY(context_->held,
               address_.socket.empty() ? reach_host(address_, timeout_, resolver_) : reach_socket(address_, timeout_));
  if (address_.socket.empty()) (void)::redisEnableKeepAlive(context_->held.get());  // networks forget idle connections
  ++generation_;
  if (auto logged_in = log_in(); !logged_in.has_value()) {
    context_->held.reset();
    std::string& message = logged_in.error().message;
    if (message.ends_with(kClosed)) message += why_closed(address_);
    return logged_in;
  }
  return {};
}

// It may have been changed since we have read it.
Status RedisConnection::log_in() {
  Status done = log_in_once();
  if (done.has_value() || !address_.fresh_password || !is_about_password(done.error().message)) return done;
  const std::optional<std::string> fresh = address_.fresh_password();
  if (!fresh || *fresh == address_.password) return done;
  address_.password = *fresh;
  return log_in_once();
}

Status RedisConnection::log_in_once() {
  if (!address_.password.empty()) {
    std::vector<std::string> words{"AUTH"};
    if (!address_.user.empty()) words.push_back(address_.user);
    words.push_back(address_.password);
    SIMSWARM_CHECK(exchange(words, "AUTH"));
  }
  if (address_.database != 0) SIMSWARM_CHECK(exchange({"SELECT", std::to_string(address_.database)}, "SELECT"));
  SIMSWARM_CHECK(exchange({"PING"}, "PING"));
  return {};
}

Result<RedisReply> RedisConnection::exchange(const std::vector<std::string>& words, std::string_view asked) {
  const WithoutSigpipe guard;
  const Arguments arguments(words);
  forget_tls_trouble();
  errno = 0;
  // That it has no memory for it is told with the answer.
  (void)::redisAppendCommandArgv(context_->held.get(), arguments.count(), arguments.texts(), arguments.sizes());
  return next_reply(asked);
}

Result<RedisReply> RedisConnection::next_reply(std::string_view asked) {
  void* next = nullptr;
  const bool has_come = ::redisGetReply(context_->held.get(), &next) == REDIS_OK && next != nullptr;
  if (!has_come) return propagate(broke(asked).error());
  const OwnedReply reply(static_cast<redisReply*>(next));
  if (reply->type == REDIS_REPLY_ERROR) {
    auto error = refused(address_, std::string_view(reply->str, static_cast<std::size_t>(reply->len)), asked);
    // A server that takes nothing for a while was away: nobody could renew a lease. With another connection the grace
    // of leases begins anew.
    if (error.value().can_retry) context_->held.reset();
    // Who was let in before there was a password has to log in now.
    if (asked != "AUTH" && says({reply->str, static_cast<std::size_t>(reply->len)}, "NOAUTH")) is_stale_ = true;
    return error;
  }
  return copy_of(*reply);
}

Status RedisConnection::send(const std::vector<std::string>& words) {
  SIMSWARM_CHECK(ensure());
  const WithoutSigpipe guard;
  const Arguments arguments(words);
  redisContext* context = context_->held.get();
  forget_tls_trouble();
  errno = 0;
  int sent = 0;
  int good = ::redisAppendCommandArgv(context, arguments.count(), arguments.texts(), arguments.sizes());
  while (good == REDIS_OK && sent == 0) good = ::redisBufferWrite(context, &sent);
  return good == REDIS_OK ? Status() : broke(words.front());
}

Result<std::vector<RedisReply>> RedisConnection::received() {
  constexpr std::string_view kWaiting = "waiting";
  const WithoutSigpipe guard;  // to read TLS may mean to write
  if (!context_->held) return failed(address_, true, "the connection is broken");
  redisContext* context = context_->held.get();
  pollfd readable{context->fd, POLLIN, 0};
  forget_tls_trouble();
  errno = 0;
  if (::poll(&readable, 1, 0) > 0 && ::redisBufferRead(context) != REDIS_OK) return propagate(broke(kWaiting).error());
  std::vector<RedisReply> replies;
  while (true) {
    void* next = nullptr;
    if (::redisReaderGetReply(context->reader, &next) != REDIS_OK) {
      context_->held.reset();
      return failed(address_, true, "what answers there does not speak Redis's protocol; look at the port");
    }
    if (next == nullptr) return replies;
    const OwnedReply reply(static_cast<redisReply*>(next));
    if (reply->type == REDIS_REPLY_ERROR)
      return refused(address_, std::string_view(reply->str, static_cast<std::size_t>(reply->len)), kWaiting);
    replies.push_back(copy_of(*reply));
  }
}

int RedisConnection::descriptor() const {
  return context_->held ? context_->held->fd : -1;
}

Status RedisConnection::broke(std::string_view asked) {
  const std::string why = trouble(*context_->held, errno, timeout_);
  context_->held.reset();
  return failed(address_, true, fmt::format("{}: {}", asked, why));
}

Status RedisConnection::ensure() {
  return context_->held && !std::exchange(is_stale_, false) ? Status() : reconnect();
}

Result<RedisReply> RedisConnection::command(const std::vector<std::string>& words) {
  SIMSWARM_CHECK(ensure());
  return exchange(words, words.front());
}

Result<std::vector<RedisReply>> RedisConnection::commands(const std::vector<std::vector<std::string>>& all) {
  SIMSWARM_CHECK(ensure());
  const WithoutSigpipe guard;
  forget_tls_trouble();
  errno = 0;
  for (const std::vector<std::string>& words : all) {
    const Arguments arguments(words);
    (void)::redisAppendCommandArgv(context_->held.get(), arguments.count(), arguments.texts(), arguments.sizes());
  }
  std::vector<RedisReply> replies;
  std::optional<Error> first;
  for (const std::vector<std::string>& words : all) {
    Result<RedisReply> reply = next_reply(words.front());
    if (reply) {
      replies.push_back(std::move(*reply));
    } else {
      first = first ? first : reply.error();
      if (!context_->held) break;  // what it has still to say is lost with it
    }
  }
  if (first) return propagate(std::move(*first));
  return replies;
}

Result<std::string> RedisConnection::load(const RedisScript& script) {
  SIMSWARM_TRY(const RedisReply digest, exchange({"SCRIPT", "LOAD", script.text}, script.name));
  loaded_[&script] = digest.text;
  return digest.text;
}

Result<RedisReply> RedisConnection::run(const RedisScript& script, const std::vector<std::string>& arguments) {
  SIMSWARM_CHECK(ensure());
  std::vector<std::string> words{"EVALSHA", "", "0"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const auto known = loaded_.find(&script);
  if (known != loaded_.end()) {
    words[1] = known->second;
    auto reply = exchange(words, script.name);
    const bool forgotten = !reply.has_value() && reply.error().message.find("NOSCRIPT") != std::string::npos;
    if (!forgotten) return reply;
  }
  SIMSWARM_TRY(words[1], load(script));
  return exchange(words, script.name);
}

}  // namespace simswarm::jobs
