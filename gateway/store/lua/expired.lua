-- expired: list the leases of one shard that ran out, with the state and token
-- that stand behind each in the same instant. A lease whose work is over is
-- dropped. One behind which there is no work, or work that waits, is the last
-- trace of something that may have left and whose entry was lost or damaged: it
-- becomes of unknown fate here, as of the end of its lease. Nothing that is whole
-- waits and is leased at once, and only what is leaving carries a mark in its code.
--
-- KEYS 1 epoch  2 lease
-- ARGV 1 the mark we know  2 now, ms  3 prefix of the practices' keys  4 at most how many
-- Returns { practice, reminder key, state (1) token (8), ... }
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local sub, char, floor = string.sub, string.char, math.floor

local function four(ms)
  local s = floor(tonumber(ms) / 1000)
  return char(floor(s / 16777216) % 256, floor(s / 65536) % 256, floor(s / 256) % 256, s % 256)
end

-- lost writes down that the fate of a reminder is not known, with what stands for
-- the number that its text was meant for: its entry's, or else its appointment's.
local function lost(p, key, at, entry)
  if redis.call('EXISTS', p .. ':m') == 0 then return end -- no practice of ours
  local ref, number = sub(key, 1, 9), ''
  local record = redis.pcall('HGET', p .. ':a', ref)
  if entry and #entry == 31 then
    number = sub(entry, 20)
  elseif type(record) == 'string' and #record >= 30 then
    number = sub(record, 18, 29)
  end
  redis.call('HSET', p .. ':r', key, 'k\83' .. four(at) .. string.rep('\0', 13) .. number)
  redis.pcall('HINCRBY', p .. ':n', 'k', 1)
  redis.pcall('HINCRBY', p .. ':n', 'turn', 1)
  local story = redis.pcall('HGET', p .. ':e', ref) or ''
  if type(story) == 'string' and #story < 16000 then
    redis.call('HSET', p .. ':e', ref, story .. 'k' .. four(ARGV[2]) .. sub(key, 10) .. '\83\0')
  end
end

local out = {}
local all = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'WITHSCORES', 'LIMIT', 0, ARGV[4])
for i = 1, #all, 2 do
  local m = all[i]
  local key, ods = sub(m, 1, 15), sub(m, 16)
  local entry = redis.pcall('HGET', ARGV[3] .. ods .. ':r', key)
  if type(entry) ~= 'table' then -- else the practice's key is damaged: its leases wait until it is mended
    local state = entry and #entry >= 19 and sub(entry, 1, 1) or ''
    if state == 's' or (state == 'c' and sub(entry, 16, 19) == '\0\0\0\0') then
      out[#out + 1] = ods
      out[#out + 1] = key
      out[#out + 1] = state .. sub(entry, 8, 15)
    else
      local over = state ~= '' and string.find('adurfk', state, 1, true) or state == 'w' and sub(entry, 2, 2) ~= '\0'
      if not over and #m > 15 then lost(ARGV[3] .. ods, key, all[i + 1], entry) end
      redis.call('ZREM', KEYS[2], m)
    end
  end
end
return out
