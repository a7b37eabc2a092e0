#include "queue/redis_scripts.h"

#include <fmt/core.h>

#include "queue/backends.h"

namespace simswarm::jobs {
namespace {

// What the scripts have in common. `s` and `us` are the time; answers are those of enum Answer.
constexpr std::string_view kCommon = R"lua(
local call = redis.call
local s, us
if ARGV[1] == '' then
  local time = call('TIME')
  s, us = tonumber(time[1]), tonumber(time[2])
else
  s, us = tonumber(string.sub(ARGV[1], 1, -7)), tonumber(string.sub(ARGV[1], -6))
end
local now_ms = s * 1000 + math.floor(us / 1000)
local DONE, ALREADY, REFUSED, GONE = 0, 1, 2, 3
local LEASES = 'simswarm:leases'

local function whole(number)
  return string.format('%.0f', number)
end

local stamp_text
local function stamp()
  if stamp_text then return stamp_text end
  local z = math.floor(s / 86400) + 719468
  local rest = s % 86400
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local day = doy - math.floor((153 * mp + 2) / 5) + 1
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  stamp_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d.%06dZ', year, month, day, math.floor(rest / 3600),
    math.floor(rest / 60) % 60, rest % 60, us)
  return stamp_text
end

local function key(id)
  return 'rq:job:' .. id
end

-- Its status and its queue; no queue: it is gone.
local function standing(id)
  local f = call('HMGET', key(id), 'status', 'origin')
  return f[1], f[2]
end

local function member(id, queue)
  return id .. ':' .. queue
end

local function push(id, queue, front)
  call('HSET', key(id), 'status', 'queued', 'enqueued_at', stamp())
  call('SADD', 'rq:queues', 'rq:queue:' .. queue)
  call(front and 'LPUSH' or 'RPUSH', 'rq:queue:' .. queue, id)
end

local function schedule(id, queue, due)
  call('HSET', key(id), 'status', 'scheduled')
  call('SADD', 'rq:queues', 'rq:queue:' .. queue)
  call('ZADD', 'rq:scheduled:' .. queue, whole(due), id)
end

local function due_after(seconds)
  return s + seconds + (us > 0 and 1 or 0)
end

-- A field that others may have written: nobody's job may hang on what is no list in it.
local function list_of(text)
  local good, list = pcall(cjson.decode, text or '')
  return good and type(list) == 'table' and list or {}
end

local function parents(id)
  local f = call('HMGET', key(id), 'dependency_ids', 'dependency_id')
  local list = list_of(f[1])
  if #list == 0 and f[2] and f[2] ~= '' then return {f[2]} end
  return list
end

-- A parent that is not there counts as finished, as in RQ.
local function met(id)
  local allowed = call('HGET', key(id), 'allow_dependency_failures') == '1'
  for _, parent in ipairs(parents(id)) do
    local status = call('HGET', key(parent), 'status')
    if status and status ~= 'finished' and not (allowed and status == 'failed') then return false end
  end
  return true
end

-- A job is among the dependents of its parents while it is deferred.
local function defer(id, queue)
  call('HSET', key(id), 'status', 'deferred')
  call('SADD', 'rq:queues', 'rq:queue:' .. queue)
  call('ZADD', 'rq:deferred:' .. queue, '+inf', id)
  for _, parent in ipairs(parents(id)) do
    call('SADD', key(parent) .. ':dependents', id)
    call('SADD', 'rq:job::' .. id .. ':dependencies', parent)
  end
end

local function leave_deferred(id, queue)
  call('ZREM', 'rq:deferred:' .. queue, id)
  for _, parent in ipairs(parents(id)) do
    call('SREM', key(parent) .. ':dependents', id)
  end
  call('DEL', 'rq:job::' .. id .. ':dependencies')
end

local function release_dependents(id)
  local waiting = call('SMEMBERS', key(id) .. ':dependents')
  table.sort(waiting)
  for _, child in ipairs(waiting) do
    local f = call('HMGET', key(child), 'status', 'origin', 'enqueue_at_front')
    if f[1] ~= 'deferred' then
      call('SREM', key(id) .. ':dependents', child)
    elseif met(child) then
      leave_deferred(child, f[2])
      push(child, f[2], f[3] == '1')
    end
  end
end

-- Ours, and not of a worker of RQ that took it after us: that sets worker_name alone.
local function is_ours(status, worker_name, our_worker)
  return status == 'started' and our_worker and worker_name == our_worker
end

-- What the word of an attempt is worth, and its queue.
local function holder(id, attempt)
  local f = call('HMGET', key(id), 'status', 'origin', 'worker_name', 'sw_worker', 'sw_attempt', 'sw_settled')
  if not f[1] and not f[2] then return GONE end
  if f[5] == attempt and is_ours(f[1], f[3], f[4]) and call('ZSCORE', LEASES, member(id, f[2])) then
    return DONE, f[2]
  end
  return f[6] == attempt and ALREADY or REFUSED
end

local function leave_started(id, queue)
  call('ZREM', 'rq:wip:' .. queue, id)
  call('ZREM', LEASES, member(id, queue))
end

-- RQ 2 and newer have in wip `id:execution` of what their workers hold.
local function leave_executions(id, queue)
  for _, execution in ipairs(call('ZRANGE', 'rq:executions:' .. id, '0', '-1')) do
    call('ZREM', 'rq:wip:' .. queue, id .. ':' .. execution)
  end
end

-- How long it is kept: by RQ's rule the field, or what RQ takes where there is none.
local function ttl_of(id, field, usual)
  return tonumber(call('HGET', key(id), field) or '') or usual
end

local function expire(name, ttl)
  if ttl < 0 then call('PERSIST', name) else call('EXPIRE', name, whole(ttl)) end
end

local function enlist(registry, id, queue, ttl)
  call('ZADD', 'rq:' .. registry .. ':' .. queue, ttl < 0 and '+inf' or whole(s + ttl), id)
end

local ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
local function base64(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = string.byte(text, i, i + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    for n, place in ipairs({262144, 4096, 64, 1}) do
      local at = math.floor(bits / place) % 64 + 1
      local given = n < 3 or (n == 3 and b) or (n == 4 and c)
      out[#out + 1] = given and string.sub(ALPHABET, at, at) or '='
    end
  end
  return table.concat(out)
end

-- As zlib would pack it, without packing: RQ reads nothing else. Up to 65,535 bytes.
local function zlib(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + string.byte(text, i)) % 65521
    b = (b + a) % 65521
  end
  local low, high = #text % 256, math.floor(#text / 256)
  return string.char(120, 1, 1, low, high, 255 - low, 255 - high) .. text ..
    string.char(math.floor(b / 256), b % 256, math.floor(a / 256), a % 256)
end

local function add_result(id, kind, field, text, ttl)
  local name = 'rq:results:' .. id
  call('XADD', name, 'MAXLEN', '~', '10', '*', 'type', kind, field, base64(text))
  expire(name, ttl)
end

-- Ends a job as failed or stopped.
local function fail(id, queue, status, message)
  local ttl = ttl_of(id, 'failure_ttl', 31536000)
  leave_started(id, queue)
  call('HSET', key(id), 'status', status, 'ended_at', stamp())
  add_result(id, '2', 'exc_string', zlib(message), ttl)
  enlist('failed', id, queue, ttl)
  expire(key(id), ttl)
  release_dependents(id)
end
)lua";

constexpr std::string_view kEnqueue = R"lua(
local at, answer, named = 3, {}, {}
for i = 1, tonumber(ARGV[2]) do
  local id, queue, data, description, timeout, result_ttl, failure_ttl, retries, intervals, max_lost, front, delay,
    allowed, depends_on = unpack(ARGV, at, at + 13)
  at = at + 14
  answer[i] = 1 - call('EXISTS', key(id))
  if answer[i] == 1 then
    local f = {'created_at', stamp(), 'data', data, 'origin', queue, 'timeout', timeout}
    local function add(field, value)
      if value ~= '' then
        f[#f + 1] = field
        f[#f + 1] = value
      end
    end
    add('description', description)
    add('result_ttl', result_ttl)
    add('failure_ttl', failure_ttl)
    add('retries_left', retries)
    add('retry_intervals', intervals)
    add('sw_max_lost', max_lost)
    add('enqueue_at_front', front)
    add('allow_dependency_failures', allowed)
    add('dependency_ids', depends_on)
    if depends_on ~= '' then add('dependency_id', cjson.decode(depends_on)[1]) end
    local at_once = depends_on == '' and delay == '0'
    if at_once then
      add('status', 'queued')
      add('enqueued_at', stamp())
    end
    call('HSET', key(id), unpack(f))
    if at_once then  -- as push(), in fewer steps: this is what a campaign does a million times
      if not named[queue] then call('SADD', 'rq:queues', 'rq:queue:' .. queue) end
      named[queue] = true
      call(front == '1' and 'LPUSH' or 'RPUSH', 'rq:queue:' .. queue, id)
    elseif not met(id) then
      defer(id, queue)
    elseif delay ~= '0' then
      schedule(id, queue, due_after(tonumber(delay)))
    else
      push(id, queue, front == '1')
    end
  end
end
return answer
)lua";

// Ids whose job is gone or ended otherwise are dropped, as RQ's workers do. Jobs under a rate limit of RQ 3.0 are left
// to RQ: at their end it gives back a slot, which we would not.
constexpr std::string_view kClaim = R"lua(
local worker, node, lease, most = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if call('EXISTS', 'rq:suspended') == 1 then return {1, {}} end
local waits = {queued = true, created = true, ready_to_enqueue = true}
local jobs = {}

local function take(id, queue, f)
  local attempt = whole((tonumber(f[4] or '') or 0) + 1)
  call('HSET', key(id), 'status', 'started', 'started_at', stamp(), 'last_heartbeat', stamp(), 'worker_name', worker,
    'origin', queue, 'sw_attempt', attempt, 'sw_worker', worker, 'sw_node', node)
  call('HDEL', key(id), 'sw_stop')
  if f[5] then call('HDEL', key(id), 'sw_end', 'sw_nodes') end
  call('PERSIST', key(id))
  call('ZADD', 'rq:wip:' .. queue, whole(s + FAR_AHEAD), id)
  call('ZADD', LEASES, whole(now_ms + lease), member(id, queue))
  jobs[#jobs + 1] = {id, attempt, queue, f[2], f[3]}
end

for i = 6, #ARGV do
  local queue, left_to_rq = ARGV[i], {}
  for _ = 1, most + 100 do
    if #jobs >= most then break end
    local id = call('LPOP', 'rq:queue:' .. queue)
    if not id then break end
    local f = call('HMGET', key(id), 'status', 'data', 'timeout', 'sw_attempt', 'sw_end', 'rate_limit_key')
    if f[6] and f[6] ~= '' then
      left_to_rq[#left_to_rq + 1] = id
    elseif f[2] and (not f[1] or waits[f[1]]) then
      take(id, queue, {f[1], f[2], f[3], f[4], f[5]})
    end
  end
  for n = #left_to_rq, 1, -1 do call('LPUSH', 'rq:queue:' .. queue, left_to_rq[n]) end
  if #jobs > 0 then break end
end
return {0, jobs}
)lua";

constexpr std::string_view kHeartbeat = R"lua(
local beats = {}
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  local answer, queue = holder(id, ARGV[i + 1])
  if answer == DONE then
    call('ZADD', LEASES, whole(now_ms + tonumber(ARGV[2])), member(id, queue))
    call('ZADD', 'rq:wip:' .. queue, whole(s + FAR_AHEAD), id)
    call('HSET', key(id), 'last_heartbeat', stamp())
    beats[#beats + 1] = call('HEXISTS', key(id), 'sw_stop')
  else
    beats[#beats + 1] = 2
  end
end
return beats
)lua";

constexpr std::string_view kComplete = R"lua(
local id, attempt, result = ARGV[2], ARGV[3], ARGV[4]
local answer, queue = holder(id, attempt)
if answer ~= DONE then return answer end
local ttl = ttl_of(id, 'result_ttl', 500)
leave_started(id, queue)
call('HSET', key(id), 'status', 'finished', 'ended_at', stamp(), 'sw_settled', attempt)
release_dependents(id)
if ttl == 0 then
  call('DEL', key(id), 'rq:results:' .. id)
else
  add_result(id, '1', 'return_value', result, ttl)
  enlist('finished', id, queue, ttl)
  expire(key(id), ttl)
end
return DONE
)lua";

constexpr std::string_view kFail = R"lua(
local id, attempt, message, after = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local answer, queue = holder(id, attempt)
if answer ~= DONE then return answer end
call('HSET', key(id), 'sw_settled', attempt)
local f = call('HMGET', key(id), 'retries_left', 'retry_intervals')
local left = tonumber(f[1] or '') or 0
if after ~= 'retry' or left <= 0 then
  fail(id, queue, after == 'stopped' and 'stopped' or 'failed', message)
  return DONE
end
local intervals = list_of(f[2])
local wait = tonumber(intervals[math.max(#intervals - left, 0) + 1]) or 0
leave_started(id, queue)
call('HSET', key(id), 'retries_left', whole(left - 1))
call('HDEL', key(id), 'sw_stop')
if wait > 0 then schedule(id, queue, due_after(wait)) else push(id, queue, true) end
return DONE
)lua";

constexpr std::string_view kHandBack = R"lua(
local id, attempt = ARGV[2], ARGV[3]
local answer, queue = holder(id, attempt)
if answer ~= DONE then return answer end
leave_started(id, queue)
call('HSET', key(id), 'sw_settled', attempt)
call('HDEL', key(id), 'sw_stop')
push(id, queue, true)
return DONE
)lua";

constexpr std::string_view kCancel = R"lua(
local id = ARGV[2]
local status, queue = standing(id)
if not queue then return GONE end
if status == 'canceled' then return ALREADY end
if status == 'finished' or status == 'failed' or status == 'stopped' then return REFUSED end
if status == 'deferred' then
  leave_deferred(id, queue)
elseif status == 'scheduled' then
  call('ZREM', 'rq:scheduled:' .. queue, id)
elseif status == 'started' then
  leave_started(id, queue)
  leave_executions(id, queue)
else
  call('LREM', 'rq:queue:' .. queue, 0, id)
end
call('HSET', key(id), 'status', 'canceled')
call('ZADD', 'rq:canceled:' .. queue, whole(s), id)
return DONE
)lua";

// A worker of RQ hears it on its channel; one of ours with its next heartbeat. The request names the start that it is
// for: workers of RQ leave it there.
constexpr std::string_view kRequestStop = R"lua(
local id = ARGV[2]
local f = call('HMGET', key(id), 'status', 'worker_name', 'sw_stop', 'origin', 'started_at')
if not f[4] then return GONE end
if f[1] == 'stopped' then return ALREADY end
if f[1] ~= 'started' then return REFUSED end
if f[3] and f[3] == f[5] then return ALREADY end
call('HSET', key(id), 'sw_stop', f[5] or '')
if f[2] and f[2] ~= '' then
  call('PUBLISH', 'rq:pubsub:' .. f[2], cjson.encode({command = 'stop-job', job_id = id}))
end
return DONE
)lua";

constexpr std::string_view kRequeue = R"lua(
local id = ARGV[2]
local status, queue = standing(id)
if not queue then return GONE end
if status == 'queued' then return ALREADY end
if status == 'canceled' then
  call('ZREM', 'rq:canceled:' .. queue, id)
elseif status == 'failed' or status == 'stopped' then
  call('ZREM', 'rq:failed:' .. queue, id)
else
  return REFUSED
end
call('HDEL', key(id), 'started_at', 'ended_at', 'exc_info', 'sw_stop', 'sw_end', 'sw_nodes')
call('PERSIST', key(id))
if met(id) then push(id, queue, false) else defer(id, queue) end
return DONE
)lua";

constexpr std::string_view kRemove = R"lua(
local id = ARGV[2]
local status, queue = standing(id)
if not queue then return GONE end
if status == 'started' then return REFUSED end
if status ~= 'finished' then
  for _, child in ipairs(call('SMEMBERS', key(id) .. ':dependents')) do
    if call('HGET', key(child), 'status') == 'deferred' then return REFUSED end
  end
end
leave_deferred(id, queue)
for _, registry in ipairs({'scheduled', 'finished', 'failed', 'canceled', 'wip'}) do
  call('ZREM', 'rq:' .. registry .. ':' .. queue, id)
end
if status == 'queued' or status == 'created' then call('LREM', 'rq:queue:' .. queue, 0, id) end
call('DEL', key(id), 'rq:results:' .. id)
return DONE
)lua";

// Registries forget what has expired, as RQ's maintenance would have them: there may be no worker of RQ to do it.
constexpr std::string_view kReap = R"lua(
local back, ended = {}, {}
if now_ms < tonumber(ARGV[2]) then return {back, ended} end

local function lose(id, queue, f)
  local nodes = list_of(f[6])
  nodes[#nodes + 1] = f[5] or ''
  call('HSET', key(id), 'sw_nodes', cjson.encode(nodes))
  leave_started(id, queue)
  local too_often = #nodes >= (tonumber(f[7] or '') or 3)
  if not f[8] and not too_often then
    push(id, queue, true)
    back[#back + 1] = id
    return
  end
  if not f[8] then call('HSET', key(id), 'sw_end', 'lost') end
  fail(id, queue, f[8] and 'stopped' or 'failed', 'lost with its node: ' .. table.concat(nodes, ', '))
  ended[#ended + 1] = id
end

for _, name in ipairs(call('ZRANGEBYSCORE', LEASES, '-inf', whole(now_ms), 'LIMIT', '0', ARGV[3])) do
  local id, queue = string.match(name, '^([^:]+):(.*)$')
  local f = call('HMGET', key(id), 'status', 'origin', 'worker_name', 'sw_worker', 'sw_node', 'sw_nodes',
    'sw_max_lost', 'sw_stop')
  call('ZREM', LEASES, name)
  if f[2] == queue and is_ours(f[1], f[3], f[4]) then
    lose(id, queue, f)
  elseif f[1] ~= 'started' then
    call('ZREM', 'rq:wip:' .. queue, id)
  end
end
if call('SET', 'simswarm:swept', '1', 'NX', 'EX', '60') then
  for _, name in ipairs(call('SMEMBERS', 'rq:queues')) do
    local queue = string.sub(name, #'rq:queue:' + 1)
    call('ZREMRANGEBYSCORE', 'rq:finished:' .. queue, '-inf', whole(s))
    call('ZREMRANGEBYSCORE', 'rq:failed:' .. queue, '-inf', whole(s))
  end
end
return {back, ended}
)lua";

// A scheduler of RQ reads first and moves later: two at work would queue a job twice. It holds the lock for all its
// life.
constexpr std::string_view kDrainDue = R"lua(
local queue, drained = ARGV[2], 0
local registry = 'rq:scheduled:' .. queue
if call('EXISTS', 'rq:scheduler-lock:' .. queue) == 1 then return 0 end
for _, id in ipairs(call('ZRANGEBYSCORE', registry, '-inf', whole(s), 'LIMIT', '0', ARGV[3])) do
  local f = call('HMGET', key(id), 'status', 'enqueue_at_front')
  call('ZREM', registry, id)
  if f[1] == 'scheduled' then
    push(id, queue, f[2] == '1')
    drained = drained + 1
  end
end
return drained
)lua";

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
    'retries_left', 'worker_name', 'sw_node', 'created_at', 'enqueued_at', 'started_at', 'ended_at', 'data')
  local there = f[15]
  f[15] = id
  f[5] = list_of(f[5])
  f[7] = f[7] and f[7] == f[13]
  return there and f
end
)lua";

constexpr std::string_view kList = R"lua(
local queue, registry, offset, most = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local total, ids, jobs = 0, {}, {}
if registry == '' then
  local name = 'rq:queue:' .. queue
  total = call('LLEN', name)
  local found = call('LRANGE', name, whole(-offset - most), whole(-offset - 1))
  for i = #found, 1, -1 do ids[#ids + 1] = found[i] end
else
  local name = 'rq:' .. registry .. ':' .. queue
  total = call('ZCARD', name)
  ids = call('ZREVRANGE', name, whole(offset), whole(offset + most - 1))
end
for _, id in ipairs(ids) do
  local one = view(string.match(id, '^[^:]*'))
  if one then jobs[#jobs + 1] = one end
end
return {total, jobs}
)lua";

constexpr std::string_view kFind = R"lua(
local id = ARGV[2]
local one = view(id)
if not one then return {} end
local last = call('XREVRANGE', 'rq:results:' .. id, '+', '-', 'COUNT', '1')
return {one, call('HGET', key(id), 'data'), parents(id), last[1] and last[1][2] or {}}
)lua";

RedisScript script(std::string_view name, std::string_view text) {
  return {name, fmt::format("local FAR_AHEAD = {}\n{}{}", kFarAhead.count(), kCommon, text)};
}

}  // namespace

const RedisScripts& redis_scripts() {
  static const RedisScripts scripts{
      script("enqueue", kEnqueue),
      script("claim", kClaim),
      script("heartbeat", kHeartbeat),
      script("complete", kComplete),
      script("fail", kFail),
      script("hand back", kHandBack),
      script("cancel", kCancel),
      script("request stop", kRequestStop),
      script("requeue", kRequeue),
      script("remove", kRemove),
      script("reap", kReap),
      script("drain due", kDrainDue),
      script("counts", kCounts),
      script("list", std::string(kView) + std::string(kList)),
      script("find", std::string(kView) + std::string(kFind)),
  };
  return scripts;
}

}  // namespace simswarm::jobs
