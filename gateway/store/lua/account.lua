-- account: count the reminders of a practice that nobody can answer for: owed by
-- an appointment's record, yet neither waiting in the due set nor standing
-- anywhere. A page at a time.
--
-- KEYS 1 appointments  2 reminders  3 due
-- ARGV 1 cursor ('0' to begin)  2 now, 4 bytes  3 practice
-- Returns { next cursor, how many }
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 500)
local all, n = page[2], 0
local function number(b)
  local b1, b2, b3, b4 = string.byte(b, 1, 4)
  return ((b1 * 256 + b2) * 256 + b3) * 256 + b4
end
local now = number(ARGV[2])
for i = 1, #all, 2 do
  local ref, record = all[i], all[i + 1]
  local start = string.sub(record, 10, 13)
  -- A damaged record owes what nobody can tell.
  if #record < 30 then
    n = n + 1
  elseif number(start) > now then
    for j = 0, string.byte(record, 30) - 1 do
      local rule = string.sub(record, 31 + 2 * j, 32 + 2 * j)
      local entry = redis.call('HGET', KEYS[2], ref .. rule .. start)
      local state = entry and string.sub(entry, 1, 1) or 'q'
      if (state == 'q' or state == 'h') and not redis.call('ZSCORE', KEYS[3], ref .. rule .. ARGV[3]) then n = n + 1 end
    end
  end
end
return { page[1], n }
