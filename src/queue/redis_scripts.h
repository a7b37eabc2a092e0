// What runs on the server, one script an operation: each is one atomic step. doc/formats.md describes the keys and
// fields.
#pragma once

#include "queue/redis_connection.h"

namespace simswarm::jobs {

// The first argument of each is the time in microseconds, or empty for the server's own; then those of its comment.
struct RedisScripts {
  RedisScript enqueue;        // id, queue, front, delay in s, number of words, words (fields and values) of each
  RedisScript enqueue_alike;  // queue, front, number of words of all and of each, words of all, then id, words of each
  RedisScript claim;  // worker, node, lease in ms, most, at least, time in ms after which it is late, then queue and
                      // most of each
  RedisScript heartbeat;       // lease in ms, then id and attempt of each
  RedisScript settle;          // id, attempt, how (complete, retry, end, stopped, back), text of each
  RedisScript tell;            // seconds that a tail is kept, then id, attempt, text, tail (empty: none) of each
  RedisScript watch_output;    // id, milliseconds that the watch holds
  RedisScript return_unknown;  // worker, then id and attempt of what it knows
  RedisScript cancel;          // id
  RedisScript request_stop;    // id
  RedisScript requeue;         // id
  RedisScript remove;          // id
  RedisScript reap;            // time in ms before which nothing is taken back, most, time in ms after which it is late
  RedisScript drain_due;       // queue, most
  RedisScript empty;           // queue, most
  RedisScript cancel_waiting;  // queue, most
};

// The same for what changes no job.
struct RedisLookScripts {
  RedisScript counts;    // queue
  RedisScript list;      // queue, registry (empty: the queue itself), offset, most
  RedisScript find;      // id
  RedisScript queues;    // seconds that what is said of a queue is kept
  RedisScript present;   // worker, seconds that the word holds, fields and values
  RedisScript leave;     // worker
  RedisScript workers;   //
  RedisScript describe;  // queue, seconds that it is kept, fields and values
  RedisScript survey;    //
  RedisScript moves;     // most of each; then of each queue its name, and of finished, failed, canceled the least score
                         // (empty: none of it) and how many to pass over
  RedisScript ids;       // queue, registry (empty: the queue itself), offset, most; the oldest first
  RedisScript errors;    // ids; the last result of each
  RedisScript details;   // most of each; then of each place its queue and registry; as `find` tells
};

[[nodiscard]] const RedisScripts& redis_scripts();
[[nodiscard]] const RedisLookScripts& redis_look_scripts();

// A script behind what all have in common. For the two above.
[[nodiscard]] RedisScript script(std::string_view name, std::string_view text);

}  // namespace simswarm::jobs
