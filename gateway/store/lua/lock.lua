-- lock: take or keep the right to read one practice.
--
-- KEYS 1 lock  2 fence
-- ARGV 1 owner  2 how long, ms
-- Returns the fencing token, or 0 when somebody else has it.
local holder = redis.call('GET', KEYS[1])
if holder and string.sub(holder, 1, #ARGV[1] + 1) ~= ARGV[1] .. ' ' then return 0 end
local token
if holder then token = tonumber(string.sub(holder, #ARGV[1] + 2)) else token = redis.call('INCR', KEYS[2]) end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. token, 'PX', ARGV[2])
return token
