-- plan: write down what appointments of one practice look like now, and bring
-- their reminders into line. Many appointments a call, one practice.
--
-- KEYS 1 epoch  2 due  3 lease  4 appointments  5 reminders  6 stories  7 counts
--      8 appointments to decide again  9 tasks  10 number tag -> the last reminder handed over
--      11 lock
-- ARGV 1 the mark we know  2 now, ms  3 now, 4 bytes  4 practice
--      5 what the lock says while the right to read is ours ('' when planned without one)
--      then for each appointment 2 values:
--        ref (9 bytes), digest of the record we read before (8, zeros for none),
--          kind of task (1: m when it stands, c when it is cancelled, zero for none), then
--          for each rule: rule (2) state wanted (1: q h w) reason (1) score in ms (14 digits)
--        the new record
-- Returns { conflicting refs joined, moves joined (20 bytes each: ref rule start from to reason pad pad) }
--
-- Where a text about a start may have gone that stands no longer (moved, or cancelled
-- at the same start), a task is opened, once, with the record as it was. It goes
-- when the appointment stands again as the text said.
--
-- A reminder whose time has come and that is new here, or is to wait again, is
-- looked up in its story and among the last texts before it is queued: its entry
-- may have been lost. One that ought to wait and is in no queue is left for the
-- balancing of the books, which knows what else to look at.
-- A reminder that staff withdrew (reason 18) stays so whatever the diary says. One that
-- was withdrawn and might wait again stays so where a later one of the visit has come
-- due since (reason 23): after START nobody gets two texts of one visit at once. A
-- record too damaged to have a head counts as none.
--
-- Record: format(1) digest(8) start(4) seen(4) number tag(12) rules(1) rule(2)* sealed...
-- Reminder: state(1) reason(1) at(4) attempts(1) token(8) code(4) message id...
-- While its text is leaving or of unknown fate (s k) the number tag (12) that it
-- was meant for stands instead of the message id, unless that is known.
-- Task: format(1) state of the reminder(1) opened(4) closed(4, zeros: open) new start(4)
--   length of who closed it and why(2), that, the record (see task.go)
-- A reminder that merely waits has no entry of its own: it is a rule in the
-- record of its appointment, and a member of the due set.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
if ARGV[5] ~= '' and redis.pcall('GET', KEYS[11]) ~= ARGV[5] then return redis.error_reply('LATE') end
local now4, ods = ARGV[3], ARGV[4]
local sub, byte = string.sub, string.byte
local first, size = 19, 18 -- where the rules begin, and the size of each
local soon = string.format('%014.0f', tonumber(ARGV[2]) + 600000) -- clocks differ

-- First look at everything in two calls. Few strings are made: they are what
-- costs here.
local refs, keys, napps, nkeys = {}, {}, 0, 0
for i = 6, #ARGV, 2 do
  local app = ARGV[i]
  local ref, start = sub(app, 1, 9), sub(ARGV[i + 1], 10, 13)
  napps = napps + 1
  refs[napps] = ref
  for at = first, #app, size do
    nkeys = nkeys + 1
    keys[nkeys] = ref .. sub(app, at, at + 1) .. start
  end
end
if napps == 0 then return { '', '' } end
local olds = redis.call('HMGET', KEYS[4], unpack(refs))
local entries = {}
if nkeys > 0 then entries = redis.call('HMGET', KEYS[5], unpack(keys)) end

local conflicts, moves, counts = {}, {}, {}
local hset, zadd, zrem, leaserem, rset, rdel = {}, {}, {}, {}, {}, {}
local nadd, nset, new, nkey = 0, 0, 0, 0
local function wait(score, member)
  zadd[nadd + 1], zadd[nadd + 2] = score, member
  nadd = nadd + 2
end

