#include "queue/bell.h"

#include "queue/redis_connection.h"

namespace simswarm::jobs {
namespace {

constexpr const char* kWakeChannel = "simswarm:wake";
constexpr const char* kWaitSeconds = "60";  // then it is asked anew: a server that has gone is noticed

// A queue that is waited for: BLMOVE of its first job to where it stands takes nothing, and keeps the order.
struct Watched {
  std::string key;
  RedisConnection connection;
  bool waits = false;
};

class RedisBell final : public Bell {
 public:
  RedisBell(RedisConnection commands, std::string channel)
      : commands_(std::move(commands)), channel_(std::move(channel)) {}

  Status subscribe() { return commands_.send({"SUBSCRIBE", channel_, kWakeChannel}); }
  void watch(const QueueName& queue, RedisConnection connection) {
    watched_.push_back({"rq:queue:" + queue.text, std::move(connection), false});
  }

  Status arm() override {
    for (Watched& one : watched_) {
      if (!one.waits) SIMSWARM_CHECK(wait_for(one));
    }
    return {};
  }

  void add_descriptors(std::vector<int>& to) const override {
    to.push_back(commands_.descriptor());
    for (const Watched& one : watched_) to.push_back(one.connection.descriptor());
  }

  Result<Rung> look() override {
    Rung rung;
    SIMSWARM_TRY(const std::vector<RedisReply> messages, commands_.received());
    for (const RedisReply& message : messages) take(message, rung);
    for (Watched& one : watched_) {
      SIMSWARM_TRY(const std::vector<RedisReply> replies, one.connection.received());
      if (replies.empty()) continue;
      one.waits = false;
      if (replies.back().is_null()) {
        SIMSWARM_CHECK(wait_for(one));
      } else {
        rung.jobs = true;
      }
    }
    return rung;
  }

 private:
  static Status wait_for(Watched& one) {
    SIMSWARM_CHECK(one.connection.send({"BLMOVE", one.key, one.key, "LEFT", "LEFT", kWaitSeconds}));
    one.waits = true;
    return {};
  }

  void take(const RedisReply& message, Rung& rung) const {
    if (message.list.size() != 3 || message.list[0].text != "message") return;
    const std::string& text = message.list[2].text;
    if (message.list[1].text == channel_) {
      rung.commands.push_back(text);
    } else if (text.empty()) {
      rung.resumed = true;
    } else if (check_queue({text})) {
      rung.woken.push_back({text});
    }
  }

  RedisConnection commands_;
  std::string channel_;
  std::vector<Watched> watched_;
};

}  // namespace

Result<std::unique_ptr<Bell>> Bell::open(std::string_view url, const WorkerId& worker,
                                         const std::vector<QueueName>& watched, const JobQueueOptions& options) {
  SIMSWARM_TRY(const RedisAddress address, parse_redis_url(url, options.fresh_url));
  SIMSWARM_TRY(RedisConnection commands, RedisConnection::connect(address, options.connect_timeout));
  auto bell = std::make_unique<RedisBell>(std::move(commands), "rq:pubsub:" + worker.text);
  SIMSWARM_CHECK(bell->subscribe());
  for (const QueueName& queue : watched) {
    SIMSWARM_CHECK(check_queue(queue));
    SIMSWARM_TRY(RedisConnection connection, RedisConnection::connect(address, options.connect_timeout));
    bell->watch(queue, std::move(connection));
  }
  return bell;
}

}  // namespace simswarm::jobs
