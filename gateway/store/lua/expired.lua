-- expired: list the leases of one shard that ran out, with the state and token
-- that stand behind each in the same instant. A lease without work is dropped.
--
-- KEYS 1 epoch  2 lease
-- ARGV 1 the mark we know  2 now, ms  3 prefix of the practices' keys  4 at most how many
-- Returns { practice, reminder key, state (1) token (8), ... }
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local out = {}
for _, m in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, ARGV[4])) do
  local key, ods = string.sub(m, 1, 15), string.sub(m, 16)
  local entry = redis.call('HGET', ARGV[3] .. ods .. ':r', key)
  local state = entry and string.sub(entry, 1, 1)
  if state == 'c' or state == 's' then
    out[#out + 1] = ods
    out[#out + 1] = key
    out[#out + 1] = state .. string.sub(entry, 8, 15)
  else
    redis.call('ZREM', KEYS[2], m)
  end
end
return out
