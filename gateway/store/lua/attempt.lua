-- attempt: write down that the clinical system is about to be asked to cancel a
-- visit at its patient's word. Once for this visit and start, only as long as its
-- record is the one that was looked at, and never in hold: what was tried before may
-- be among what is lost.
--
-- KEYS 1 epoch  2 attempts  3 appointments  4 stories
-- ARGV 1 the mark we know  2 ref  3 start (4 bytes)  4 digest of the record (8)
--      5 what to keep  6 the event
-- Returns 1, 0 when it was tried before, -1 when the record is another by now.
local epoch = redis.call('GET', KEYS[1])
if epoch == 'H' .. ARGV[1] then return redis.error_reply('INHOLD') end
if epoch ~= ARGV[1] then return redis.error_reply('EMPTIED') end
local record = redis.call('HGET', KEYS[3], ARGV[2])
if not record or string.sub(record, 2, 9) ~= ARGV[4] then return -1 end
if redis.call('HSETNX', KEYS[2], ARGV[2] .. ARGV[3], ARGV[5]) == 0 then return 0 end
local story = redis.call('HGET', KEYS[4], ARGV[2]) or ''
if #story < 16000 then redis.call('HSET', KEYS[4], ARGV[2], story .. ARGV[6]) end
return 1
