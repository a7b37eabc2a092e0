// The life of a job on the server. What the scripts have in common is in redis_scripts_common.cpp.
#include "queue/redis_scripts.h"

namespace simswarm::jobs {
namespace {

constexpr std::string_view kEnqueue = R"lua(
local at, answer = 2, {}
while at <= #ARGV do
  local id, queue, front, delay, count = unpack(ARGV, at, at + 4)
  local first, last = at + 5, at + 4 + tonumber(count)
  local is_new = 1 - call('EXISTS', key(id))
  answer[#answer + 1] = is_new
  if is_new == 1 then
    call('HSET', key(id), 'created_at', stamp(), unpack(ARGV, first, last))
    if not met(id) then
      defer(id, queue)
    elseif delay ~= '0' then
      schedule(id, queue, due_after(tonumber(delay)))
    else
      push(id, queue, front == '1')
    end
  end
  at = last + 1
end
return answer
)lua";

// Jobs that have most words in common and wait for nothing, each in fewer steps than push() takes: what a campaign has
// a million of.
constexpr std::string_view kEnqueueAlike = R"lua(
local queue, front, answer = ARGV[2], ARGV[3] == '1', {}
local common, own = tonumber(ARGV[4]), tonumber(ARGV[5])
local words = {'status', 'queued', 'created_at', stamp(), 'enqueued_at', stamp(), unpack(ARGV, 6, 5 + common)}
local before = #words
local list = 'rq:queue:' .. queue
local was_empty = call('EXISTS', list) == 0
for at = 6 + common, #ARGV, 1 + own do
  local id = ARGV[at]
  local name = key(id)
  local is_new = 1 - call('EXISTS', name)
  answer[#answer + 1] = is_new
  if is_new == 1 then
    for n = 1, own do words[before + n] = ARGV[at + n] end
    call('HSET', name, unpack(words))
    put_off(front and 'LPUSH' or 'RPUSH', list, id)
  end
end
call('SADD', 'rq:queues', list)
if was_empty then wake(queue) end
return answer
)lua";

// Ids whose job is gone or ended otherwise are dropped, as RQ's workers do. Jobs under a rate limit of RQ 3.0 are left
// to RQ: at their end it gives back a slot, which we would not.
constexpr std::string_view kClaim = R"lua(
local worker, node, lease = ARGV[2], ARGV[3], tonumber(ARGV[4])
local most, at_least, not_after = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
if now_ms > not_after then return {2, {}, 0, 0} end
if call('EXISTS', 'rq:suspended') == 1 then return {1, {}, 0, 0} end
local waits = {queued = true, created = true, ready_to_enqueue = true}
local jobs = {}

local function take(id, queue, f)
  local attempt = whole((tonumber(f[4] or '') or 0) + 1)
  call('HSET', key(id), 'status', 'started', 'started_at', stamp(), 'last_heartbeat', stamp(), 'worker_name', worker,
    'origin', queue, 'sw_attempt', attempt, 'sw_worker', worker, 'sw_node', node)
  local ahead = #jobs >= at_least  -- what is lost before it has begun is told by this progress
  if ahead then
    call('HSET', key(id), 'sw_progress', '-')
  elseif f[8] then
    call('HDEL', key(id), 'sw_progress')
  end
  if f[7] then call('HDEL', key(id), 'sw_stop') end
  if f[5] then call('HDEL', key(id), 'sw_end', 'sw_nodes') end
  call('PERSIST', key(id))
  put_off('ZADD', 'rq:wip:' .. queue, whole(s + FAR_AHEAD), id)
  put_off('ZADD', LEASES, whole(now_ms + lease), member(id, queue))
  jobs[#jobs + 1] = {id, attempt, queue, f[2], f[3]}
end

-- Of what waits, a worker takes its share, so that none has much when all others have nothing.
local function share_of(queue, limit)
  local workers = math.max(call('SCARD', 'rq:workers:' .. queue), 1)
  return math.min(limit, math.max(at_least, math.floor(call('LLEN', 'rq:queue:' .. queue) / (2 * workers))))
end

local more, dropped = 0, 0
for i = 8, #ARGV, 2 do
  local queue, limit, left_to_rq = ARGV[i], math.min(most, tonumber(ARGV[i + 1])), {}
  local share = limit > at_least and share_of(queue, limit) or limit
  local budget = share + 1000  -- also of ids that are dropped
  while #jobs < share and budget > 0 do
    local ids = call('LPOP', 'rq:queue:' .. queue, whole(math.min(share - #jobs, budget)))
    if not ids then break end
    budget = budget - #ids
    for _, id in ipairs(ids) do
      local f = call('HMGET', key(id), 'status', 'data', 'timeout', 'sw_attempt', 'sw_end', 'rate_limit_key', 'sw_stop',
        'sw_progress')
      if f[6] and f[6] ~= '' then
        left_to_rq[#left_to_rq + 1] = id
      elseif f[2] and (not f[1] or waits[f[1]]) then
        take(id, queue, f)
      else
        dropped = dropped + 1
      end
    end
  end
  for n = #left_to_rq, 1, -1 do call('LPUSH', 'rq:queue:' .. queue, left_to_rq[n]) end
  if call('EXISTS', 'rq:queue:' .. queue) == 1 then more = 1 end
  if #jobs > 0 then break end
end
return {0, jobs, more, dropped}
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

// What has ended, several at once: each as its own step would.
constexpr std::string_view kSettle = R"lua(
local function complete(id, queue, f, result)
  local ttl = sane(f[7], 500)
  release_dependents(id)
  if ttl == 0 then
    call('DEL', key(id), 'rq:results:' .. id)
  else
    add_result(id, '1', 'return_value', result, ttl)
    enlist('finished', id, queue, ttl)
    if ttl > 0 then call('EXPIRE', key(id), whole(ttl)) end
  end
end

local function retry(id, queue, f)
  local left = tonumber(f[8] or '') or 0
  local intervals = list_of(f[9])
  local wait = tonumber(intervals[math.max(#intervals - left, 0) + 1]) or 0
  call('HSET', key(id), 'retries_left', whole(left - 1))
  if wait > 0 then schedule(id, queue, due_after(wait)) else push(id, queue, true) end
end

local function settle(id, attempt, what, text)
  local answer, queue, f = holder(id, attempt)
  if answer ~= DONE then return answer end
  if f[11] or f[12] then call('HDEL', key(id), 'sw_progress', 'sw_watched') end
  leave_started(id, queue)
  if what == 'complete' then
    call('HSET', key(id), 'status', 'finished', 'ended_at', stamp(), 'sw_settled', attempt)
    complete(id, queue, f, text)
    return DONE
  end
  call('HSET', key(id), 'sw_settled', attempt)
  local again = what == 'retry' and (tonumber(f[8] or '') or 0) > 0
  if (again or what == 'back') and f[10] then call('HDEL', key(id), 'sw_stop') end
  if again then
    retry(id, queue, f)
  elseif what == 'back' then
    push(id, queue, true)
  else
    fail(id, queue, what == 'stopped' and 'stopped' or 'failed', text)
  end
  return DONE
end

local answers = {}
for i = 2, #ARGV, 4 do answers[#answers + 1] = settle(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) end
return answers
)lua";

// What is seen of runs while they go on; and for each whether somebody looks at what it prints.
constexpr std::string_view kTell = R"lua(
local watched = {}
for i = 3, #ARGV, 4 do
  local id, attempt, text, tail = unpack(ARGV, i, i + 3)
  local answer, _, f = holder(id, attempt)
  watched[#watched + 1] = answer == DONE and now_ms < (tonumber(f[12] or '') or 0) and 1 or 0
  if answer == DONE then
    call('HSET', key(id), 'sw_progress', text)
    if tail ~= '' then call('SET', 'simswarm:tail:' .. id, attempt .. ' ' .. tail, 'EX', ARGV[2]) end
  end
end
return watched
)lua";

// The holder hears it at once when somebody begins to look, and with each answer to what it tells. Its word is written
// anew when half of its time is over.
constexpr std::string_view kWatchOutput = R"lua(
local id, holds = ARGV[2], tonumber(ARGV[3])
local f = call('HMGET', key(id), 'status', 'worker_name', 'sw_worker', 'sw_attempt', 'sw_watched')
if not is_ours(f[1], f[2], f[3]) then return {} end
local left = (tonumber(f[5] or '') or 0) - now_ms
if left <= 0 then redis.pcall('PUBLISH', 'rq:pubsub:' .. f[2], cjson.encode({command = 'watch-output', job_id = id})) end
if left < holds / 2 then call('HSET', key(id), 'sw_watched', whole(now_ms + holds)) end
local attempt, tail = string.match(call('GET', 'simswarm:tail:' .. id) or '', '^(%d+) (.*)$')
return attempt == f[4] and {attempt, tail} or {}
)lua";

// Leases under the name of this worker that it knows nothing of: the reply to its claim was lost.
constexpr std::string_view kReturnUnknown = R"lua(
local worker, known, back = ARGV[2], {}, {}
for i = 3, #ARGV, 2 do known[ARGV[i] .. ':' .. ARGV[i + 1]] = true end
for _, name in ipairs(call('ZRANGE', LEASES, '0', '-1')) do
  local id, queue = string.match(name, '^([^:]+):(.*)$')
  local f = call('HMGET', key(id), 'status', 'worker_name', 'sw_worker', 'sw_attempt')
  if f[3] == worker and is_ours(f[1], f[2], f[3]) and not known[id .. ':' .. (f[4] or '')] then
    leave_started(id, queue)
    call('HSET', key(id), 'sw_settled', f[4])
    push(id, queue, true)
    back[#back + 1] = id
  end
end
return back
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
  local f = call('HMGET', key(id), 'worker_name', 'sw_worker')
  if is_ours(status, f[1], f[2]) then tell_to_stop(f[1], id) end
  leave_started(id, queue)
  leave_executions(id, queue)
else
  call('LREM', 'rq:queue:' .. queue, 0, id)
  leave_executions(id, queue)  -- a worker of RQ has it popped, and has not said so yet
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
  tell_to_stop(f[2], id)
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
if status ~= 'finished' and is_waited_for(id) then return REFUSED end
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
if now_ms > tonumber(ARGV[4]) then return {back, ended, 1} end
if now_ms < tonumber(ARGV[2]) then return {back, ended, 0} end

local function lose(id, queue, f)
  local nodes = list_of(f[6])
  leave_started(id, queue)
  if f[9] == '-' and not f[8] then  -- it was claimed ahead, and has not begun
    call('HDEL', key(id), 'sw_progress')
    push(id, queue, true)
    back[#back + 1] = id
    return
  end
  nodes[#nodes + 1] = f[5] or ''
  call('HSET', key(id), 'sw_nodes', cjson.encode(nodes))
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
    'sw_max_lost', 'sw_stop', 'sw_progress')
  call('ZREM', LEASES, name)
  if f[2] == queue and is_ours(f[1], f[3], f[4]) then
    lose(id, queue, f)
  elseif f[1] ~= 'started' then
    call('ZREM', 'rq:wip:' .. queue, id)
  end
end
if call('SET', 'simswarm:swept', '1', 'NX', 'EX', '60') then
  local gone = {}
  for _, name in ipairs(call('SMEMBERS', 'rq:workers')) do
    if call('EXISTS', name) == 0 then gone[#gone + 1] = name end
  end
  if #gone > 0 then call('SREM', 'rq:workers', unpack(gone)) end
  for _, name in ipairs(call('SMEMBERS', 'rq:queues')) do
    local queue = string.sub(name, #'rq:queue:' + 1)
    call('ZREMRANGEBYSCORE', 'rq:finished:' .. queue, '-inf', whole(s))
    call('ZREMRANGEBYSCORE', 'rq:failed:' .. queue, '-inf', whole(s))
    if #gone > 0 then call('SREM', 'rq:workers:' .. queue, unpack(gone)) end
  end
end
return {back, ended, 0}
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

// The first jobs of a queue, as many as are given. One that deferred jobs wait for goes to its end.
constexpr std::string_view kEmpty = R"lua(
local queue, removed, stay = ARGV[2], 0, {}
for _, id in ipairs(call('LPOP', 'rq:queue:' .. queue, ARGV[3]) or {}) do
  if is_waited_for(id) then
    stay[#stay + 1] = id
  elseif call('DEL', key(id)) == 1 then
    call('DEL', 'rq:results:' .. id)
    removed = removed + 1
  end
end
if #stay > 0 then call('RPUSH', 'rq:queue:' .. queue, unpack(stay)) end
return {removed, #stay}
)lua";

// The last jobs of a queue.
constexpr std::string_view kCancelWaiting = R"lua(
local queue = ARGV[2]
local ids = call('RPOP', 'rq:queue:' .. queue, ARGV[3]) or {}
for _, id in ipairs(ids) do
  if call('EXISTS', key(id)) == 1 then
    leave_executions(id, queue)
    call('HSET', key(id), 'status', 'canceled')
    put_off('ZADD', 'rq:canceled:' .. queue, whole(s), id)
  end
end
return #ids
)lua";

}  // namespace

const RedisScripts& redis_scripts() {
  static const RedisScripts scripts{
      script("enqueue", kEnqueue),
      script("enqueue", kEnqueueAlike),
      script("claim", kClaim),
      script("heartbeat", kHeartbeat),
      script("settle", kSettle),
      script("tell", kTell),
      script("watch output", kWatchOutput),
      script("return unknown", kReturnUnknown),
      script("cancel", kCancel),
      script("request stop", kRequestStop),
      script("requeue", kRequeue),
      script("remove", kRemove),
      script("reap", kReap),
      script("drain due", kDrainDue),
      script("empty", kEmpty),
      script("cancel waiting", kCancelWaiting),
  };
  return scripts;
}

}  // namespace simswarm::jobs
