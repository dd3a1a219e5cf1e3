-- note: write down what a read found of its diary, while the right to read it lasts.
--
-- KEYS 1 epoch  2 lock  3 hash of the practice's notes
-- ARGV 1 the mark we know  2 what the lock says while the right is ours  3.. fields and values
-- Returns how many fields are new.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if redis.pcall('GET', KEYS[2]) ~= ARGV[2] then return redis.error_reply('LATE') end
return redis.call('HSET', KEYS[3], unpack(ARGV, 3))
