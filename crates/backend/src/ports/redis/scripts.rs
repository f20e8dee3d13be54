//! What must happen at once, in Redis' own language. Time is Redis' own, since the clocks of several computers never agree.

/// Takes an entry unless somebody has it. Keys: the entry, what was told when it was released. Arguments: value, milliseconds.
pub(super) const CLAIM: &str = "
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return false
";

/// Tells a value and forgets the entry. Keys: what is told, the entry. Arguments: value, milliseconds.
pub(super) const RELEASE: &str = "
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
";

/// Reads a budget. Key: the budget. Answers Redis' time in seconds and microseconds, and the value.
pub(super) const READ_BUDGET: &str = "
local t = redis.call('TIME')
return {t[1], t[2], redis.call('GET', KEYS[1])}
";

/// Replaces a budget, if it is still the one that was read. Key: the budget. Arguments: the head of what was read (up to the first colon; empty
/// for none), the new value, milliseconds to keep it (0: for ever). Answers 1 if it was replaced.
pub(super) const REPLACE_BUDGET: &str = "
local held = redis.call('GET', KEYS[1])
local head = held and string.match(held, '^[^:]*') or ''
if head ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
";
