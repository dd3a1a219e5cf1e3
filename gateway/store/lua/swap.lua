-- swap: put one value in the place of another, if that is still there.
--
-- KEYS 1 epoch  2 a hash
-- ARGV 1 the mark we know  2 field  3 the value that was seen  4 the new one ('' none)
-- Returns 1, or 0 when it is another by now.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if redis.call('HGET', KEYS[2], ARGV[2]) ~= ARGV[3] then return 0 end
if ARGV[4] == '' then redis.call('HDEL', KEYS[2], ARGV[2]) else redis.call('HSET', KEYS[2], ARGV[2], ARGV[4]) end
return 1
