-- One account: what all processes were granted of it, in a sliding minute, hour and day.
--
-- KEYS  1 state, 2 weights, 3 line (who waits), 4 to 6 the logs of minute, hour and day
-- ARGV  1 the request, as JSON (`services.llm.limits.shared.lease`)
--
-- A log is a sorted set: entry -> when it leaves the window. An entry of the minute is a block that one process may
-- use; hours and days have one entry for all blocks that end within a few seconds or minutes. What an entry weighs
-- stands beside it, so that a correction that is sent twice counts once. All times are Redis' own; requests and
-- answers hold durations only.

local STATE, WEIGHTS, LINE = KEYS[1], KEYS[2], KEYS[3]
local LOGS = {KEYS[4], KEYS[5], KEYS[6]}
local KEPT_S = 172800
local ask = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6

local function exact(number)
  return string.format('%.17g', number)
end

local function of_state(field)
  return tonumber(redis.call('HGET', STATE, field) or '0')
end

local function weight(entry)
  local row = redis.call('HMGET', WEIGHTS, entry .. ':c', entry .. ':t')
  return tonumber(row[1] or '0'), tonumber(row[2] or '0')
end

-- Make an entry of window i heavier (or lighter).
local function count(i, entry, calls, tokens)
  local name = i .. ':' .. entry
  redis.call('HINCRBY', WEIGHTS, name .. ':c', calls)
  redis.call('HINCRBY', WEIGHTS, name .. ':t', tokens)
  redis.call('HINCRBY', STATE, 'calls' .. i, calls)
  redis.call('HINCRBY', STATE, 'tokens' .. i, tokens)
end

local function drop(i, entry)
  local calls, tokens = weight(i .. ':' .. entry)
  count(i, entry, 0 - calls, 0 - tokens)  -- -0 is no number to Redis
  redis.call('HDEL', WEIGHTS, i .. ':' .. entry .. ':c', i .. ':' .. entry .. ':t')
  redis.call('ZREM', LOGS[i], entry)
end

local function expire()
  for i = 1, 3 do
    local old = redis.call('ZRANGEBYSCORE', LOGS[i], '-inf', exact(now))
    for _, entry in ipairs(old) do
      drop(i, entry)
    end
  end
end

-- Count in the hour (2) and the day (3) what ends at the given moment; return the entry.
local function count_long(i, ends, calls, tokens)
  local span, width = ask.windows[i][1], ask.windows[i][2]
  local slot = math.floor(ends / width)
  local entry = string.format('%d', slot)
  redis.call('ZADD', LOGS[i], exact((slot + 1) * width + span), entry)
  count(i, entry, calls, tokens)
  return entry
end

-- An entry as its process sees it: {id, calls, tokens, calls before, tokens before, hour's, day's, ago}.
-- It is counted from `ago` seconds before now; -1 leaves that as it is. A slot '' stands in no longer window.
local function correct(row)
  local id, calls, tokens, ago = row[1], row[2], row[3], row[8]
  local was_calls, was_tokens = row[4], row[5]
  local leaves = now - ago + ask.windows[1][1]
  if redis.call('ZSCORE', LOGS[1], id) then
    was_calls, was_tokens = weight('1:' .. id)
    count(1, id, calls - was_calls, tokens - was_tokens)
    if ago >= 0 then
      redis.call('ZADD', LOGS[1], exact(leaves), id)
    end
    if calls == 0 and tokens == 0 then
      drop(1, id)
    end
  elseif ago >= 0 and leaves > now and (calls > 0 or tokens > 0) then
    redis.call('ZADD', LOGS[1], exact(leaves), id)
    count(1, id, calls, tokens)
  end
  for i = 2, 3 do
    local slot = row[4 + i]
    if slot ~= '' and redis.call('ZSCORE', LOGS[i], slot) then
      count(i, slot, calls - was_calls, tokens - was_tokens)
    end
  end
  return was_calls - calls, was_tokens - tokens
end

-- What does not go on after all paces nobody.
local function refund(field, units, rate)
  if units > 0 and rate > 0 then
    redis.call('HSET', STATE, field, exact(math.max(of_state(field) - units / rate, now - KEPT_S)))
  end
end

