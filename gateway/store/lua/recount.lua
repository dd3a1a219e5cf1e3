-- recount: write down how many reminders are in each state, as they were counted,
-- if nothing moved since the counting began. Whatever changes a reminder's state
-- takes a turn: that the counters say what they said before proves nothing, since
-- a reminder may have gone and come back between two pages.
--
-- KEYS 1 epoch  2 counts
-- ARGV 1 the mark we know  2 the turn when the counting began ('' none)
--      then for each state: its letter, how many there are
-- Returns 1, or 0 when something moved.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if (redis.call('HGET', KEYS[2], 'turn') or '') ~= ARGV[2] then return 0 end
local new = { 'turn', string.format('%.0f', (tonumber(ARGV[2]) or 0) + 1) }
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] ~= '0' then
    new[#new + 1] = ARGV[i]
    new[#new + 1] = ARGV[i + 1]
  end
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], unpack(new))
return 1
