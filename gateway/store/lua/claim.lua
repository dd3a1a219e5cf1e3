-- claim: take what is due in one shard, for one sender, under a lease.
--
-- KEYS 1 epoch  2 due  3 lease  4 tide
-- ARGV 1 the mark we know  2 now, ms  3 now, 4 bytes  4 at most how many
--      5 lease until, ms  6 token (8 bytes)  7 prefix of the practices' keys
--      8 least time between two texts of one practice, ms (0: no limit)
--      9 how many texts of one practice may go at once
--      10 what the tide had come to before
-- Returns { how many were looked at, next due time in ms or '',
--           moves joined (20 bytes + practice length + practice),
--           practice, as-of, ...   (pairs, as one list)
--           practice, reminder key with state, reason and attempts before (18 bytes) and, where
--             the number wants no texts about some clinics, what is kept of these, record, ...,
--           the tide }
-- What is due for a number that opted out (7), or for a visit that was (32), is withdrawn.
-- A tide lower than before means that what was written since is lost.
-- A practice whose keys are of the wrong kind stops no other: its members wait a
-- minute. See plan.lua for the layout of records and reminders.
local head = redis.call('MGET', KEYS[1], KEYS[4])
local epoch, tide = head[1], head[2] or '0'
if epoch == 'H' .. ARGV[1] then return redis.error_reply('INHOLD') end
if epoch ~= ARGV[1] then return redis.error_reply('EMPTIED') end
if tonumber(tide) < tonumber(ARGV[10]) then return redis.error_reply('RECEDED') end
local now, now4, until_, token, prefix = tonumber(ARGV[2]), ARGV[3], ARGV[5], ARGV[6], ARGV[7]
local every, burst = tonumber(ARGV[8]), tonumber(ARGV[9])
local sub, byte = string.sub, string.byte

local members = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, ARGV[4])
local moves, metas, items = {}, {}, {}
local zrem, zadd, lease = {}, {}, {}
local nrem, nlease, nitems = 0, 0, 0
local counts, seen, tats, denied = {}, {}, {}, {}

local function count(ods, state, by)
  local c = counts[ods]
  if not c then c = {} counts[ods] = c end
  c[state] = (c[state] or 0) + by
end

-- listed says whether the appointment's record owes the reminder of a member.
local function listed(record, member)
  if not record or #record < 30 or byte(record, 1) ~= 49 then return false end
  local r1, r2 = byte(member, 10, 11)
  for at = 31, 29 + 2 * byte(record, 30), 2 do
    local a, b = byte(record, at, at + 1)
    if a == r1 and b == r2 then return true end
  end
  return false
end

-- room says whether this practice's sender may send one more now. If not, it
-- gives the time at which to look again: each waiting text its own.
local function room(ods)
  if every == 0 then return true end
  local key = prefix .. ods .. ':rate'
  local tat = tats[ods]
  if not tat then
    tat = redis.pcall('GET', key)
    tat = type(tat) == 'string' and tonumber(tat) or now
    if tat < now then tat = now end
    -- No more than the burst is ever spent in advance. What lies further ahead than
    -- that and a minute was written by a clock that has been set back since.
    if tat > now + burst * every + 60000 then tat = now end
  end
  if tat - now > (burst - 1) * every then
    tats[ods] = tat
    denied[ods] = (denied[ods] or 0) + 1
    return false, tat - (burst - 1) * every + (denied[ods] - 1) * every
  end
  tats[ods] = tat + every
  return true
end

-- Everything is read in a few calls per practice. Few strings are made: they are
-- what costs here.
local groups, codes, refs, keys, records, entries, against, clinics = {}, {}, {}, {}, {}, {}, {}, {}
for i = 1, #members do
  local m = members[i]
  local ods = sub(m, 12)
  local g = groups[ods]
  if not g then
    g = { at = {}, refs = {}, n = 0, set = {}, nset = 0 }
    groups[ods] = g
  end
  local n = g.n + 1
  codes[i], refs[i] = ods, sub(m, 1, 9)
  g.n, g.at[n], g.refs[n] = n, i, refs[i]
end
for ods, g in pairs(groups) do
  local p = prefix .. ods
  local got, wanted, tags, visits, of, n = redis.pcall('HMGET', p .. ':a', unpack(g.refs)), {}, {}, {}, {}, 0
  g.bad = got.err
  for j = 1, g.bad and 0 or g.n do
    local i, record = g.at[j], got[j]
    if listed(record, members[i]) then
      local key = sub(members[i], 1, 11) .. sub(record, 10, 13)
      n = n + 1
      of[n], wanted[n], tags[n], visits[n] = i, key, sub(record, 18, 29), refs[i]
      keys[i], records[i] = key, record
    end
  end
  if n > 0 then
    local held, stopped = redis.pcall('HMGET', p .. ':r', unpack(wanted)), redis.pcall('HMGET', p .. ':o', unpack(tags))
    g.bad = held.err or stopped.err
    for j = 1, g.bad and 0 or n do entries[of[j]], against[of[j]] = held[j], stopped[j] and '\7' end
    -- Most practices have no opt-outs of visits or clinics.
    local finer = g.bad or redis.pcall('HLEN', p .. ':f')
    if finer ~= 0 then
      local visit, clinic = redis.pcall('HMGET', p .. ':f', unpack(visits)), redis.pcall('HMGET', p .. ':f', unpack(tags))
      g.bad = g.bad or visit.err or clinic.err
      for j = 1, g.bad and 0 or n do
        against[of[j]] = against[of[j]] or visit[j] and '\32'
        if clinic[j] then clinics[of[j]] = #clinic[j] < 8 and 'damaged!' or clinic[j] end
      end
    end
  end
