-- keep: write something sealed down once, and tell it in an appointment's story.
--
-- KEYS 1 epoch  2 the hash to keep it in  3 stories
-- ARGV 1 the mark we know  2 field  3 what to keep  4 ref ('' none)  5 the event
-- Returns 1, or 0 when the field was there before.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[3]) == 0 then return 0 end
if ARGV[4] ~= '' then
  local story = redis.call('HGET', KEYS[3], ARGV[4]) or ''
  if #story < 16000 then redis.call('HSET', KEYS[3], ARGV[4], story .. ARGV[5]) end
end
return 1
