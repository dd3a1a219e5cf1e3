-- sweep: forget appointments, reminders and links of one practice that are over.
-- Each is looked at again here: what changed since the caller looked stays.
--
-- KEYS 1 epoch  2 due  3 lease  4 appointments  5 reminders  6 stories  7 counts
--      8 number tag -> the last reminder handed over  9 appointments to decide again
-- ARGV 1 the mark we know  2 practice  3 how many appointments  4 how many reminders
--      then for each appointment: ref (9 bytes) and start (4 bytes), joined
--      then for each reminder: its key (15 bytes), and 'g' if it only goes with its appointment
--      then for each link: tag (12 bytes) and reminder key (15 bytes), joined
-- Returns how many appointments went.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local sub = string.sub
local ods, apps, reminders = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local counts, gone = {}, 0

local function count(state, by) counts[state] = (counts[state] or 0) + by end
local function forget(key)
  local entry = redis.call('HGET', KEYS[5], key)
  if not entry then return false end
  redis.call('HDEL', KEYS[5], key)
  redis.call('ZREM', KEYS[3], key .. ods)
  count(sub(entry, 1, 1), -1)
  return true
end

for i = 5, 4 + apps do
  local ref, start = sub(ARGV[i], 1, 9), sub(ARGV[i], 10)
  local record = redis.call('HGET', KEYS[4], ref)
  if record and sub(record, 10, 13) == start then
    for j = 0, (string.byte(record, 30) or 0) - 1 do
      local rule = sub(record, 31 + 2 * j, 32 + 2 * j)
      if not forget(ref .. rule .. start) then count('q', -1) end
      redis.call('ZREM', KEYS[2], ref .. rule .. ods)
    end
    redis.call('HDEL', KEYS[4], ref)
    redis.call('HDEL', KEYS[6], ref)
    redis.call('SREM', KEYS[9], ref)
    gone = gone + 1
  end
end
for i = 5 + apps, 4 + apps + reminders do
  local with = sub(ARGV[i], 16) == 'g'
  if not (with and redis.call('HEXISTS', KEYS[4], sub(ARGV[i], 1, 9)) == 1) then forget(sub(ARGV[i], 1, 15)) end
end
for i = 5 + apps + reminders, #ARGV do
  local tag, key = sub(ARGV[i], 1, 12), sub(ARGV[i], 13)
  if redis.call('HGET', KEYS[8], tag) == key then redis.call('HDEL', KEYS[8], tag) end
end
redis.call('HINCRBY', KEYS[7], 'turn', 1)
for state, by in pairs(counts) do
  if by ~= 0 then redis.call('HINCRBY', KEYS[7], state, by) end
end
return gone
