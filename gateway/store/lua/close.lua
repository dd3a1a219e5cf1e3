-- close: write down that a person has dealt with a task.
--
-- KEYS 1 epoch  2 tasks
-- ARGV 1 the mark we know  2 the task's field  3 now, 4 bytes
--      4 length of the next (2 bytes)  5 who closed it and why, sealed
-- Returns 1, 0 when it was closed before, -1 when there is no such task.
-- See plan.lua for the layout of tasks.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local task = redis.call('HGET', KEYS[2], ARGV[2])
if not task or #task < 16 then return -1 end
if string.sub(task, 7, 10) ~= '\0\0\0\0' then return 0 end
redis.call('HSET', KEYS[2], ARGV[2],
  string.sub(task, 1, 6) .. ARGV[3] .. string.sub(task, 11, 14) .. ARGV[4] .. ARGV[5] .. string.sub(task, 17))
return 1
