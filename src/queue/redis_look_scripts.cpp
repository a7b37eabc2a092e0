// What there is on the server: queues, jobs, workers.
#include "queue/redis_scripts.h"

namespace simswarm::jobs {
namespace {

constexpr std::string_view kCounts = R"lua(
local queue, counts = ARGV[2], {}
for i, registry in ipairs({'deferred', 'scheduled', '', 'wip', 'finished', 'failed', 'canceled'}) do
  counts[i] = registry == '' and call('LLEN', 'rq:queue:' .. queue) or call('ZCARD', 'rq:' .. registry .. ':' .. queue)
end
return counts
)lua";

constexpr std::string_view kView = R"lua(
local function view(id)
  local f = call('HMGET', key(id), 'origin', 'status', 'description', 'sw_attempt', 'sw_nodes', 'sw_end', 'sw_stop',
    'retries_left', 'worker_name', 'sw_node', 'created_at', 'enqueued_at', 'started_at', 'ended_at', 'timeout', 'sw_progress')
  -- A word that comes too late leaves a hash behind that is no job.
  local there = f[15] or f[1]
  f[15] = id
  f[5] = list_of(f[5])
  f[7] = f[7] and f[7] == f[13]
  f[16] = f[2] == 'started' and f[16] ~= '-' and f[16] or ''
  return there and f
end
)lua";

constexpr std::string_view kList = R"lua(
local queue, registry, offset, most = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local total, ids, jobs = 0, {}, {}
if registry == '' then
  local name = 'rq:queue:' .. queue
  total = call('LLEN', name)
  local found = most == 0 and {} or call('LRANGE', name, whole(-offset - most), whole(-offset - 1))
  for i = #found, 1, -1 do ids[#ids + 1] = found[i] end
else
  local name = 'rq:' .. registry .. ':' .. queue
  total = call('ZCARD', name)
  ids = most == 0 and {} or call('ZREVRANGE', name, whole(offset), whole(offset + most - 1))
end
for _, id in ipairs(ids) do
  local one = view(string.match(id, '^[^:]*'))
  if one then jobs[#jobs + 1] = one end
end
return {total, jobs}
)lua";

constexpr std::string_view kDetail = R"lua(
local function detail(id)
  local one = view(id)
  if not one then return {} end
  local last = call('XREVRANGE', 'rq:results:' .. id, '+', '-', 'COUNT', '1')
  return {one, call('HGET', key(id), 'data'), parents(id), last[1] and last[1][2] or {}}
end
)lua";

constexpr std::string_view kDetails = R"lua(
local most, all = tonumber(ARGV[2]), {}
for i = 3, #ARGV, 2 do
  local queue, registry, ids = ARGV[i], ARGV[i + 1], {}
  if registry == '' then
    local found = call('LRANGE', 'rq:queue:' .. queue, whole(-most), '-1')
    for j = #found, 1, -1 do ids[#ids + 1] = found[j] end
  else
    ids = call('ZREVRANGE', 'rq:' .. registry .. ':' .. queue, '0', whole(most - 1))
  end
  for _, id in ipairs(ids) do
    local one = detail(string.match(id, '^[^:]*'))
    if one[1] then all[#all + 1] = one end
  end
end
return all
)lua";

constexpr std::string_view kQueues = R"lua(
local queues, kept = {}, tonumber(ARGV[2])
for _, name in ipairs(call('SMEMBERS', 'rq:queues')) do
  local queue = string.sub(name, #'rq:queue:' + 1)
  local waiting = call('LLEN', name)
  local about = 'simswarm:queue:' .. queue
  local f = call('HMGET', about, 'name', 'priority')
  if waiting > 0 and (f[1] or f[2]) and call('TTL', about) < kept / 2 then call('EXPIRE', about, whole(kept)) end
  queues[#queues + 1] = {queue, waiting, call('ZCOUNT', 'rq:scheduled:' .. queue, '-inf', whole(s)), f[1] or '', f[2] or ''}
end
return queues
)lua";

constexpr std::string_view kDescribe = R"lua(
local about = 'simswarm:queue:' .. ARGV[2]
call('HSET', about, unpack(ARGV, 4))
call('EXPIRE', about, ARGV[3])
return DONE
)lua";

// As RQ's workers register. All is written each time: the server may have forgotten it.
constexpr std::string_view kPresent = R"lua(
local worker, ttl = ARGV[2], ARGV[3]
local name = 'rq:worker:' .. worker
local before = call('HGET', name, 'queues') or ''
call('HSETNX', name, 'birth', stamp())
call('HDEL', name, 'death')
call('HSET', name, 'last_heartbeat', stamp(), unpack(ARGV, 4))
call('EXPIRE', name, ttl)
call('SADD', 'rq:workers', name)
local now = call('HGET', name, 'queues')
for queue in string.gmatch(now, '[^,]+') do call('SADD', 'rq:workers:' .. queue, name) end
for queue in string.gmatch(before, '[^,]+') do
  if not string.find(',' .. now .. ',', ',' .. queue .. ',', 1, true) then call('SREM', 'rq:workers:' .. queue, name) end
