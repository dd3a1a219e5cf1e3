-- move: carry reminders of one shard from one state to another, each only if it
-- stands where the caller thinks it stands. Many reminders a call.
--
-- KEYS 1 epoch  2 due  3 lease
-- ARGV 1 the epoch we know  2 now, ms  3 now, 4 bytes  4 prefix of the practices' keys
--      then for each reminder 11 values:
--        practice, key (15 bytes), states it may come from (letters), state it goes to,
--        reason (1 byte), token it must carry ('' for any), digest its appointment
--        must still have ('' for any), 'o' to refuse when the number opted out ('' not),
--        score in ms for the due set or the lease ('' for neither), code (4 bytes),
--        message id ('' to keep)
-- Returns for each reminder: state before (1), then one letter:
--   y moved  n stands elsewhere, or under another token  d the appointment changed
--   o the number opted out meanwhile (withdrawn here)  s stays as it is (same state and reason)
-- See plan.lua for the layout of records and reminders.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
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

-- listed says whether a reminder without an entry is one that waits.
local function listed(record, key)
  if not record or sub(record, 10, 13) ~= sub(key, 12) then return false end
  for j = 0, string.byte(record, 30) - 1 do
    if sub(record, 31 + 2 * j, 32 + 2 * j) == sub(key, 10, 11) then return true end
  end
  return false
end

for i = 5, #ARGV, 11 do
  local ods, key, froms, to = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local reason, token, digest, optout = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], ARGV[i + 7]
  local score, code, sid = ARGV[i + 8], ARGV[i + 9], ARGV[i + 10]
  local p, member = prefix .. ods, sub(key, 1, 11) .. ods
  local entry = redis.call('HGET', p .. ':r', key)
  local record
  local handed = to == 'a' or to == 'd' or to == 'u'
  if digest ~= '' or optout ~= '' or handed or not entry then record = redis.call('HGET', p .. ':a', sub(key, 1, 9)) end
  local from, attempts, had, message, was = '-', '\0', string.rep('\0', 8), '', '\0'
  if entry then
    from, was, attempts, had, message = sub(entry, 1, 1), sub(entry, 2, 2), sub(entry, 7, 7), sub(entry, 8, 15), sub(entry, 20)
  elseif listed(record, key) then
    from = 'q'
  end
  if sid ~= '' then message = sid end
  local verdict = 'y'
  if not string.find(froms, from, 1, true) or (token ~= '' and token ~= had) then
    verdict = 'n'
  elseif digest ~= '' and (not record or sub(record, 2, 9) ~= digest) then
    verdict = 'd'
  elseif optout ~= '' and record and redis.call('HEXISTS', p .. ':o', sub(record, 18, 29)) == 1 then
    verdict, to, reason, score = 'o', 'w', '\7', ''
  elseif from == to and was == reason then
    verdict = 's'
  end
  if verdict == 'y' or verdict == 'o' then
    if to == 's' then attempts = string.char(math.min(string.byte(attempts) + 1, 255)) end
    redis.call('HSET', p .. ':r', key, to .. reason .. now4 .. attempts .. had .. code .. message)
    count(ods, from, -1)
    count(ods, to, 1)
    if from == 'c' or from == 's' then
      if to == 's' then redis.call('ZADD', KEYS[3], score, key .. ods) else redis.call('ZREM', KEYS[3], key .. ods) end
    end
    if from == 'q' or from == 'h' then redis.call('ZREM', KEYS[2], member) end
    if (to == 'q' or to == 'h') and score ~= '' then redis.call('ZADD', KEYS[2], score, member) end
    if handed and record then redis.call('HSET', p .. ':t', sub(record, 18, 29), key) end
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
