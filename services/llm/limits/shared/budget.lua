-- One day's budget: what all processes spent of it, and what each has set aside.
--
-- KEYS  1 the day
-- ARGV  1 the request, as JSON (`services.llm.limits.shared.budget`)
--
-- Every process tells all that it spent and holds, so that a request that is sent twice counts once. What was held by
-- one that was not heard of for a while counts as spent: nobody will give it back.

local DAY = KEYS[1]
local KEPT_S, HEARD_S = 172800, 30
local ask = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local epoch = redis.call('HGET', DAY, 'epoch')

if not epoch and ask.before then
  epoch = ask.process .. '.' .. time[1] .. '.' .. time[2]
  redis.call('HSET', DAY, 'epoch', epoch, 'before', cjson.encode(ask.before))
  redis.call('EXPIRE', DAY, KEPT_S)
end
if ask.was_away then  -- others may have spent what they have not told: nothing is granted until they had the time
  redis.call('HSET', DAY, 'gather', tonumber(time[1]) + ask.gather_s)
end
if not epoch or epoch ~= ask.epoch then
  return cjson.encode({stale = true, founded = not epoch, epoch = epoch or ''})
end

local function keep(more)
  redis.call('HSET', DAY, 'p:' .. ask.process, cjson.encode({
    ask.spent[1], ask.spent[2], ask.held[1] + more[1], ask.held[2] + more[2], tonumber(time[1])
  }))
end

keep({0, 0})
local used, held = cjson.decode(redis.call('HGET', DAY, 'before')), {0, 0}
local rows = redis.call('HGETALL', DAY)
for at = 1, #rows, 2 do
  if string.sub(rows[at], 1, 2) == 'p:' then
    local row = cjson.decode(rows[at + 1])
    local rest = tonumber(time[1]) - row[5] > HEARD_S and used or held
    for unit = 1, 2 do
      used[unit] = used[unit] + row[unit]
      rest[unit] = rest[unit] + row[2 + unit]
    end
  end
end

local function fits(wanted)
  for unit = 1, 2 do
    if ask.most[unit] >= 0 and used[unit] + held[unit] + wanted[unit] > ask.most[unit] then
      return false
    end
  end
  return true
end

local gathers = tonumber(redis.call('HGET', DAY, 'gather') or '0') > tonumber(time[1])
local answer = {epoch = epoch, used = used, held = held, granted = {0, 0}, fits = false, gathers = gathers}
for _, wanted in ipairs(ask.wants) do  -- the largest first
  if fits(wanted) and not gathers then
    answer.granted, answer.fits = wanted, true
    keep(wanted)
    break
  end
end
return cjson.encode(answer)
