-- mend: put right what the books of a practice lack, each reminder only if it is
-- in this instant still as it was seen: the second look, and what makes two that
-- balance at once, or a sender in the middle of a move, harmless.
--
-- KEYS 1 epoch  2 due  3 lease  4 appointments  5 reminders  6 stories  7 counts
--      8 appointments to decide again
-- ARGV 1 the mark we know  2 practice  3 how many  4 'y' to mend ('' to look only)
--      then for each reminder 8 values:
--        key (15 bytes)
--        the record of its appointment as seen ('' none, '*' any)
--        its entry as seen ('' none)
--        as seen, two letters: in the due set (1, 0, or * for either), in the lease set (1 or 0)
--        the entry to write ('' as it is, '-' none)
--        its score in the due set ('' as it is, '-' none), then the same for the lease
--        a line for the story ('' none)
-- Returns for each reminder one letter: y it is as it was seen, and mended if that
-- was wanted; n it is otherwise by now.
-- See plan.lua for the layout of records and reminders.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local sub, ods = string.sub, ARGV[2]
local out = {}

local function place(set, member, score)
  if score == '-' then
    redis.call('ZREM', set, member)
  elseif score ~= '' then
    redis.call('ZADD', set, score, member)
  end
end

for i = 5, 4 + 8 * tonumber(ARGV[3]), 8 do
  local key, record, entry, seen = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local new, due, lease, line = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], ARGV[i + 7]
  local ref, waits, leased = sub(key, 1, 9), sub(key, 1, 11) .. ods, key .. ods
  local queued, working = redis.call('ZSCORE', KEYS[2], waits) and '1' or '0', redis.call('ZSCORE', KEYS[3], leased) and '1' or '0'
  local otherwise = (sub(seen, 1, 1) ~= '*' and sub(seen, 1, 1) ~= queued) or sub(seen, 2, 2) ~= working
  if record ~= '*' and (redis.call('HGET', KEYS[4], ref) or '') ~= record or (redis.call('HGET', KEYS[5], key) or '') ~= entry or otherwise then
    out[#out + 1] = 'n'
  elseif ARGV[4] == '' then
    out[#out + 1] = 'y'
  else
    local to = sub(new, 1, 1)
    if new == '-' then
      redis.call('HDEL', KEYS[5], key)
    elseif new ~= '' then
      redis.call('HSET', KEYS[5], key, new)
    end
    place(KEYS[2], waits, due)
    place(KEYS[3], leased, lease)
    if line ~= '' then
      local story = redis.call('HGET', KEYS[6], ref) or ''
      if #story < 16000 then redis.call('HSET', KEYS[6], ref, story .. line) end
    end
    -- What is withdrawn may have been booked again since: the next read decides.
    if to == 'w' then redis.call('SADD', KEYS[8], ref) end
    -- The rest of the counters is counted anew afterwards; that there is
    -- something to settle must be known at once. One that is damaged stops nothing.
    if to == 'k' then redis.pcall('HINCRBY', KEYS[7], 'k', 1) end
    redis.pcall('HINCRBY', KEYS[7], 'turn', 1)
    out[#out + 1] = 'y'
  end
end
return table.concat(out)
