-- rewrap: put a practice's keys, wrapped anew, in the place of those that were read.
--
-- KEYS 1 epoch  2 meta
-- ARGV 1 the mark we know  2 the wrapped keys that were read  3 the new ones
-- Returns 1, or 0 when they are others by now.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if redis.call('HGET', KEYS[2], 'key') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], 'key', ARGV[3])
return 1
