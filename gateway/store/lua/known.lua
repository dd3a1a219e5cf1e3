-- known: the heads of a practice's appointments, or of those of one number, a page
-- at a time.
--
-- KEYS 1 epoch  2 appointments
-- ARGV 1 the mark we know  2 cursor ('0' to begin)  3 what stands for the number ('' all)
-- Returns { next cursor, ref (9) length of head (1) head, ... joined }
-- The head is the part of a record before what is sealed; see plan.lua. One that
-- is damaged comes without a head, so that it spoils nothing else.
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] and epoch ~= 'H' .. ARGV[1] then return redis.error_reply('EMPTIED') end
local page = redis.call('HSCAN', KEYS[2], ARGV[2], 'COUNT', 1000)
local out, all, tag = {}, page[2], ARGV[3]
for i = 1, #all, 2 do
  local ref, record = all[i], all[i + 1]
  local head = 30 + 2 * (string.byte(record, 30) or 0)
  if #ref == 9 and (tag == '' or string.sub(record, 18, 29) == tag) then
    if head > #record or head > 255 then head = 0 end
    out[#out + 1] = ref .. string.char(head) .. string.sub(record, 1, head)
  end
end
return { page[1], table.concat(out) }
