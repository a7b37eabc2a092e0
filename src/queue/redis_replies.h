// What our scripts answer, read.
#pragma once

#include <array>

#include "queue/job_queue.h"
#include "queue/redis_connection.h"

namespace simswarm::jobs {

// In RQ's names, by Place; empty: the queue itself.
inline constexpr std::array<const char*, kPlaces> kRegistries{"deferred", "scheduled", "",        "wip",
                                                              "finished", "failed",    "canceled"};

// 0 where there is no number.
[[nodiscard]] int int_of(const RedisReply& reply);
[[nodiscard]] std::size_t size_in(const RedisReply& reply);
// As view() of the scripts gives it.
[[nodiscard]] JobView view_of(const RedisReply& reply);
// As detail() of the scripts gives it, of a job that is there.
[[nodiscard]] JobDetails details_of(const RedisReply& reply);
// As all_workers() of the scripts gives it.
[[nodiscard]] WorkerView worker_of(const RedisReply& reply);
// From the `first`th on, one for each place.
[[nodiscard]] Counts counts_of(const RedisReply& reply, std::size_t first);

// A field of a job's last result; empty where it is not there or cannot be read.
[[nodiscard]] std::string result_field(const RedisReply& result, std::string_view name);

}  // namespace simswarm::jobs
