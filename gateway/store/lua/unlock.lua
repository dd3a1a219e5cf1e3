-- unlock: give the right to read one practice back, if it is still ours.
--
-- KEYS 1 lock
-- ARGV 1 owner
-- Returns 1 when it was ours.
local holder = redis.call('GET', KEYS[1])
if not holder or string.sub(holder, 1, #ARGV[1] + 1) ~= ARGV[1] .. ' ' then return 0 end
return redis.call('DEL', KEYS[1])
