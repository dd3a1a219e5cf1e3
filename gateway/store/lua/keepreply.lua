-- keepreply: write a reply down once, and in the same step leave it for a person or
-- close it, so that no crash in between hides it.
--
-- KEYS 1 epoch  2 replies  3 unread  4 closed  5 stories
-- ARGV 1 the mark we know  2 the provider's message id  3 the reply, sealed
--      4 'wait' when a person has to read it  5 when it was written, in seconds
--      6 the same, 4 bytes  7 ref ('' none)  8 the story's event
-- Returns 1, or 0 when the message was kept before.
-- A closed reply is the time of its closing (4 bytes), then who closed it and their
-- note, sealed; nothing when it needed nobody.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 0 end
-- The reply itself comes after its place: where a damaged key ends the script, the
-- message counts as not kept and is brought again.
if ARGV[4] == 'wait' then
  redis.call('ZADD', KEYS[3], ARGV[5], ARGV[2])
else
  redis.call('HSET', KEYS[4], ARGV[2], ARGV[6])
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
if ARGV[7] ~= '' then
  local story = redis.call('HGET', KEYS[5], ARGV[7]) or ''
  if #story < 16000 then redis.call('HSET', KEYS[5], ARGV[7], story .. ARGV[8]) end
end
return 1
