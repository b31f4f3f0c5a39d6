-- Who lives, and who did within the last minute: sorted sets of processes, by when each was heard of.
--
-- KEYS  1 who lives, 2 who did
-- ARGV  1 the process, 2 and 3 seconds after which one that is not heard of leaves either set, 4 "gone" when it ends
--
-- What one used that has ended counts as long as what another used.

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
for i = 1, 2 do
  redis.call('ZADD', KEYS[i], string.format('%.17g', now), ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', string.format('%.17g', now - tonumber(ARGV[1 + i])))
end
if ARGV[4] == 'gone' then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return {redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2])}
