-- filereplies: give a place to replies that stand neither among those that wait nor
-- among the closed ones, because they are older than these places or a damaged key
-- was put aside.
--
-- KEYS 1 epoch  2 replies  3 unread  4 closed
-- ARGV 1 the mark we know, then for each reply:
--      the provider's message id, 'wait' when a person has to read it,
--      when it was written in seconds, the same in 4 bytes
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
for i = 2, #ARGV, 4 do
  local id = ARGV[i]
  local lost = redis.call('HEXISTS', KEYS[2], id) == 1
    and not redis.call('ZSCORE', KEYS[3], id) and redis.call('HEXISTS', KEYS[4], id) == 0
  if lost and ARGV[i + 1] == 'wait' then
    redis.call('ZADD', KEYS[3], ARGV[i + 2], id)
  elseif lost then
    redis.call('HSET', KEYS[4], id, ARGV[i + 3])
  end
end
return 1
