-- Breaker and cool-down of one provider key. KEYS: pause, failures, probe.
local command = ARGV[1]

local function pauseFor(ms)
  ms = math.floor(tonumber(ms))
  if ms > 0 and redis.call('PTTL', KEYS[1]) < ms then
    redis.call('SET', KEYS[1], '1', 'PX', ms)
  end
end

if command == 'ask' then
  local failuresMax, probeMs = tonumber(ARGV[2]), tonumber(ARGV[3])
  local failures = tonumber(redis.call('GET', KEYS[2]) or '0')
  local pause = redis.call('PTTL', KEYS[1])
  if pause > 0 then
    return { pause, failures }
  end
  -- The pause of an open breaker is over: one call goes ahead, the others wait for what it tells.
  if failures >= failuresMax and not redis.call('SET', KEYS[3], '1', 'NX', 'PX', probeMs) then
    return { math.max(redis.call('PTTL', KEYS[3]), 1), failures }
  end
  return { 0, failures }
elseif command == 'throttled' then
  pauseFor(ARGV[2])
elseif command == 'failed' then
  local retryAfter, windowMs, failuresMax = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
  local firstPause, longestPause = tonumber(ARGV[5]), tonumber(ARGV[6])
  local failures = redis.call('INCR', KEYS[2])
  redis.call('PEXPIRE', KEYS[2], windowMs)
  redis.call('DEL', KEYS[3])
  pauseFor(retryAfter)
  if failures >= failuresMax then
    pauseFor(math.min(longestPause, firstPause * 2 ^ (failures - failuresMax)))
  end
elseif command == 'recovered' then
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
end
return { 0, 0 }
