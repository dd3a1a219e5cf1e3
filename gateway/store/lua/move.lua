-- move: carry reminders of one shard from one state to another, each only if it
-- stands where the caller thinks it stands. Many reminders a call.
--
-- KEYS 1 epoch  2 due  3 lease  4 tide
-- ARGV 1 the mark we know  2 now, ms  3 now, 4 bytes  4 prefix of the practices' keys
--      5 what the tide had come to before
--      then for each reminder 3 values:
--        practice
--        what is wanted: key (15 bytes), state it goes to, reason (1), 'o' to refuse
--          when the number opted out ('-' not), code (4), token it must carry (8, zeros
--          for any), digest its appointment must still have (8, zeros for any), how
--          many states it may come from (1), these, then the score in ms for the due
--          set ('' for now) or the lease ('' to keep it)
--        message id ('' to keep)
-- Returns for each reminder: state before (1), then one letter:
--   y moved  n stands elsewhere, or under another token
--   d the appointment changed; what would have gone back to the queue for a start
--     or a rule that no longer stands is withdrawn here instead
--   o the number opted out meanwhile (withdrawn here)  s stays as it is (same state and reason)
-- and after all of them the tide, when something went to Sending: it rises with
-- each such call. A tide lower than before means that what was written since is
-- lost, and the whole call is refused.
-- What is leaving carries a mark in its code, so that it is not taken for what is
-- merely claimed should its first letter be damaged. A practice whose keys are of
-- the wrong kind stops no other (n); DAMAGED when all are.
-- In hold nothing may go to Sending, and the whole call is refused.
-- A reminder that goes to failed becomes a task.
-- A record that was found unreadable (reason 51) loses its digest, so that the
-- next read of the diary writes it anew. What is withdrawn here is put on the
-- practice's list of appointments to be decided again by the next read, although
-- their records have not changed: after a STOP there may be a START.
-- See plan.lua for the layout of records and reminders.
local head = redis.call('MGET', KEYS[1], KEYS[4])
local epoch = head[1]
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if tonumber(head[2] or '0') < tonumber(ARGV[5]) then return redis.error_reply('RECEDED') end
if epoch ~= ARGV[1] then
  for i = 7, #ARGV, 3 do
    if string.byte(ARGV[i], 16) == 115 then return redis.error_reply('INHOLD') end
  end
end
local now4, prefix = ARGV[3], ARGV[4]
local sub, char, byte = string.sub, string.char, string.byte
local leaving = '\0\0\0\1' -- stands in the code of what is leaving
local anyToken, anyDigest = '\0\0\0\0\0\0\0\0', '\0\0\0\0\0\0\0\0'

