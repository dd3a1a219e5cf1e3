-- lock: take or keep the right to read one practice.
--
-- KEYS 1 lock  2 fence
-- ARGV 1 owner  2 how long, ms
-- Returns the fencing token, or 0 when somebody else has it.
-- A right that is damaged, or has no end, was given to nobody. A damaged counter
-- of tokens is begun anew.
local holder = redis.pcall('GET', KEYS[1])
local owner, token
if type(holder) == 'string' and redis.call('PTTL', KEYS[1]) > 0 then
  owner, token = string.match(holder, '^(.+) (%d+)$')
end
if owner and owner ~= ARGV[1] then return 0 end
if owner then
  token = tonumber(token)
else
  token = redis.pcall('INCR', KEYS[2])
  if type(token) == 'table' then
    redis.call('DEL', KEYS[2])
    token = redis.call('INCR', KEYS[2])
  end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. token, 'PX', ARGV[2])
return token