end
return DONE
)lua";

constexpr std::string_view kLeave = R"lua(
local name = 'rq:worker:' .. ARGV[2]
local queues = call('HGET', name, 'queues')
call('SREM', 'rq:workers', name)
if not queues then return GONE end
for queue in string.gmatch(queues, '[^,]+') do call('SREM', 'rq:workers:' .. queue, name) end
call('HSET', name, 'death', stamp())
call('EXPIRE', name, '60')
return DONE
)lua";

constexpr std::string_view kAllWorkers = R"lua(
local function all_workers()
  local workers = {}
  for _, name in ipairs(call('SMEMBERS', 'rq:workers')) do
    local f = call('HMGET', name, 'queues', 'hostname', 'ip_address', 'pid', 'version', 'state', 'birth',
      'last_heartbeat', 'successful_job_count', 'failed_job_count', 'total_working_time', 'sw_slots', 'sw_running',
      'sw_cpu', 'sw_obstacle')
    if f[7] then
      f[14] = f[14] or ''
      f[15] = f[15] or ''
      f[16] = string.sub(name, #'rq:worker:' + 1)
      workers[#workers + 1] = f
    end
  end
  return workers
end
)lua";

// All that a page of queues and workers shows, in one step.
constexpr std::string_view kSurvey = R"lua(
local queues = {}
for _, name in ipairs(call('SMEMBERS', 'rq:queues')) do
  local queue = string.sub(name, #'rq:queue:' + 1)
  local f = call('HMGET', 'simswarm:queue:' .. queue, 'name', 'priority')
  local one = {queue, f[1] or '', f[2] or ''}
  for i, registry in ipairs({'deferred', 'scheduled', '', 'wip', 'finished', 'failed', 'canceled'}) do
    one[3 + i] = registry == '' and call('LLEN', name) or call('ZCARD', 'rq:' .. registry .. ':' .. queue)
  end
  queues[#queues + 1] = one
end
return {call('EXISTS', 'rq:suspended'), queues, all_workers()}
)lua";

// What goes on in a queue, and what has ended there since.
constexpr std::string_view kMoves = R"lua(
local most, all = tonumber(ARGV[2]), {}
for first = 3, #ARGV, 7 do
  local queue = ARGV[first]
  local started, ended = {}, {}
  for _, id in ipairs(call('ZREVRANGE', 'rq:wip:' .. queue, '0', whole(most - 1))) do
    local one = view(string.match(id, '^[^:]*'))
    if one then started[#started + 1] = one end
  end
  for i, registry in ipairs({'finished', 'failed', 'canceled'}) do
    local since, skip, list = ARGV[first + 2 * i - 1], ARGV[first + 2 * i], {}
    local found = since == '' and {} or call('ZRANGEBYSCORE', 'rq:' .. registry .. ':' .. queue, since, '+inf',
      'WITHSCORES', 'LIMIT', skip, whole(most))
    for j = 1, #found, 2 do
      local f = call('HMGET', key(found[j]), 'status', 'sw_attempt', 'sw_worker', 'sw_node', 'started_at', 'ended_at')
      list[#list + 1] = {found[j], found[j + 1], unpack(f, 1, 6)}
    end
    ended[i] = list
  end
  all[#all + 1] = {started, ended[1], ended[2], ended[3]}
end
return all
)lua";

constexpr std::string_view kErrors = R"lua(
local errors = {}
for i = 2, #ARGV do
  local last = call('XREVRANGE', 'rq:results:' .. ARGV[i], '+', '-', 'COUNT', '1')
  errors[i - 1] = last[1] and last[1][2] or {}
end
return errors
)lua";

constexpr std::string_view kIds = R"lua(
local queue, registry, offset, most = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local first, last = whole(offset), whole(offset + most - 1)
if registry == '' then return call('LRANGE', 'rq:queue:' .. queue, first, last) end
return call('ZRANGE', 'rq:' .. registry .. ':' .. queue, first, last)
)lua";

}  // namespace

const RedisLookScripts& redis_look_scripts() {
  static const RedisLookScripts scripts{
      script("counts", kCounts),
      script("list", std::string(kView) + std::string(kList)),
      script("find", std::string(kView) + std::string(kDetail) + "return detail(ARGV[2])"),
      script("queues", kQueues),
      script("present", kPresent),
      script("leave", kLeave),
      script("workers", std::string(kAllWorkers) + "return all_workers()"),
      script("describe", kDescribe),
      script("survey", std::string(kAllWorkers) + std::string(kSurvey)),
      script("moves", std::string(kView) + std::string(kMoves)),
      script("ids", kIds),
      script("errors", kErrors),
      script("details", std::string(kView) + std::string(kDetail) + std::string(kDetails)),
  };
  return scripts;
}

}  // namespace simswarm::jobs
