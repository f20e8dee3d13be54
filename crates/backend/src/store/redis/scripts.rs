//! What must happen at once, in Redis' own language. Time is Redis' own, since the clocks of several computers never agree.

/// Takes an entry unless somebody has it. Keys: the entry, what was told when it was released. Arguments: value, milliseconds.
pub(super) const CLAIM: &str = "
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return false
";

/// Has everybody hold, for the longer of what is asked and what is left. Key: the hold. Arguments: why, milliseconds.
pub(super) const HOLD: &str = "
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]) or ARGV[1], 'PX', ARGV[2]) end
return false
";

/// Charges a call to a sliding window. Keys: the calls, the generation, the hold. Arguments: the window in milliseconds, the lane's letter,
/// limit of the endpoint, limit of the lane, the generation that the caller knows, a fresh random name, and 1 where a store without data may have
/// lost them before this caller's start.
///
/// The generation names the data and tells when they began. A caller that knows another one has seen data that are gone, and with them what was
/// sent in the minute before the new ones began: then nobody sends until these are a minute old. Answers the generation, the milliseconds to wait (0: charged) and why everybody holds, if so.
pub(super) const CHARGE: &str = "
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window = tonumber(ARGV[1])
local generation = redis.call('GET', KEYS[2])
local empty = not generation
if empty then
  generation = ARGV[6] .. ':' .. now
  redis.call('SET', KEYS[2], generation)
end
if (empty and ARGV[7] == '1') or (ARGV[5] ~= '' and ARGV[5] ~= generation) then
  local left = window - (now - tonumber(string.match(generation, '%d+$')))
  if left > math.max(redis.call('PTTL', KEYS[3]), 0) then redis.call('SET', KEYS[3], 'lost', 'PX', left) end
end
local hold = redis.call('GET', KEYS[3])
if hold and (hold ~= 'busy' or ARGV[2] == 'r' or ARGV[2] == 'f') then
  return {generation, math.max(redis.call('PTTL', KEYS[3]), 1), hold}
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local calls = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local all, own = {}, {}
for i = 1, #calls, 2 do
  local at = tonumber(calls[i + 1])
  all[#all + 1] = at
  if string.sub(calls[i], 1, 1) == ARGV[2] then own[#own + 1] = at end
end
local function wait(sent, most)
  local surplus = #sent + 1 - most
  if surplus <= 0 then return 0 end
  return sent[surplus] + window - now
end
local left = math.max(wait(all, tonumber(ARGV[3])), wait(own, tonumber(ARGV[4])))
if left <= 0 then
  left = 0
  redis.call('ZADD', KEYS[1], now, ARGV[2] .. ARGV[6])
  redis.call('PEXPIRE', KEYS[1], window)
end
return {generation, left, ''}
";

/// Counts the calls of each lane. Keys: token calls, authorize calls, revoke calls, the hold. Argument: the window in milliseconds. Answers the
/// counts, and why and for how many milliseconds everybody holds, if so.
pub(super) const USAGE: &str = "
local t = redis.call('TIME')
local since = '(' .. (t[1] * 1000 + math.floor(t[2] / 1000) - ARGV[1])
local redeem, refresh = 0, 0
for _, call in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], since, '+inf')) do
  if string.sub(call, 1, 1) == 'r' then redeem = redeem + 1 else refresh = refresh + 1 end
end
local authorize, revoke = redis.call('ZCOUNT', KEYS[2], since, '+inf'), redis.call('ZCOUNT', KEYS[3], since, '+inf')
return {redeem, refresh, authorize, revoke, redis.call('GET', KEYS[4]) or '', math.max(redis.call('PTTL', KEYS[4]), 0)}
";
