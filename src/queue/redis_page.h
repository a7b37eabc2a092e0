// A page of a list of jobs by the server's own SORT, which looks at nothing but what is asked for: several times as
// fast as a script that goes through the jobs.
#pragma once

#include "queue/job_queue.h"
#include "queue/redis_connection.h"

namespace simswarm::jobs {

class RedisPages {
 public:
  // Nothing: SORT does not tell all of these jobs, or the server does not let us use it (before Redis 7, and where the
  // user may not read all keys); then it is for the script. Both commands go in one packet.
  [[nodiscard]] Result<std::optional<Page>> page(RedisConnection& connection, const QueueName& queue, Place place,
                                                 std::size_t offset, std::size_t most);

 private:
  int refused_at_ = 0;  // the connection's generation at which the server did not take SORT
};

}  // namespace simswarm::jobs
