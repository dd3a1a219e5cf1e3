-- move: carry reminders of one shard from one state to another, each only if it
-- stands where the caller thinks it stands. Many reminders a call.
--
-- KEYS 1 epoch  2 due  3 lease  4 tide
-- ARGV 1 the mark we know  2 now, ms  3 now, 4 bytes  4 prefix of the practices' keys
--      5 what the tide had come to before  6 the day in London, as a number
--      then for each reminder 4 values:
--        practice
--        key (15 bytes), digest that its appointment must still have (8, zeros for any), then
--          nothing, or since when it must have stood as it does (4), or with 'o' the list of
--          clinics that it was judged by (8; nothing: none)
--        what is wanted: state it goes to, reason (1; with Sending how many texts the
--          number may be sent on this day, 0 for any), 'o' to refuse when the number or the
--          visit was opted out, or its clinics are others ('-' not), code (4), token it must carry (8, zeros for any), how
--          many states it may come from (1), these, then the score in ms for the due
--          set ('' for now) or the lease ('' to keep it). Most reminders of a call want
--          the same, which is taken apart once.
--        message id ('' to keep)
-- Returns for each reminder: state before (1; a also for what the network did not
-- answer for, since the provider has it), then one letter:
--   y moved  n stands elsewhere, or under another token
--   d the appointment changed, or the clinics that its number wants no texts about; what would have gone back to the queue for a start
--     or a rule that no longer stands is withdrawn here instead
--   o the number opted out meanwhile, v the visit was (withdrawn here)  m it has had its texts of
--     this day  s stays as it is (same state and reason)
-- and after all of them the tide, when something went to Sending: it rises with
-- each such call. A tide lower than before means that what was written since is
-- lost, and the whole call is refused.
-- What is leaving carries a mark in its code, so that it is not taken for what is
-- merely claimed should its first letter be damaged. A practice whose keys are of
-- the wrong kind stops no other (n); DAMAGED when all are.
-- In hold nothing may go to Sending, and the whole call is refused.
-- A reminder that goes to failed becomes a task, and so does one whose text the
-- provider took and did not send, the account being out of order (reason 85).
-- What the network did not answer for (unknown, reason 91) the provider took: it
-- ends as delivered, undelivered or failed, whatever else is asked for.
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
  for i = 9, #ARGV, 4 do
    if string.byte(ARGV[i], 1) == 115 then return redis.error_reply('INHOLD') end
  end
end
local now4, prefix = ARGV[3], ARGV[4]
local sub, char, byte = string.sub, string.char, string.byte
local leaving = '\0\0\0\1' -- stands in the code of what is leaving
local anyToken, anyDigest = '\0\0\0\0\0\0\0\0', '\0\0\0\0\0\0\0\0'

-- What is wanted, taken apart. record: the appointment is looked at, which what
-- the provider said of a text that left does not need.
local wants = {}
local function want(s)
  local n, to, reason, code = byte(s, 16), sub(s, 1, 1), sub(s, 2, 2), sub(s, 4, 7)
  local w = { to = to, reason = reason, consent = byte(s, 3) == 111, code = code, token = sub(s, 8, 15), froms = {}, score = sub(s, 17 + n) }
  for at = 17, 16 + n do w.froms[sub(s, at, at)] = true end
  if to == 's' then w.most, w.reason = byte(reason), '\0' end
  w.waits, w.leaves, w.reached = to == 'q' or to == 'h', to == 's', to == 'a' or to == 'd' or to == 'u'
  w.task = to == 'f' and 'u' or to == 'u' and reason == '\85' and 'n'
  w.record = not (w.reached or to == 'r') or w.consent or w.task or reason == '\51'
  w.detail = code == '\0\0\0\0' and '\0' or '\4' .. code -- as a story tells it
  wants[s] = w
  return w
end

