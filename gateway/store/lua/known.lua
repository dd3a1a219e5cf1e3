-- known: the heads of a practice's appointments, a page at a time.
--
-- KEYS 1 appointments
-- ARGV 1 cursor ('0' to begin)
-- Returns { next cursor, ref (9) length of head (1) head, ... joined }
-- The head is the part of a record before what is sealed; see plan.lua.
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 1000)
local out, all = {}, page[2]
for i = 1, #all, 2 do
  local record = all[i + 1]
  local head = 30 + 2 * string.byte(record, 30)
  out[#out + 1] = all[i] .. string.char(head) .. string.sub(record, 1, head)
end
return { page[1], table.concat(out) }
