-- release: end the hold of one shard.
--
-- KEYS 1 epoch
-- ARGV 1 the mark we know
-- Returns the mark.
local epoch = redis.call('GET', KEYS[1])
if epoch == 'H' .. ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1])
elseif epoch ~= ARGV[1] then
  return redis.error_reply('EMPTIED')
end
return ARGV[1]
