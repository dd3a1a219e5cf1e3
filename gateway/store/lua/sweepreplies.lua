-- sweepreplies: forget replies that are old enough.
--
-- KEYS 1 epoch  2 replies  3 unread  4 closed
-- ARGV 1 the mark we know  2 closed before this may go  3 written before this may go
--      although nobody has read it (both in seconds), then the message ids
-- Returns how many closed ones went, and how many that nobody had read.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local read, unread = 0, 0
for i = 4, #ARGV do
  local id = ARGV[i]
  local closed = redis.call('HGET', KEYS[4], id)
  local waits = redis.call('ZSCORE', KEYS[3], id)
  if closed then
    local a, b, c, d = string.byte(closed, 1, 4)
    if not d or ((a * 256 + b) * 256 + c) * 256 + d < tonumber(ARGV[2]) then
      redis.call('HDEL', KEYS[2], id)
      redis.call('HDEL', KEYS[4], id)
      redis.call('ZREM', KEYS[3], id)
      read = read + 1
    end
  elseif waits and tonumber(waits) < tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[3], id)
    unread = unread + 1
  end
end
return {read, unread}
