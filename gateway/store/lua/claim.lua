-- claim: take what is due in one shard, for one sender, under a lease.
--
-- KEYS 1 epoch  2 due  3 lease
-- ARGV 1 the mark we know  2 now, ms  3 now, 4 bytes  4 at most how many
--      5 lease until, ms  6 token (8 bytes)  7 prefix of the practices' keys
--      8 least time between two texts of one practice, ms (0: no limit)
--      9 how many texts of one practice may go at once
-- Returns { how many were looked at, next due time in ms or '',
--           moves joined (20 bytes + practice length + practice),
--           practice, as-of, ...   (pairs, as one list)
--           practice, reminder key, state before, reason before, attempts, record, ... }
-- See plan.lua for the layout of records and reminders.
local epoch = redis.call('GET', KEYS[1])
if epoch == 'H' .. ARGV[1] then return redis.error_reply('INHOLD') end
if epoch ~= ARGV[1] then return redis.error_reply('EMPTIED') end
local now, now4, until_, token, prefix = tonumber(ARGV[2]), ARGV[3], ARGV[5], ARGV[6], ARGV[7]
local every, burst = tonumber(ARGV[8]), tonumber(ARGV[9])
local sub = string.sub

local members = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, ARGV[4])
local moves, metas, items = {}, {}, {}
local zrem, zadd, lease = {}, {}, {}
local counts, seen, tats, denied = {}, {}, {}, {}

local function count(ods, state, by)
  local c = counts[ods]
  if not c then c = {} counts[ods] = c end
  c[state] = (c[state] or 0) + by
end

-- listed says whether the appointment's record owes the reminder of a rule.
local function listed(record, rule)
  if not record or #record < 30 or sub(record, 1, 1) ~= '1' then return false end
  for j = 0, string.byte(record, 30) - 1 do
    if sub(record, 31 + 2 * j, 32 + 2 * j) == rule then return true end
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
    tat = tonumber(redis.call('GET', key) or '0')
    if tat < now then tat = now end
  end
  if tat - now > (burst - 1) * every then
    tats[ods] = tat
    denied[ods] = (denied[ods] or 0) + 1
    return false, tat - (burst - 1) * every + (denied[ods] - 1) * every
  end
  tats[ods] = tat + every
  return true
end

-- Everything is read in a few calls per practice.
local groups, records, entries, optouts = {}, {}, {}, {}
for i = 1, #members do
  local m = members[i]
  local ods = sub(m, 12)
  local g = groups[ods]
  if not g then
    g = { at = {}, refs = {}, set = {} }
    groups[ods] = g
  end
  g.at[#g.at + 1] = i
  g.refs[#g.refs + 1] = sub(m, 1, 9)
end
for ods, g in pairs(groups) do
  local p = prefix .. ods
  local got, keys, tags, of = redis.call('HMGET', p .. ':a', unpack(g.refs)), {}, {}, {}
  for j = 1, #g.at do
    local i, record = g.at[j], got[j]
    records[i] = record
    if listed(record, sub(members[i], 10, 11)) then
      of[#of + 1] = i
      keys[#keys + 1] = sub(members[i], 1, 11) .. sub(record, 10, 13)
      tags[#tags + 1] = sub(record, 18, 29)
    else
      records[i] = false
    end
  end
  if #of > 0 then
    local held, stopped = redis.call('HMGET', p .. ':r', unpack(keys)), redis.call('HMGET', p .. ':o', unpack(tags))
    for j = 1, #of do entries[of[j]], optouts[of[j]] = held[j], stopped[j] end
  end
end

for i = 1, #members do
  local m, record, entry = members[i], records[i], entries[i]
  local ref, rule, ods = sub(m, 1, 9), sub(m, 10, 11), sub(m, 12)
  local p, set = prefix .. ods, groups[ods].set
  if not record then
    zrem[#zrem + 1] = m
  else
    local key = ref .. rule .. sub(record, 10, 13)
    local state, reason, attempts = 'q', '\0', '\0'
    if entry then state, reason, attempts = sub(entry, 1, 1), sub(entry, 2, 2), sub(entry, 7, 7) end
    if state ~= 'q' and state ~= 'h' then
      zrem[#zrem + 1] = m
    elseif optouts[i] then
      zrem[#zrem + 1] = m
      set[#set + 1] = key
      set[#set + 1] = 'w\7' .. now4 .. attempts .. string.rep('\0', 12)
      count(ods, state, -1)
      count(ods, 'w', 1)
      redis.call('SADD', p .. ':d', ref) -- to be decided again by the next read
      moves[#moves + 1] = key .. state .. 'w\7\0\0' .. string.char(#ods) .. ods
      local story = redis.call('HGET', p .. ':e', ref) or ''
      if #story < 16000 then
        redis.call('HSET', p .. ':e', ref, story .. 'w' .. now4 .. rule .. sub(record, 10, 13) .. '\7\0')
      end
    else
      local ok, at = room(ods)
      if ok then
        zrem[#zrem + 1] = m
        set[#set + 1] = key
        set[#set + 1] = 'c' .. reason .. now4 .. attempts .. token .. '\0\0\0\0'
        lease[#lease + 1] = until_
        lease[#lease + 1] = key .. ods
        count(ods, state, -1)
        count(ods, 'c', 1)
        if not seen[ods] then
          seen[ods] = true
          metas[#metas + 1] = ods
          metas[#metas + 1] = redis.call('HGET', p .. ':m', 'asof') or ''
        end
        items[#items + 1] = ods
        items[#items + 1] = key
        items[#items + 1] = state
        items[#items + 1] = reason
        items[#items + 1] = attempts
        items[#items + 1] = record
      else
        zadd[#zadd + 1] = string.format('%.0f', math.ceil(at))
        zadd[#zadd + 1] = m
      end
    end
  end
end

for ods, g in pairs(groups) do
  if #g.set > 0 then redis.call('HSET', prefix .. ods .. ':r', unpack(g.set)) end
end
if #zrem > 0 then redis.call('ZREM', KEYS[2], unpack(zrem)) end
if #zadd > 0 then redis.call('ZADD', KEYS[2], unpack(zadd)) end
if #lease > 0 then redis.call('ZADD', KEYS[3], unpack(lease)) end
for ods, tat in pairs(tats) do
  redis.call('SET', prefix .. ods .. ':rate', string.format('%.3f', tat), 'PX', 60000)
end
for ods, c in pairs(counts) do
  for state, by in pairs(c) do
    if by ~= 0 then redis.call('HINCRBY', prefix .. ods .. ':n', state, by) end
  end
end
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
return { #members, first[2] or '', table.concat(moves), metas, items }