-- Forget the process's own minute: it is told whole again.
local function forget_minute()
  local prefix = ask.process .. '#'
  for _, entry in ipairs(redis.call('ZRANGE', LOGS[1], 0, -1)) do
    if string.sub(entry, 1, #prefix) == prefix then
      drop(1, entry)
    end
  end
end

-- Seconds until so much fits window i; -1 when it never does.
local function window_wait(i, calls, tokens)
  local limit_calls, limit_tokens = ask.windows[i][3], ask.windows[i][4]
  local over_calls = limit_calls >= 0 and of_state('calls' .. i) + calls - limit_calls or 0
  local over_tokens = limit_tokens >= 0 and of_state('tokens' .. i) + tokens - limit_tokens or 0
  local from, until_s = 0, 0
  while over_calls > 0 or over_tokens > 0 do
    local rows = redis.call('ZRANGE', LOGS[i], from, from + 49, 'WITHSCORES')
    if #rows == 0 then
      return -1
    end
    for at = 1, #rows, 2 do
      local c, t = weight(i .. ':' .. rows[at])
      over_calls, over_tokens = over_calls - c, over_tokens - t
      until_s = tonumber(rows[at + 1]) - now
      if over_calls <= 0 and over_tokens <= 0 then
        break
      end
    end
    from = from + 50
  end
  return until_s
end

-- Who was there before the process and waits still: how many, and the tokens that they need.
local function before_me(want)
  local mine = redis.call('HGET', LINE, ask.process)
  local since = mine and tonumber(string.match(mine, '^(%S+)')) or now
  local many, tokens = 0, 0
  local rows = redis.call('HGETALL', LINE)
  for at = 1, #rows, 2 do
    local their_since, their_tokens, seen = string.match(rows[at + 1], '^(%S+) (%S+) (%S+)$')
    if tonumber(seen) < now - want.stale_s then
      redis.call('HDEL', LINE, rows[at])
    elseif rows[at] ~= ask.process and tonumber(their_since) < since then
      many, tokens = many + 1, tokens + tonumber(their_tokens)
    end
  end
  return since, many, tokens
end

-- How many calls fit all windows, and how many tokens, when others get theirs first. Of what is left of an hour or a day
-- a block takes a small part only: to the others it is spent as long as it is held.
local function room(want, many, their_tokens)
  local calls, tokens = want.calls, want.tokens
  for i = 1, 3 do
    local limit_calls, limit_tokens = ask.windows[i][3], ask.windows[i][4]
    local part = i == 1 and 1 or want.part
    if limit_calls >= 0 then
      local left = limit_calls - of_state('calls' .. i) - many
      calls = math.min(calls, math.max(math.min(left, 1), math.floor(left * part)))
    end
    if limit_tokens >= 0 then
      local left = limit_tokens - of_state('tokens' .. i) - their_tokens
      tokens = math.min(tokens, math.max(math.min(left, want.least), math.floor(left * part)))
    end
  end
  return calls, tokens
end

-- When the pace lets a unit's next block begin, and when it would after those who wait.
local function paced(field, pace, before)
  local rate, depth = pace[1], pace[2]
  if rate <= 0 then
    return now, now
  end
  local at = math.max(of_state(field), now - depth / rate)
  return math.max(now, at), math.max(now, at + before / rate)
end

local function advance(field, pace, units)
  local rate, depth = pace[1], pace[2]
  if rate > 0 then
    local at = math.max(of_state(field), now - depth / rate)
    redis.call('HSET', STATE, field, exact(at + units / rate))
  end
end

-- Grant a block, or say how long to wait.
local function lease(answer)
  local want = ask.want
  local since, many, their_tokens = before_me(want)
  local held_s = of_state('hold') - now
  if held_s > 0 and redis.call('HGET', STATE, 'holder') ~= ask.process then
    answer.why, answer.wait_s = 'held', held_s
    return
  end
  local calls, tokens = room(want, many, their_tokens)
  local start_c, turn_c = paced('next_calls', want.pace_calls, many)
  local start_t, turn_t = paced('next_tokens', want.pace_tokens, their_tokens)
  local fits = calls >= 1 and tokens >= want.least
  if fits and math.max(turn_c, turn_t) <= now + want.ahead_s then
    local starts = math.max(start_c, start_t)
    local ends = starts + want.lasts_s
    local id = ask.process .. '#' .. redis.call('HINCRBY', STATE, 'blocks', 1)
    redis.call('ZADD', LOGS[1], exact(ends + ask.windows[1][1]), id)
    count(1, id, calls, tokens)
    advance('next_calls', want.pace_calls, calls)
    advance('next_tokens', want.pace_tokens, tokens)
    answer.grant = {id, calls, tokens, count_long(2, ends, calls, tokens), count_long(3, ends, calls, tokens)}
    answer.starts_s = starts - now
    redis.call('HDEL', LINE, ask.process)
    return
  end
  redis.call('HSET', LINE, ask.process, exact(since) .. ' ' .. exact(want.least) .. ' ' .. exact(now))
  answer.why, answer.wait_s = 'pace', math.max(turn_c, turn_t) - now - want.ahead_s
  if not fits then
    answer.why = 'window'
    for i = 1, 3 do
      local wait_s = window_wait(i, 1 + many, want.least + their_tokens)
      if wait_s < 0 then  -- those before do not fit together with it: they go first
        wait_s = window_wait(i, 1, want.least)
      end
      if wait_s > answer.wait_s then
        answer.wait_s = wait_s
      end
      if i > 1 and wait_s > 0 then
        answer.long_s = math.max(answer.long_s or 0, wait_s)
      end
    end
  end
end

local function hold()
  local held, holder = of_state('hold'), redis.call('HGET', STATE, 'holder')
  if ask.hold_s > 0 then
    if held <= now then
      holder = ask.process
    end
    redis.call('HSET', STATE, 'hold', exact(math.max(held, now + ask.hold_s)), 'holder', holder)
  elseif holder == ask.process then
    redis.call('HDEL', STATE, 'hold', 'holder')
  end
end

-- A ledger that was emptied, or that has forgotten what was told, begins anew: nobody is granted more than a share
-- until all had the time to tell what they used; until a minute has passed, where not as many tell as were there in the
-- last minute: one was killed, or is cut off, and what it used nobody knows any more.
local epoch, turn = redis.call('HGET', STATE, 'epoch'), of_state('turn')
local founds = not epoch or (epoch == ask.epoch and turn < ask.turn)
if founds then
  redis.call('DEL', unpack(KEYS))
  epoch = ask.process .. '.' .. time[1] .. '.' .. time[2]
  redis.call('HSET', STATE, 'epoch', epoch, 'turn', exact(math.max(turn, ask.turn)), 'founded', exact(now))
end
if founds or ask.was_away then
  redis.call('HSET', STATE, 'gather', exact(math.max(of_state('gather'), now + ask.gather_s)))
end
for _, key in ipairs(KEYS) do
  redis.call('EXPIRE', key, KEPT_S)
end
if ask.epoch ~= epoch then
  return cjson.encode({epoch = epoch, turn = of_state('turn'), founded = founds, stale = true})
end

expire()
local answer = {epoch = epoch, turn = redis.call('HINCRBY', STATE, 'turn', 1), why = '', wait_s = 0}
if ask.whole then
  forget_minute()
  if ask.sharers > 0 then
    redis.call('HSET', STATE, 'sharers', math.max(of_state('sharers'), ask.sharers))
    redis.call('HINCRBY', STATE, 'told', redis.call('HSETNX', STATE, 'told:' .. ask.process, 1))
  end
  for _, row in ipairs(ask.long) do
    count_long(row[1], now - row[2], row[3], row[4])
  end
end
for _, row in ipairs(ask.entries) do
  local calls, tokens = correct(row)
  refund('next_calls', calls, ask.rates[1])
  refund('next_tokens', tokens, ask.rates[2])
end
if ask.hold_s then
  hold()
end
if ask.learned then
  redis.call('HSET', STATE, 'learned', ask.learned)
  redis.call('HINCRBY', STATE, 'version', 1)
end
if ask.want then
  lease(answer)
else
  redis.call('HDEL', LINE, ask.process)
end
answer.version = of_state('version')
if answer.version ~= ask.version and not ask.learned then
  answer.learned = redis.call('HGET', STATE, 'learned')
end
local gather = of_state('gather')
local forgets_until = of_state('founded') + ask.windows[1][1]
if of_state('told') < of_state('sharers') and forgets_until > now then
  gather, answer.misses = math.max(gather, forgets_until), true
end
answer.gather_s = math.max(0, gather - now)
if redis.call('HGET', STATE, 'holder') ~= ask.process then
  answer.hold_s = math.max(0, of_state('hold') - now)
end
answer.used = {}
for i = 1, 3 do
  answer.used[i] = {of_state('calls' .. i), of_state('tokens' .. i)}
end
return cjson.encode(answer)
