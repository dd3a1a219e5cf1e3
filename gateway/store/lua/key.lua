-- key: give the wrapped keys of a practice, keeping those offered if it has none.
--
-- KEYS 1 epoch  2 meta  3 appointments  4 opt-outs  5 reminders  6 stories
--      7 the last texts  8 replies  9 shelf
-- ARGV 1 the mark we know  2 wrapped keys to keep if there are none ('' none)
-- Returns the wrapped keys that count, or '' when there are none. Keys that are
-- gone while what they sealed is still there are an error: fresh ones would make
-- every appointment and number look new, and every patient be texted twice.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local kept = redis.call('HGET', KEYS[2], 'key')
if kept then return kept end
if ARGV[2] == '' then return '' end
if redis.call('EXISTS', unpack(KEYS, 3)) > 0 then return redis.error_reply('KEYLOST') end
redis.call('HSET', KEYS[2], 'key', ARGV[2])
return ARGV[2]