end

-- Where a practice has more due than may go at once, the earliest appointments go
-- first: their texts are the first to be of no use. Each takes a place of its own
-- practice; otherwise the order is that of the due set.
local order
if every > 0 then
  local function start(i)
    local r = records[i]
    if not r then return 0 end
    local a, b, c, d = byte(r, 10, 13)
    return ((a * 256 + b) * 256 + c) * 256 + d
  end
  for _, g in pairs(groups) do
    if g.n > burst then
      local starts, sorted = {}, {}
      for j = 1, g.n do
        sorted[j] = g.at[j]
        starts[g.at[j]] = start(g.at[j])
      end
      table.sort(sorted, function(a, b)
        if starts[a] ~= starts[b] then return starts[a] < starts[b] end
        return a < b
      end)
      order = order or {}
      for j = 1, g.n do order[g.at[j]] = sorted[j] end
    end
  end
end

for turn = 1, #members do
  local i = order and order[turn] or turn
  local m, key, entry, ods = members[i], keys[i], entries[i], codes[i]
  if groups[ods].bad then
    zadd[#zadd + 1] = string.format('%.0f', now + 60000)
    zadd[#zadd + 1] = m
  elseif not key then
    nrem = nrem + 1
    zrem[nrem] = m
  else
    local p, g = prefix .. ods, groups[ods]
    local state, reason, attempts = 'q', '\0', '\0'
    if entry then state, reason, attempts = sub(entry, 1, 1), sub(entry, 2, 2), sub(entry, 7, 7) end
    if state ~= 'q' and state ~= 'h' then
      nrem = nrem + 1
      zrem[nrem] = m
    elseif against[i] then
      local why = against[i]
      nrem = nrem + 1
      zrem[nrem] = m
      g.set[g.nset + 1], g.set[g.nset + 2] = key, 'w' .. why .. now4 .. attempts .. string.rep('\0', 12)
      g.nset = g.nset + 2
      count(ods, state, -1)
      count(ods, 'w', 1)
      redis.pcall('SADD', p .. ':d', refs[i]) -- to be decided again by the next read
      moves[#moves + 1] = key .. state .. 'w' .. why .. '\0\0' .. string.char(#ods) .. ods
      local story = redis.pcall('HGET', p .. ':e', refs[i]) or ''
      if type(story) == 'string' and #story < 16000 then
        redis.call('HSET', p .. ':e', refs[i], story .. 'w' .. now4 .. sub(key, 10) .. why .. '\0')
      end
    else
      local ok, at = room(ods)
      if ok then
        nrem = nrem + 1
        zrem[nrem] = m
        g.set[g.nset + 1], g.set[g.nset + 2] = key, 'c' .. reason .. now4 .. attempts .. token .. '\0\0\0\0'
        g.nset = g.nset + 2
        lease[nlease + 1], lease[nlease + 2] = until_, key .. ods
        nlease = nlease + 2
        count(ods, state, -1)
        count(ods, 'c', 1)
        if not seen[ods] then
          seen[ods] = true
          metas[#metas + 1] = ods
          -- Until what was lost has been looked up, its diary counts as never read.
          local meta = redis.pcall('HMGET', p .. ':m', 'asof', 'lost')
          metas[#metas + 1] = not meta.err and not meta[2] and meta[1] or ''
        end
        items[nitems + 1], items[nitems + 2], items[nitems + 3] = ods, key .. state .. reason .. attempts .. (clinics[i] or ''), records[i]
        nitems = nitems + 3
      else
        zadd[#zadd + 1] = string.format('%.0f', math.ceil(at))
        zadd[#zadd + 1] = m
      end
    end
  end
end

for ods, g in pairs(groups) do
  if g.nset > 0 then redis.call('HSET', prefix .. ods .. ':r', unpack(g.set)) end
end
if nrem > 0 and nrem == #members then
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, nrem - 1)
elseif nrem > 0 then
  redis.call('ZREM', KEYS[2], unpack(zrem))
end
if #zadd > 0 then redis.call('ZADD', KEYS[2], unpack(zadd)) end
if nlease > 0 then redis.call('ZADD', KEYS[3], unpack(lease)) end
for ods, tat in pairs(tats) do
  redis.pcall('SET', prefix .. ods .. ':rate', string.format('%.3f', tat), 'PX', 60000)
end
for ods, c in pairs(counts) do
  redis.pcall('HINCRBY', prefix .. ods .. ':n', 'turn', 1)
  for state, by in pairs(c) do
    if by ~= 0 then redis.pcall('HINCRBY', prefix .. ods .. ':n', state, by) end
  end
end
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
return { #members, first[2] or '', table.concat(moves), metas, items, tide }
