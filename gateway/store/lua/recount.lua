-- recount: write down how many reminders are in each state, as they were counted,
-- if nothing moved since the counting began: if the counters still say what they
-- said then.
--
-- KEYS 1 epoch  2 counts
-- ARGV 1 the mark we know, then for each state: its letter, what its counter said
--      ('' nothing), how many there are
-- Returns 1, or 0 when something moved.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local new = {}
for i = 2, #ARGV, 3 do
  if (redis.call('HGET', KEYS[2], ARGV[i]) or '') ~= ARGV[i + 1] then return 0 end
  if ARGV[i + 2] ~= '0' then
    new[#new + 1] = ARGV[i]
    new[#new + 1] = ARGV[i + 2]
  end
end
redis.call('DEL', KEYS[2])
if #new > 0 then redis.call('HSET', KEYS[2], unpack(new)) end
return 1
