-- move: carry reminders of one shard from one state to another, each only if it
-- stands where the caller thinks it stands. Many reminders a call.
--
-- KEYS 1 epoch  2 due  3 lease
-- ARGV 1 the mark we know  2 now, ms  3 now, 4 bytes  4 prefix of the practices' keys
--      then for each reminder 11 values:
--        practice, key (15 bytes), states it may come from (letters), state it goes to,
--        reason (1 byte), token it must carry ('' for any), digest its appointment
--        must still have ('' for any), 'o' to refuse when the number opted out ('' not),
--        score in ms for the due set ('' for now) or the lease ('' to keep it),
--        code (4 bytes), message id ('' to keep)
-- Returns for each reminder: state before (1), then one letter:
--   y moved  n stands elsewhere, or under another token
--   d the appointment changed; what would have gone back to the queue for a start
--     or a rule that no longer stands is withdrawn here instead
--   o the number opted out meanwhile (withdrawn here)  s stays as it is (same state and reason)
-- In hold nothing may go to Sending, and the whole call is refused.
-- A record that was found unreadable (reason 51) loses its digest, so that the
-- next read of the diary writes it anew.
-- See plan.lua for the layout of records and reminders.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if epoch ~= ARGV[1] then
  for i = 8, #ARGV, 11 do
    if ARGV[i] == 's' then return redis.error_reply('INHOLD') end
  end
end
local now4, prefix = ARGV[3], ARGV[4]
local sub = string.sub
local out = {}
local counts = {}

local function count(ods, state, by)
  local c = counts[ods]
  if not c then c = {} counts[ods] = c end
  c[state] = (c[state] or 0) + by
end
local function tell(p, key, what, reason, extra)
  local ref = sub(key, 1, 9)
  local story = redis.call('HGET', p .. ':e', ref) or ''
  if #story < 16000 then
    redis.call('HSET', p .. ':e', ref, story .. what .. now4 .. sub(key, 10) .. reason .. string.char(#extra) .. extra)
  end
end

-- stands gives nil when the appointment still owes the reminder, and otherwise
-- the reason why not: gone, damaged, moved to another start, or the rule removed.
local function stands(record, key)
  if not record then return '\3' end
  if #record < 30 or sub(record, 1, 1) ~= '1' then return '\51' end
  if sub(record, 10, 13) ~= sub(key, 12) then return '\2' end
  for j = 0, string.byte(record, 30) - 1 do
    if sub(record, 31 + 2 * j, 32 + 2 * j) == sub(key, 10, 11) then return nil end
  end
  return '\17'
end

for i = 5, #ARGV, 11 do
  local ods, key, froms, to = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local reason, token, digest, optout = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], ARGV[i + 7]
  local score, code, sid = ARGV[i + 8], ARGV[i + 9], ARGV[i + 10]
  local p, member = prefix .. ods, sub(key, 1, 11) .. ods
  local entry = redis.call('HGET', p .. ':r', key)
  local record = redis.call('HGET', p .. ':a', sub(key, 1, 9))
  local overtaken = stands(record, key)
  local from, attempts, had, message, was = '-', '\0', string.rep('\0', 8), '', '\0'
  if entry then
    from, was, attempts, had, message = sub(entry, 1, 1), sub(entry, 2, 2), sub(entry, 7, 7), sub(entry, 8, 15), sub(entry, 20)
  elseif not overtaken then
    from = 'q'
  end
  if sid ~= '' then message = sid end
  local waits = to == 'q' or to == 'h'
  local verdict, change = 'y', true
  if from == to and was == reason and to ~= 's' and (token == '' or token == had) then
    verdict, change = 's', false
  elseif not string.find(froms, from, 1, true) or (token ~= '' and token ~= had) then
    verdict, change = 'n', false
  elseif digest ~= '' and (not record or sub(record, 2, 9) ~= digest) then
    verdict, change = 'd', false
  elseif waits and overtaken then
    verdict, change, to, reason = 'd', from ~= 'w', 'w', overtaken
  elseif (optout ~= '' or to == 's') and overtaken then
    verdict, change = 'd', false
  elseif optout ~= '' and redis.call('HEXISTS', p .. ':o', sub(record, 18, 29)) == 1 then
    verdict, to, reason = 'o', 'w', '\7'
  end
  if change then
    waits = to == 'q' or to == 'h'
    if to == 's' then attempts = string.char(math.min(string.byte(attempts) + 1, 255)) end
    redis.call('HSET', p .. ':r', key, to .. reason .. now4 .. attempts .. had .. code .. message)
    count(ods, from, -1)
    count(ods, to, 1)
    if to == 's' then
      if score ~= '' then redis.call('ZADD', KEYS[3], score, key .. ods) end
    elseif from == 'c' or from == 's' then
      redis.call('ZREM', KEYS[3], key .. ods)
    end
    if waits then
      if score == '' then score = ARGV[2] end
      redis.call('ZADD', KEYS[2], score, member)
    elseif (from == 'q' or from == 'h') and not overtaken then
      redis.call('ZREM', KEYS[2], member)
    end
    if record and (to == 'a' or to == 'd' or to == 'u') then redis.call('HSET', p .. ':t', sub(record, 18, 29), key) end
    if record and reason == '\51' and #record >= 9 then
      redis.call('HSET', p .. ':a', sub(key, 1, 9), sub(record, 1, 1) .. string.rep('\0', 8) .. sub(record, 10))
    end
    -- A held reminder that is looked at again and held for the same reason is no news.
    if not (from == 'c' and to == 'h' and was == reason) then
      local extra = ''
      if code ~= '\0\0\0\0' then extra = code end
      tell(p, key, to, reason, extra)
    end
  end
  out[#out + 1] = from .. verdict
end

for ods, c in pairs(counts) do
  for state, by in pairs(c) do
    if by ~= 0 and state ~= '-' then redis.call('HINCRBY', prefix .. ods .. ':n', state, by) end
  end
end
return table.concat(out)