-- Everything is read in a few calls per practice, changed here, and written in a
-- few calls at the end. Two changes of one reminder see one another. Few strings
-- are made: they are what costs here.
local groups, order, keys, refs = {}, {}, {}, {}
local n = 0
for i = 6, #ARGV, 3 do
  local ods, key = ARGV[i], sub(ARGV[i + 1], 1, 15)
  local ref = sub(key, 1, 9)
  n = n + 1
  keys[n], refs[n] = key, ref
  local g = groups[ods]
  if not g then
    g = { p = prefix .. ods, keys = {}, refs = {}, nkeys = 0, nrefs = 0, entry = {}, record = {}, tells = {}, told = {},
      set = {}, nset = 0, texted = {}, ntexted = 0, again = {}, counts = {} }
    groups[ods] = g
    order[#order + 1] = g
  end
  if g.entry[key] == nil then
    g.entry[key] = false
    g.nkeys = g.nkeys + 1
    g.keys[g.nkeys] = key
  end
  if g.record[ref] == nil then
    g.record[ref] = false
    g.nrefs = g.nrefs + 1
    g.refs[g.nrefs] = ref
  end
end
local whole
for _, g in ipairs(order) do
  local got, records = redis.pcall('HMGET', g.p .. ':r', unpack(g.keys)), redis.pcall('HMGET', g.p .. ':a', unpack(g.refs))
  g.bad = got.err or records.err
  for j = 1, g.bad and 0 or g.nkeys do g.entry[g.keys[j]] = got[j] end
  for j = 1, g.bad and 0 or g.nrefs do g.record[g.refs[j]] = records[j] end
  whole = whole or not g.bad
end
if #order > 0 and not whole then return redis.error_reply('DAMAGED') end

-- optedOut says whether the number of a record opted out; asked once a practice.
local function optedOut(g, record)
  if not g.optouts then
    g.optouts = {}
    local tags, nt = {}, 0
    for j = 1, g.nrefs do
      local r = g.record[g.refs[j]]
      if r and #r >= 30 then
        nt = nt + 1
        tags[nt] = sub(r, 18, 29)
      end
    end
    local got = redis.pcall('HMGET', g.p .. ':o', unpack(tags))
    g.untold = got.err
    for j = 1, got.err and 0 or nt do g.optouts[tags[j]] = got[j] and true or false end
  end
  return g.optouts[sub(record, 18, 29)]
end

-- stands gives nil when the appointment still owes the reminder, and otherwise
-- the reason why not: gone, damaged, moved to another start, or the rule removed.
local function stands(record, key)
  if not record then return '\3' end
  if #record < 30 or byte(record, 1) ~= 49 then return '\51' end
  if sub(record, 10, 13) ~= sub(key, 12) then return '\2' end
  local r1, r2 = byte(key, 10, 11)
  for at = 31, 29 + 2 * byte(record, 30), 2 do
    local a, b = byte(record, at, at + 1)
    if a == r1 and b == r2 then return nil end
  end
  return '\17'
end

local out, due, lease, leaves = {}, {}, {}, false
n = 0
for i = 6, #ARGV, 3 do
  local ods, wanted, sid = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  n = n + 1
  local key, ref, g = keys[n], refs[n], groups[ods]
  local to, reason, optout, code = sub(wanted, 16, 16), sub(wanted, 17, 17), sub(wanted, 18, 18), sub(wanted, 19, 22)
  local token, digest, nfroms = sub(wanted, 23, 30), sub(wanted, 31, 38), byte(wanted, 39)
  local entry, record = g.entry[key], g.record[ref]
  local overtaken = stands(record, key)
  local from, attempts, had, message, was = '-', '\0', anyToken, '', '\0'
  if entry then
    from, was, attempts, had, message = sub(entry, 1, 1), sub(entry, 2, 2), sub(entry, 7, 7), sub(entry, 8, 15), sub(entry, 20)
  elseif not overtaken then
    from = 'q'
  end
  if sid ~= '' then
    message = sid
  elseif (from == 's' or from == 'k') and to ~= 'k' then
    message = '' -- the number's tag, which is kept until the fate is known
  end
  local waits = to == 'q' or to == 'h'
  local verdict, change = 'y', true
  local held = not g.bad and (token == anyToken or token == had)
  if from == to and was == reason and to ~= 's' and held then
    verdict, change = 's', false
  elseif not held or not string.find(sub(wanted, 40, 39 + nfroms), from, 1, true) then
    verdict, change = 'n', false
  elseif digest ~= anyDigest and (not record or sub(record, 2, 9) ~= digest) then
    verdict, change = 'd', false
  elseif waits and overtaken then
    verdict, change, to, reason = 'd', from ~= 'w', 'w', overtaken
  elseif (optout == 'o' or to == 's') and overtaken then
    verdict, change = 'd', false
  elseif optout == 'o' and optedOut(g, record) then
    verdict, to, reason = 'o', 'w', '\7'
  elseif optout == 'o' and g.untold then
    verdict, change = 'n', false
  end
  if change then
    waits = to == 'q' or to == 'h'
    if to == 's' then
      attempts, message, code = char(math.min(byte(attempts) + 1, 255)), sub(record, 18, 29), leaving
      leaves = true
    end
    local now = to .. reason .. now4 .. attempts .. had .. code .. message
    g.entry[key] = now
    g.set[g.nset + 1], g.set[g.nset + 2] = key, now
    g.nset = g.nset + 2
    g.counts[from] = (g.counts[from] or 0) - 1
    g.counts[to] = (g.counts[to] or 0) + 1
    if to == 's' then
      if #wanted >= 40 + nfroms then lease[key .. ods] = sub(wanted, 40 + nfroms) end
    elseif from == 'c' or from == 's' then
      lease[key .. ods] = false
    end
    if waits then
      local score = sub(wanted, 40 + nfroms)
      if score == '' then score = ARGV[2] end
      due[sub(key, 1, 11) .. ods] = score
    elseif (from == 'q' or from == 'h') and not overtaken then
      due[sub(key, 1, 11) .. ods] = false
    end
    if to == 'f' then
      -- Nobody knows whether the text went: a person has to look (see plan.lua).
      redis.call('HSETNX', g.p .. ':w', 'u' .. key, '1f' .. now4 .. '\0\0\0\0\0\0\0\0\0\0' .. (record or ''))
    end
    if record and (to == 'a' or to == 'd' or to == 'u') then
      g.texted[g.ntexted + 1], g.texted[g.ntexted + 2] = sub(record, 18, 29), key
      g.ntexted = g.ntexted + 2
    end
    if to == 'w' then g.again[#g.again + 1] = ref end
    if record and reason == '\51' and #record >= 9 then
      record = sub(record, 1, 1) .. anyDigest .. sub(record, 10)
      g.record[ref] = record
      redis.call('HSET', g.p .. ':a', ref, record)
    end
    -- No news: held again for the same reason; leaving, which its outcome tells.
    if to ~= 's' and not (from == 'c' and to == 'h' and was == reason) then
      local line
      if code == '\0\0\0\0' then
        line = to .. now4 .. sub(key, 10) .. reason .. '\0'
      else
        line = to .. now4 .. sub(key, 10) .. reason .. '\4' .. code
      end
      if g.told[ref] then
        g.told[ref] = g.told[ref] .. line
      else
        g.told[ref] = line
        g.tells[#g.tells + 1] = ref
      end
    end
  end
  out[n] = from .. verdict
end

for _, g in ipairs(order) do
  if g.nset > 0 then
    redis.call('HSET', g.p .. ':r', unpack(g.set))
    redis.pcall('HINCRBY', g.p .. ':n', 'turn', 1)
  end
  if g.ntexted > 0 then redis.pcall('HSET', g.p .. ':t', unpack(g.texted)) end
  if #g.again > 0 then redis.pcall('SADD', g.p .. ':d', unpack(g.again)) end
  if #g.tells > 0 then
    local old, new = redis.pcall('HMGET', g.p .. ':e', unpack(g.tells)), {}
    for j = 1, old.err and 0 or #g.tells do
      local story = old[j] or ''
      if #story < 16000 then
        new[#new + 1] = g.tells[j]
        new[#new + 1] = story .. g.told[g.tells[j]]
      end
    end
    if #new > 0 then redis.call('HSET', g.p .. ':e', unpack(new)) end
  end
  for state, by in pairs(g.counts) do
    if by ~= 0 and state ~= '-' then redis.pcall('HINCRBY', g.p .. ':n', state, by) end
  end
end
for key, marks in pairs({ [KEYS[2]] = due, [KEYS[3]] = lease }) do
  local add, rem = {}, {}
  for member, score in pairs(marks) do
    if score then
      add[#add + 1] = score
      add[#add + 1] = member
    else
      rem[#rem + 1] = member
    end
  end
  if #add > 0 then redis.call('ZADD', key, unpack(add)) end
  if #rem > 0 then redis.call('ZREM', key, unpack(rem)) end
end
if leaves then out[n + 1] = redis.call('INCR', KEYS[4]) end
return table.concat(out)
