-- mark: mark a shard that has no mark, and put it in hold if told so. What cannot
-- be a mark of ours (see epoch.go) is none.
--
-- KEYS 1 epoch
-- ARGV 1 the mark to give it  2 'H' to put it in hold, marked or not ('' not)
-- Returns the mark as it is now, H before it when the shard is in hold.
local epoch = redis.pcall('GET', KEYS[1])
if type(epoch) ~= 'string' or not string.find(epoch, '^H?[0-9a-f]+%.[0-9a-f]+$') then epoch = false end
local now = epoch or ARGV[1]
if ARGV[2] == 'H' and string.sub(now, 1, 1) ~= 'H' then now = 'H' .. now end
if now ~= epoch then redis.call('SET', KEYS[1], now) end
return now
