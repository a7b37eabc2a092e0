// The back ends of JobQueue, for open_job_queue() alone, and what they have in common.
#pragma once

#include <memory>

#include "queue/job_queue.h"
#include "queue/redis_url.h"

namespace simswarm::jobs {

[[nodiscard]] std::unique_ptr<JobQueue> make_memory_job_queue(const JobQueueOptions& options);
[[nodiscard]] Result<std::unique_ptr<JobQueue>> connect_redis_job_queue(const RedisAddress& address,
                                                                        const JobQueueOptions& options);

// A started job's score in RQ's registry, from now: no tool of RQ takes it from its holder. The real lease is ours.
inline constexpr std::chrono::seconds kFarAhead{1'000'000'000};
inline constexpr std::size_t kMostInPage = 1000;
inline constexpr std::size_t kLongestMessage = std::size_t{32} * 1024;  // the rest is cut off
inline constexpr std::size_t kLongestText = std::size_t{64} * 1024;     // of payload and result

[[nodiscard]] Status check_result(const Claim& claim, const std::string& result);
[[nodiscard]] Status check_settlement(const Settlement& settlement);
[[nodiscard]] Status check_worker(const WorkerId& worker);
[[nodiscard]] Status check_output(const JobId& id, std::string_view piece);
// Of a piece of output, what is kept.
[[nodiscard]] std::string_view kept_of(std::uint64_t offset, std::string_view piece);
// Of a tail, what is kept.
[[nodiscard]] std::string tail_of(const std::string& tail);
[[nodiscard]] Status check_record(const WorkerRecord& record);

}  // namespace simswarm::jobs
