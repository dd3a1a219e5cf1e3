-- closereply: write down that a person has dealt with a reply.
--
-- KEYS 1 epoch  2 replies  3 unread  4 closed
-- ARGV 1 the mark we know  2 the provider's message id  3 now (4 bytes), then who
--      closed it and their note, sealed
-- Returns 1, 0 when it was closed before or needed nobody, -1 when there is no such
-- reply.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if redis.call('HEXISTS', KEYS[4], ARGV[2]) == 1 then return 0 end
local waits = redis.call('ZSCORE', KEYS[3], ARGV[2])
if not waits and redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then return -1 end
redis.call('HSET', KEYS[4], ARGV[2], ARGV[3])
redis.call('ZREM', KEYS[3], ARGV[2])
return 1
