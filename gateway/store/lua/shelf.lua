-- shelf: keep what an adapter has to remember, all of it or nothing.
--
-- KEYS 1 epoch  2 shelf  3 meta
-- ARGV 1 the mark we know, then for each thing: field, the mark of the putting that
--      was seen ('0' none), what to keep ('' take away)
-- Returns 1, or 0 when somebody else has put one of them meanwhile. What is kept
-- begins with the mark of its putting, which no other putting in the practice has.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
for i = 2, #ARGV, 3 do
  local kept = redis.call('HGET', KEYS[2], ARGV[i])
  local seen = '0'
  if kept then seen = string.match(kept, '^(%d+):') or '0' end
  if seen ~= ARGV[i + 1] then return 0 end
end
local mark = string.format('%.0f', redis.call('HINCRBY', KEYS[3], 'shelf', 1))
for i = 2, #ARGV, 3 do
  if ARGV[i + 2] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], mark .. ':' .. ARGV[i + 2])
  end
end
return 1
