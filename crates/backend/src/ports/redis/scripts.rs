//! What must happen at once, in Redis' own language. Time is Redis' own, since the clocks of several computers never agree.

/// Ends a script on a server older than Redis 7.0, which wraps the errors of scripts: READONLY and others are not recognised there.
const MODERN: &str = "
if not redis.REDIS_VERSION_NUM then return redis.error_reply('TOOOLD older than 7.0') end
";

const CLAIM: &str = "
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return false
";

/// Takes an entry unless somebody has it. Keys: the entry, what was told when it was released. Arguments: value, milliseconds.
pub(super) fn claim() -> String {
    format!("{MODERN}{CLAIM}")
}

/// Replaces an entry, unless somebody else has it. Key: the entry. Arguments: what the caller's own entry holds, value, milliseconds. Answers 1 if
/// it was replaced.
pub(super) const SETTLE: &str = "
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] and held ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
";

/// Tells a value and forgets the entry, if it is still the caller's own. Keys: what is told, the entry. Arguments: value, milliseconds, what the
/// caller's own entry holds. Answers 1 if it was.
pub(super) const RELEASE: &str = "
if redis.call('GET', KEYS[2]) ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return 1
";

/// Names the server's standing: the id of its replication history, which is another after each promotion and each restart, and the replicas that
/// follow it. A replica that was not heard of for more than five seconds doesn't: it may have been made the primary.
const STANDING: &str = r"
local function standing()
  local info = redis.call('INFO', 'replication')
  local words = {string.match(info, 'master_replid:(%x+)') or ''}
  for replica in string.gmatch(info, 'slave%d+:([^\r\n]+)') do
    local lag = tonumber(string.match(replica, 'lag=(%-?%d+)'))
    if string.find(replica, 'state=online', 1, true) and lag and lag <= 5 then
      table.insert(words, (string.match(replica, 'ip=([^,]+)') or '') .. ' ' .. (string.match(replica, 'port=(%d+)') or ''))
    end
  end
  return table.concat(words, '/')
end
";

/// Reads a budget. Key: the budget. Answers Redis' time in seconds and microseconds, the server's standing, and the value.
pub(super) fn read_budget() -> String {
    format!(
        "{MODERN}{STANDING}
local t = redis.call('TIME')
return {{t[1], t[2], standing(), redis.call('GET', KEYS[1])}}
"
    )
}

/// Replaces a budget, if it is still the one that was read, on the server that it was read from, with the replicas that it had. Key: the budget.
/// Arguments: the head of what was read (up to the first colon; empty for none), the new value, milliseconds to keep it (0: for ever), the
/// standing that was read. Answers 1 if it was replaced.
pub(super) fn replace_budget() -> String {
    format!(
        "{STANDING}
local held = redis.call('GET', KEYS[1])
local head = held and string.match(held, '^[^:]*') or ''
if head ~= ARGV[1] or standing() ~= ARGV[4] then return 0 end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"
    )
}
