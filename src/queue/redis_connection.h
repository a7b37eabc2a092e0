// A connection to a Redis server: commands, replies, scripts. It knows nothing of jobs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "queue/redis_url.h"
#include "queue/resolver.h"

namespace simswarm::jobs {

struct RedisReply {
  enum class Kind { kNull, kInteger, kText, kList };
  Kind kind = Kind::kNull;
  std::int64_t integer = 0;
  std::string text;
  std::vector<RedisReply> list;

  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
};

// A script that runs on the server in one step. `name` is for messages. It outlives the connections that have run it.
struct RedisScript {
  std::string_view name;
  std::string text;
};

// One thread at a time. A connection that broke is made anew by the next call; the call in which it broke is an error
// that can be tried again, since nobody knows whether the server has carried it out. No message holds the password.
// Where the address knows how (`fresh_password`) a password that is refused is asked for anew, each time that it
// connects.
class RedisConnection {
 public:
  // Connects, logs in and chooses the database. To find and reach the server takes no longer than the timeout, however
  // many addresses it has; nor does any later step or call.
  [[nodiscard]] static Result<RedisConnection> connect(RedisAddress address, std::chrono::milliseconds timeout,
                                                       Resolver resolver = system_addresses);

  RedisConnection(RedisConnection&&) noexcept;
  RedisConnection& operator=(RedisConnection&&) noexcept;
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  ~RedisConnection();

  // Connects again where the connection broke.
  [[nodiscard]] Status ensure();
  [[nodiscard]] Result<RedisReply> command(const std::vector<std::string>& words);
  // All of them in one packet, without what others ask in between where the server reads it in one. The first error is
  // that of all.
  [[nodiscard]] Result<std::vector<RedisReply>> commands(const std::vector<std::vector<std::string>>& all);
  // Loads the script where the server does not have it, also when it has forgotten it.
  [[nodiscard]] Result<RedisReply> run(const RedisScript& script, const std::vector<std::string>& arguments);

  // For a connection that waits for what comes: sends, and does not wait for an answer.
  [[nodiscard]] Status send(const std::vector<std::string>& words);
  // What has come by now; does not wait. A server's error is an error.
  [[nodiscard]] Result<std::vector<RedisReply>> received();
  // To be polled for reading; -1 where the connection broke.
  [[nodiscard]] int descriptor() const;

  // How often it has been connected: 1 after connect().
  [[nodiscard]] int generation() const { return generation_; }
  [[nodiscard]] const RedisAddress& address() const { return address_; }

 private:
  struct Context;  // hiredis's
  RedisConnection(RedisAddress address, std::chrono::milliseconds timeout, Resolver resolver);
  Status reconnect();
  Status log_in();
  Status log_in_once();
  // `asked` is what a message calls it: words may be secret.
  Result<RedisReply> exchange(const std::vector<std::string>& words, std::string_view asked);
  Result<RedisReply> next_reply(std::string_view asked);
  [[nodiscard]] Status broke(std::string_view asked);
  Result<std::string> load(const RedisScript& script);

  RedisAddress address_;
  std::chrono::milliseconds timeout_;
  Resolver resolver_;
  std::unique_ptr<Context> context_;
  std::unordered_map<const RedisScript*, std::string> loaded_;  // digests
  int generation_ = 0;
  bool is_stale_ = false;  // it has to be made anew
};

}  // namespace simswarm::jobs
