#include <fmt/core.h>

#include "queue/backends.h"
#include "queue/redis_scripts.h"

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

-- Steps that can wait to the end of the script, those of one key in one: each costs the server more than its work. No
-- script may look at what it has put off.
local later = {}
local function put_off(step, name, ...)
  local which = step .. ' ' .. name
  local words = later[which]
  if not words then
    words = {step, name}
    later[which] = words
    later[#later + 1] = words
  end
  for _, word in ipairs({...}) do words[#words + 1] = word end
  if #words > 2000 then
    call(unpack(words))
    for i = #words, 3, -1 do words[i] = nil end
  end
end

local function do_the_rest()
  for _, words in ipairs(later) do
    if #words > 2 then call(unpack(words)) end
  end
end

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

-- Workers that wait hear of a queue that was empty. Who may not publish makes them wait for their next look.
local function wake(queue)
  redis.pcall('PUBLISH', 'simswarm:wake', queue)
end

local function push(id, queue, front)
  call('HSET', key(id), 'status', 'queued', 'enqueued_at', stamp())
  call('SADD', 'rq:queues', 'rq:queue:' .. queue)
  if call(front and 'LPUSH' or 'RPUSH', 'rq:queue:' .. queue, id) == 1 then wake(queue) end
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

local function is_waited_for(id)
  for _, child in ipairs(call('SMEMBERS', key(id) .. ':dependents')) do
    if call('HGET', key(child), 'status') == 'deferred' then return true end
  end
  return false
end

-- Ours, and not of a worker of RQ that took it after us: that sets worker_name alone.
local function is_ours(status, worker_name, our_worker)
  return status == 'started' and our_worker and worker_name == our_worker
end

-- What the word of an attempt is worth, its queue, and the fields of the job that were asked for.
local function holder(id, attempt)
  local f = call('HMGET', key(id), 'status', 'origin', 'worker_name', 'sw_worker', 'sw_attempt', 'sw_settled',
    'result_ttl', 'retries_left', 'retry_intervals', 'sw_stop', 'sw_progress', 'sw_watched')
  if not f[1] and not f[2] then return GONE end
  if f[5] == attempt and is_ours(f[1], f[3], f[4]) and call('ZSCORE', LEASES, member(id, f[2])) then
    return DONE, f[2], f
  end
  return f[6] == attempt and ALREADY or REFUSED
end

local function leave_started(id, queue)
  put_off('ZREM', 'rq:wip:' .. queue, id)
  put_off('ZREM', LEASES, member(id, queue))
end

-- RQ 2 and newer have in wip `id:execution` of what their workers hold.
local function leave_executions(id, queue)
  for _, execution in ipairs(call('ZRANGE', 'rq:executions:' .. id, '0', '-1')) do
    call('ZREM', 'rq:wip:' .. queue, id .. ':' .. execution)
  end
end

local function tell_to_stop(worker, id)
  redis.pcall('PUBLISH', 'rq:pubsub:' .. worker, cjson.encode({command = 'stop-job', job_id = id}))
end

-- How long it is kept: by RQ's rule the field, or what RQ takes where there is none.
local function sane(ttl, usual)
  ttl = tonumber(ttl or '') or usual
  if ttl ~= ttl or ttl > 1e10 then return 1e10 end
  return math.max(math.floor(ttl), -1)
end

local function ttl_of(id, field, usual)
  return sane(call('HGET', key(id), field), usual)
end

local function expire(name, ttl)
  if ttl < 0 then call('PERSIST', name) else call('EXPIRE', name, whole(ttl)) end
end

local function enlist(registry, id, queue, ttl)
  put_off('ZADD', 'rq:' .. registry .. ':' .. queue, ttl < 0 and '+inf' or whole(s + ttl), id)
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

}  // namespace

RedisScript script(std::string_view name, std::string_view text) {
  // An error in the middle leaves no job half done: what was put off for others is done all the same.
  constexpr std::string_view kEnd = R"lua(
end
local good, answer = pcall(main)
do_the_rest()
if good then return answer end
return redis.error_reply(type(answer) == 'table' and answer.err or tostring(answer))
)lua";
  return {name,
          fmt::format("local FAR_AHEAD = {}\n{}\nlocal function main()\n{}{}", kFarAhead.count(), kCommon, text, kEnd)};
}

}  // namespace simswarm::jobs
