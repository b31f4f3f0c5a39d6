-- Who lives: a sorted set of processes, by when each was heard of.
--
-- KEYS  1 the set
-- ARGV  1 the process, 2 seconds after which one that is not heard of lives no more, 3 "gone" when it ends

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.17g', now - tonumber(ARGV[2])))
if ARGV[3] == 'gone' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], string.format('%.17g', now), ARGV[1])
end
return redis.call('ZCARD', KEYS[1])
