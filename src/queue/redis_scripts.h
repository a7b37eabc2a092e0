// What runs on the server, one script an operation: each is one atomic step. doc/formats.md describes the keys and
// fields.
#pragma once

#include "queue/redis_connection.h"

namespace simswarm::jobs {

// The first argument of each is the time in microseconds, or empty for the server's own; then those of its comment.
struct RedisScripts {
  RedisScript enqueue;       // number of jobs, then kEnqueueFields texts a job
  RedisScript claim;         // worker, node, lease in ms, most, queues...
  RedisScript heartbeat;     // lease in ms, then id and attempt of each
  RedisScript complete;      // id, attempt, result
  RedisScript fail;          // id, attempt, message, what follows
  RedisScript hand_back;     // id, attempt
  RedisScript cancel;        // id
  RedisScript request_stop;  // id
  RedisScript requeue;       // id
  RedisScript remove;        // id
  RedisScript reap;          // time in ms before which nothing is taken back, most
  RedisScript drain_due;     // queue, most
  RedisScript counts;        // queue
  RedisScript list;          // queue, registry (empty: the queue itself), offset, most
  RedisScript find;          // id
};

inline constexpr int kEnqueueFields = 14;

[[nodiscard]] const RedisScripts& redis_scripts();

}  // namespace simswarm::jobs