-- Everything is read in a few calls per practice, changed here, and written in a
-- few calls at the end. Two changes of one reminder see one another. Few strings
-- are made: they are what costs here.
local groups, order, keys = {}, {}, {}
local n = 0
for i = 7, #ARGV, 4 do
  local ods, key = ARGV[i], sub(ARGV[i + 1], 1, 15)
  local g = groups[ods]
  if not g then
    g = { p = prefix .. ods, keys = {}, nkeys = 0, refs = {}, nrefs = 0, entry = {}, record = {}, tells = {}, told = {},
      set = {}, nset = 0, texted = {}, ntexted = 0, again = {}, counts = {} }
    groups[ods] = g
    order[#order + 1] = g
  end
  n = n + 1
  keys[n] = key
  g.nkeys = g.nkeys + 1
  g.keys[g.nkeys] = key
end
for _, g in ipairs(order) do
  local got = redis.pcall('HMGET', g.p .. ':r', unpack(g.keys))
  g.bad = got.err
  for j = 1, g.bad and 0 or g.nkeys do g.entry[g.keys[j]] = got[j] end
end
local refs = {}
n = 0
for i = 7, #ARGV, 4 do
  local g, w = groups[ARGV[i]], wants[ARGV[i + 2]] or want(ARGV[i + 2])
  n = n + 1
  local ref = sub(keys[n], 1, 9)
  refs[n] = ref
  if (w.record or not g.entry[keys[n]]) and g.record[ref] == nil then
    g.record[ref] = false
    g.nrefs = g.nrefs + 1
    g.refs[g.nrefs] = ref
  end
end
local whole
for _, g in ipairs(order) do
  if g.nrefs > 0 then
    local records = redis.pcall('HMGET', g.p .. ':a', unpack(g.refs))
    g.bad = g.bad or records.err
    for j = 1, g.bad and 0 or g.nrefs do g.record[g.refs[j]] = records[j] end
  end
  whole = whole or not g.bad
end
if #order > 0 and not whole then return redis.error_reply('DAMAGED') end

-- consent asks, once a practice, what opt-outs say about its appointments.
local function consent(g)
  g.against, g.clinics = {}, {}
  local tags, of, nt = {}, {}, 0
  for j = 1, g.nrefs do
    local r = g.record[g.refs[j]]
    if r and #r >= 30 then
      nt = nt + 1
      tags[nt], of[nt] = sub(r, 18, 29), g.refs[j]
    end
  end
  if nt == 0 then return end
  local numbers, finer = redis.pcall('HMGET', g.p .. ':o', unpack(tags)), redis.pcall('HLEN', g.p .. ':f')
  local visits, clinics = {}, {}
  if finer ~= 0 then visits, clinics = redis.pcall('HMGET', g.p .. ':f', unpack(of)), redis.pcall('HMGET', g.p .. ':f', unpack(tags)) end
  g.untold = numbers.err or visits.err or clinics.err
  for j = 1, g.untold and 0 or nt do
    g.against[of[j]] = numbers[j] and '\7' or visits[j] and '\32'
    g.clinics[of[j]] = clinics[j] and sub(clinics[j], 1, 8) or ''
  end
end

-- refused gives what stands against a text about an appointment: the verdict, and the
-- reason where it is withdrawn. list is what its clinic was judged by.
local function refused(g, ref, list)
  if not g.against then consent(g) end
  if g.untold then return 'n' end
  local why = g.against[ref]
  if why then return why == '\7' and 'o' or 'v', why end
  if (g.clinics[ref] or '') ~= list then return 'd' end
end

-- hadToday says how many texts a number has been sent on this day, as far as they
-- are counted; by adds to that.
local function hadToday(g, tag, by)
  local key = g.p .. ':p:' .. ARGV[6]
  local got = redis.pcall('HGET', key, tag)
  if type(got) == 'table' then -- of the wrong kind: it is counted from now on
    redis.call('DEL', key)
    got = nil
  end
  local had = tonumber(got or '0') or 0
  if by ~= 0 then
    redis.call('HSET', key, tag, had + by)
    redis.call('EXPIRE', key, 172800)
  end
  return had
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
for i = 7, #ARGV, 4 do
  local ods, w, sid = ARGV[i], wants[ARGV[i + 2]], ARGV[i + 3]
  n = n + 1
  local key, ref, g = keys[n], refs[n], groups[ods]
  local to, reason = w.to, w.reason
  local entry, record = g.entry[key], g.record[ref]
  local overtaken
  if w.record or not entry then overtaken = stands(record, key) end
  local from, attempts, had, message, was = '-', '\0', anyToken, '', '\0'
  if entry then
    from, was, attempts, had, message = sub(entry, 1, 1), sub(entry, 2, 2), sub(entry, 7, 7), sub(entry, 8, 15), sub(entry, 20)
  elseif not overtaken then
    from = 'q'
  end
  local tag -- of the number that what leaves, or left, is meant for
  if w.leaves then
    tag = record and sub(record, 18, 29)
  elseif from == 's' or from == 'k' then
    tag = message
  end
  local verdict, change = 'y', true
  local held = not g.bad and (w.token == anyToken or w.token == had)
  local silent = was == '\91' and from == 'k'
  if from == to and was == reason and not w.leaves and held then
    verdict, change = 's', false
  elseif not held or not w.froms[from] or (#ARGV[i + 1] == 27 and (not entry or sub(ARGV[i + 1], 24) ~= sub(entry, 3, 6))) or (silent and to ~= 'd' and to ~= 'u' and to ~= 'f') then
    verdict, change = 'n', false
  elseif w.record then
    local digest = sub(ARGV[i + 1], 16, 23)
    if digest ~= anyDigest and (not record or sub(record, 2, 9) ~= digest) then
      verdict, change = 'd', false
    elseif w.waits and overtaken then
      verdict, change, to, reason = 'd', from ~= 'w', 'w', overtaken
    elseif (w.consent or w.leaves) and overtaken then
      verdict, change = 'd', false
    elseif w.consent then
      local no, why = refused(g, ref, sub(ARGV[i + 1], 24))
      if why then
        verdict, to, reason = no, 'w', why
      elseif no then
        verdict, change = no, false
      end
    end
  end
  if change and to == 's' and w.most > 0 and hadToday(g, tag, 0) >= w.most then
    verdict, change = 'm', false
  end
  if change then
    local code = w.code
    if to == 's' then
      attempts, message, code = char(math.min(byte(attempts) + 1, 255)), tag, leaving
      leaves = true
      if w.most > 0 then hadToday(g, tag, 1) end
    elseif sid ~= '' then
      message = sid
    elseif (from == 's' or from == 'k') and to ~= 'k' and #message == 12 then
      message = '' -- the number's tag, which is kept until the fate is known
    end
    if from == 's' and to == 'q' and tag and #tag == 12 and hadToday(g, tag, 0) > 0 then
      hadToday(g, tag, -1) -- it has not left
    end
    local now = to .. reason .. now4 .. attempts .. had .. code .. message
    g.entry[key] = now
    g.set[g.nset + 1], g.set[g.nset + 2] = key, now
    g.nset = g.nset + 2
    g.counts[from] = (g.counts[from] or 0) - 1
    g.counts[to] = (g.counts[to] or 0) + 1
    if to == 's' then
      if w.score ~= '' then lease[key .. ods] = w.score end
    elseif from == 'c' or from == 's' then
      lease[key .. ods] = false
    end
    if to == 'q' or to == 'h' then
      local score = w.score
      if score == '' then score = ARGV[2] end
      due[sub(key, 1, 11) .. ods] = score
    elseif (from == 'q' or from == 'h') and not overtaken then
      due[sub(key, 1, 11) .. ods] = false
    end
    if w.task then
      -- The patient may have no text: a person has to look (see plan.lua).
      redis.call('HSETNX', g.p .. ':w', w.task .. key, '1' .. to .. now4 .. '\0\0\0\0\0\0\0\0\0\0' .. (record or ''))
    end
    if (w.reached or sid ~= '') and tag and #tag == 12 then
      g.texted[g.ntexted + 1], g.texted[g.ntexted + 2] = tag, key
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
      local line = to .. now4 .. sub(key, 10) .. reason .. w.detail
      if g.told[ref] then
        g.told[ref] = g.told[ref] .. line
      else
        g.told[ref] = line
        g.tells[#g.tells + 1] = ref
      end
    end
  end
  out[n] = (silent and 'a' or from) .. verdict
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