local function count(state, by) counts[state] = (counts[state] or 0) + by end
local function tell(ref, what, rule, start, reason, extra)
  local story = redis.call('HGET', KEYS[6], ref) or ''
  if #story < 16000 then
    redis.call('HSET', KEYS[6], ref, story .. what .. now4 .. rule .. start .. reason .. string.char(#extra) .. extra)
  end
end
local function moved(key, from, to, reason)
  moves[#moves + 1] = key .. from .. to .. reason .. '\0\0'
  if from ~= '-' then count(from, -1) end
  count(to, 1)
end

-- gone says whether a text in this state has left, or may have.
local function gone(state) return state == 'a' or state == 'd' or state == 's' or state == 'k' end

-- later gives the one of two texts that was written down later, each a key and
-- an entry.
local function later(key, entry, other)
  if other and sub(other[2], 3, 6) >= sub(entry, 3, 6) then return other end
  return { key, entry }
end

-- left says whether a reminder was handed over once, whatever its entry says: some
-- event accepted, delivered or ended it, its fate is not known, it is the last text
-- that went to its number, or somebody was working on it.
local function left(key, record)
  if redis.call('ZSCORE', KEYS[3], key .. ods) then return true end
  if redis.call('HGET', KEYS[10], sub(record, 18, 29)) == key then return true end
  local story, about, unknown, at = redis.call('HGET', KEYS[6], sub(key, 1, 9)) or '', sub(key, 10), false, 1
  while #story >= at + 12 do
    if sub(story, at + 5, at + 10) == about then
      local what = sub(story, at, at)
      if what == 'a' or what == 'd' or what == 'u' or what == 'r' or what == 'f' then return true end
      unknown = what == 'k'
    end
    at = at + 13 + byte(story, at + 12)
  end
  return unknown
end
-- overtaken says whether a reminder's later one, which goes as well or has gone, is due.
local now14 = string.format('%014.0f', tonumber(ARGV[2]))
local function overtaken(app, score)
  for at = first, #app, size do
    local other = sub(app, at + 4, at + 17)
    if byte(app, at + 2) ~= 119 and other > score and other <= now14 then return true end
  end
  return false
end

local none = '\0'
local none8 = '\0\0\0\0\0\0\0\0'
local fresh = '\0' .. none8 .. string.rep('\0', 4)

for a = 1, napps do
  local app, record, ref, old = ARGV[4 + 2 * a], ARGV[5 + 2 * a], refs[a], olds[a]
  local mine = nkey -- where its entries begin
  nkey = nkey + (#app - first + 1) / size
  if old and (#old < 30 or byte(old, 1) ~= 49 or #old < 30 + 2 * byte(old, 30)) then old = false end
  local had = none8
  if old then had = sub(old, 2, 9) end
  if had ~= sub(app, 10, 17) then
    conflicts[#conflicts + 1] = ref
  else
    local start = sub(record, 10, 13)
    local same = old and sub(old, 10, 13) == start
    local known, told = {}, nil
    local task = byte(app, 18)
    if old then
      local n = string.byte(old, 30)
      local wanted = {}
      for at = first, #app, size do wanted[sub(app, at, at + 1)] = true end
      if same then
        if had ~= sub(record, 2, 9) then tell(ref, 'N', '\0\0', start, none, '') end
      else
        tell(ref, 'M', '\0\0', sub(old, 10, 13), none, start)
      end
      for j = 0, n - 1 do
        local rule = sub(old, 31 + 2 * j, 32 + 2 * j)
        known[rule] = same
        if not same or not wanted[rule] then
          local key = ref .. rule .. sub(old, 10, 13)
          local entry = redis.call('HGET', KEYS[5], key)
          local state = entry and sub(entry, 1, 1) or 'q'
          if state == 'q' or state == 'h' or state == 'c' then
            local reason = same and '\17' or '\2'
            redis.call('HSET', KEYS[5], key, 'w' .. reason .. now4 .. fresh)
            moved(key, state, 'w', reason)
            tell(ref, 'w', rule, sub(old, 10, 13), reason, '')
            if state == 'c' then leaserem[#leaserem + 1] = key .. ods end
          elseif not same and gone(state) then
            told = later(key, entry, told)
          end
          if not wanted[rule] then zrem[#zrem + 1] = ref .. rule .. ods end
        end
      end
    end
    for at = first, #app, size do
      mine = mine + 1
      local entry = entries[mine]
      if not entry and not old and byte(app, at + 2) == 113 and sub(app, at + 4, at + 17) > soon then
        -- By far the most: one that was never heard of, to wait its turn.
        new = new + 1
        wait(sub(app, at + 4, at + 17), ref .. sub(app, at, at + 1) .. ods)
      else
        local rule, want, reason, score = sub(app, at, at + 1), sub(app, at + 2, at + 2), sub(app, at + 3, at + 3), sub(app, at + 4, at + 17)
        local key, member = ref .. rule .. start, ref .. rule .. ods
        local state
        if entry then state = sub(entry, 1, 1) elseif known[rule] then state = 'q' else state = '-' end
        if gone(state) then
          if same and task == 99 then told = later(key, entry, told) end
          -- It certainly stands as the text said: nobody has to ring any more.
          if task == 109 and want == 'q' then redis.call('HDEL', KEYS[9], 'c' .. key, 'm' .. key) end
        end
        local open = state == '-' or state == 'q' or state == 'h' or (state == 'w' and sub(entry, 2, 2) ~= '\18')
        if open and want ~= 'w' and score <= soon and left(key, record) then open, state = false, 'k' end
        if open and want ~= 'w' and state == 'w' and overtaken(app, score) then want, reason = 'w', '\23' end
        if want == 'q' then
          if state == '-' then
            count('q', 1)
            wait(score, member)
          elseif state == 'q' then
            if not entry and redis.call('ZSCORE', KEYS[2], member) then
              wait(score, member)
            end
          elseif open then
            rdel[#rdel + 1] = key
            moved(key, state, 'q', none)
            tell(ref, 'q', rule, start, none, '')
            wait(score, member)
          elseif not same then
            zrem[#zrem + 1] = member
          end
        elseif want == 'h' then
          if open then
            wait(score, member)
            if state ~= 'h' or sub(entry, 2, 2) ~= reason then
              rset[#rset + 1] = key
              rset[#rset + 1] = 'h' .. reason .. now4 .. fresh
              moved(key, state, 'h', reason)
              tell(ref, 'h', rule, start, reason, '')
            end
          elseif not same then
            zrem[#zrem + 1] = member
          end
        else
          zrem[#zrem + 1] = member
          if open or state == 'c' then
            -- Withdrawn because the phone had enough for a day (22), it is too late (12)
            -- on the next: that is no news.
            if state ~= 'w' or (sub(entry, 2, 2) ~= reason and sub(entry, 2, 2) .. reason ~= '\22\12') then
              rset[#rset + 1] = key
              rset[#rset + 1] = 'w' .. reason .. now4 .. fresh
              moved(key, state, 'w', reason)
              tell(ref, 'w', rule, start, reason, '')
            end
            if state == 'c' then leaserem[#leaserem + 1] = key .. ods end
          end
        end
      end
    end
    if told and task ~= 0 then
      local kind, start4 = string.char(task), '\0\0\0\0'
      if kind == 'm' then start4 = start end
      redis.call('HSETNX', KEYS[9], kind .. told[1],
        '1' .. sub(told[2], 1, 1) .. now4 .. '\0\0\0\0' .. start4 .. '\0\0' .. old)
    end
    hset[nset + 1], hset[nset + 2] = ref, record
    nset = nset + 2
  end
end

if nset > 0 then redis.call('HSET', KEYS[4], unpack(hset)) end
redis.call('SREM', KEYS[8], unpack(refs))
if #zrem > 0 then redis.call('ZREM', KEYS[2], unpack(zrem)) end
if new > 0 then count('q', new) end
if nadd > 0 then redis.call('ZADD', KEYS[2], unpack(zadd)) end
if #leaserem > 0 then redis.call('ZREM', KEYS[3], unpack(leaserem)) end
if #rdel > 0 then redis.call('HDEL', KEYS[5], unpack(rdel)) end
if #rset > 0 then redis.call('HSET', KEYS[5], unpack(rset)) end
redis.call('HINCRBY', KEYS[7], 'turn', 1)
for state, by in pairs(counts) do
  if by ~= 0 then redis.call('HINCRBY', KEYS[7], state, by) end
end
return { table.concat(conflicts), table.concat(moves) }
