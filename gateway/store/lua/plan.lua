-- plan: write down what appointments of one practice look like now, and bring
-- their reminders into line. Many appointments a call, one practice.
--
-- KEYS 1 epoch  2 due  3 lease  4 appointments  5 reminders  6 stories  7 counts
--      8 appointments to decide again
-- ARGV 1 the mark we know  2 now, ms  3 now, 4 bytes  4 practice
--      then for each appointment:
--        ref (9 bytes), digest of the record we read before ('' for none),
--        the new record, number of rules, then for each rule:
--        rule (2) state wanted (1: q h w) reason (1) score in ms (digits)
-- Returns { conflicting refs joined, moves joined (20 bytes each: ref rule start from to reason pad pad) }
--
-- A reminder that staff withdrew (reason 18) stays so whatever the diary says. A
-- record too damaged to have a head counts as none.
--
-- Record: format(1) digest(8) start(4) seen(4) number tag(12) rules(1) rule(2)* sealed...
-- Reminder: state(1) reason(1) at(4) attempts(1) token(8) code(4) message id...
-- A reminder that merely waits has no entry of its own: it is a rule in the
-- record of its appointment, and a member of the due set.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local now4, ods = ARGV[3], ARGV[4]
local sub = string.sub

-- First look at everything in two calls.
local apps, refs, keys = {}, {}, {}
local i, last, nkeys = 5, #ARGV, 0
while i <= last do
  local ref, record, n = ARGV[i], ARGV[i + 2], tonumber(ARGV[i + 3])
  local start = sub(record, 10, 13)
  apps[#apps + 1] = { ref = ref, expect = ARGV[i + 1], record = record, start = start, n = n, first = i + 3, at = nkeys }
  refs[#refs + 1] = ref
  i = i + 4
  for j = i, i + n - 1 do
    nkeys = nkeys + 1
    keys[nkeys] = ref .. sub(ARGV[j], 1, 2) .. start
  end
  i = i + n
end
if #apps == 0 then return { '', '' } end
local olds = redis.call('HMGET', KEYS[4], unpack(refs))
local entries = {}
if #keys > 0 then entries = redis.call('HMGET', KEYS[5], unpack(keys)) end

local conflicts, moves, counts = {}, {}, {}
local hset, zadd, zrem, leaserem, rset, rdel = {}, {}, {}, {}, {}, {}
local nadd, new = 0, 0
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
local none = '\0'
local fresh = '\0' .. string.rep('\0', 8) .. string.rep('\0', 4)

for a = 1, #apps do
  local app, old = apps[a], olds[a]
  if old and (#old < 30 or sub(old, 1, 1) ~= '1' or #old < 30 + 2 * string.byte(old, 30)) then old = false end
  local had = ''
  if old then had = sub(old, 2, 9) end
  if had ~= app.expect then
    conflicts[#conflicts + 1] = app.ref
  else
    local same = old and sub(old, 10, 13) == app.start
    local known = {}
    if old then
      local n = string.byte(old, 30)
      local wanted = {}
      for j = 1, app.n do wanted[sub(ARGV[app.first + j], 1, 2)] = true end
      if same then
        if had ~= sub(app.record, 2, 9) then tell(app.ref, 'N', '\0\0', app.start, none, '') end
      else
        tell(app.ref, 'M', '\0\0', sub(old, 10, 13), none, app.start)
      end
      for j = 0, n - 1 do
        local rule = sub(old, 31 + 2 * j, 32 + 2 * j)
        known[rule] = same
        if not same or not wanted[rule] then
          local key = app.ref .. rule .. sub(old, 10, 13)
          local entry = redis.call('HGET', KEYS[5], key)
          local state = entry and sub(entry, 1, 1) or 'q'
          if state == 'q' or state == 'h' or state == 'c' then
            local reason = same and '\17' or '\2'
            redis.call('HSET', KEYS[5], key, 'w' .. reason .. now4 .. fresh)
            moved(key, state, 'w', reason)
            tell(app.ref, 'w', rule, sub(old, 10, 13), reason, '')
            if state == 'c' then leaserem[#leaserem + 1] = key .. ods end
          end
          if not wanted[rule] then zrem[#zrem + 1] = app.ref .. rule .. ods end
        end
      end
    end
    for j = 1, app.n do
      local r, entry = ARGV[app.first + j], entries[app.at + j]
      if not entry and not old and string.byte(r, 3) == 113 then
        -- By far the most: one that was never heard of, to wait its turn.
        new = new + 1
        wait(sub(r, 5), app.ref .. sub(r, 1, 2) .. ods)
      else
        local rule, want, reason, score = sub(r, 1, 2), sub(r, 3, 3), sub(r, 4, 4), sub(r, 5)
        local key, member = app.ref .. rule .. app.start, app.ref .. rule .. ods
        local state
        if entry then state = sub(entry, 1, 1) elseif known[rule] then state = 'q' else state = '-' end
        local open = state == '-' or state == 'q' or state == 'h' or (state == 'w' and sub(entry, 2, 2) ~= '\18')
        if want == 'q' then
          if state == '-' then
            count('q', 1)
            wait(score, member)
          elseif state == 'q' then
            if not entry then
              wait(score, member)
            end
          elseif open then
            rdel[#rdel + 1] = key
            moved(key, state, 'q', none)
            tell(app.ref, 'q', rule, app.start, none, '')
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
              tell(app.ref, 'h', rule, app.start, reason, '')
            end
          elseif not same then
            zrem[#zrem + 1] = member
          end
        else
          zrem[#zrem + 1] = member
          if open or state == 'c' then
            if state ~= 'w' or sub(entry, 2, 2) ~= reason then
              rset[#rset + 1] = key
              rset[#rset + 1] = 'w' .. reason .. now4 .. fresh
              moved(key, state, 'w', reason)
              tell(app.ref, 'w', rule, app.start, reason, '')
            end
            if state == 'c' then leaserem[#leaserem + 1] = key .. ods end
          end
        end
      end
    end
    hset[#hset + 1] = app.ref
    hset[#hset + 1] = app.record
  end
end

if #hset > 0 then redis.call('HSET', KEYS[4], unpack(hset)) end
redis.call('SREM', KEYS[8], unpack(refs))
if #zrem > 0 then redis.call('ZREM', KEYS[2], unpack(zrem)) end
if new > 0 then count('q', new) end
if nadd > 0 then redis.call('ZADD', KEYS[2], unpack(zadd)) end
if #leaserem > 0 then redis.call('ZREM', KEYS[3], unpack(leaserem)) end
if #rdel > 0 then redis.call('HDEL', KEYS[5], unpack(rdel)) end
if #rset > 0 then redis.call('HSET', KEYS[5], unpack(rset)) end
for state, by in pairs(counts) do
  if by ~= 0 then redis.call('HINCRBY', KEYS[7], state, by) end
end
return { table.concat(conflicts), table.concat(moves) }
