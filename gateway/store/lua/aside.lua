-- aside: take a key of the wrong kind out of the way, so that the practices which
-- it stops can work again. What it held is kept under another name.
--
-- KEYS 1 epoch  2 the key  3 its name from now on
-- ARGV 1 the mark we know  2 the kind that it must be
-- Returns 1, or 0 when it is of the right kind, or is not there.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local kind = redis.call('TYPE', KEYS[2])
if type(kind) == 'table' then kind = kind.ok end
if kind == ARGV[2] or kind == 'none' then return 0 end
redis.call('RENAME', KEYS[2], KEYS[3])
return 1
