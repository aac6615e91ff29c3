-- consume-limits: counts one request against several fixed windows, all or none.
-- takes:   KEYS one counter per limit; ARGV per limit: the limit, the window in milliseconds.
-- returns: {index of the first exceeded limit or 0, count 1, milliseconds left 1, count 2, …}; counts include this
--          request when it is allowed. A refused request is counted nowhere.
-- A window begins with its first request; a counter without an end (which never should be) is given one.
local counts = {}
local left = {}
local exceeded = 0
for i = 1, #KEYS do
  counts[i] = tonumber(redis.call('GET', KEYS[i]) or '0')
  left[i] = counts[i] > 0 and redis.call('PTTL', KEYS[i]) or -1
  if exceeded == 0 and counts[i] >= tonumber(ARGV[2 * i - 1]) and left[i] > 0 then
    exceeded = i
  end
end
local reply = { exceeded }
for i = 1, #KEYS do
  local window = tonumber(ARGV[2 * i])
  if exceeded == 0 then
    if left[i] <= 0 then
      redis.call('SET', KEYS[i], 1, 'PX', window)
      counts[i] = 1
      left[i] = window
    else
      counts[i] = redis.call('INCR', KEYS[i])
    end
  elseif left[i] <= 0 then
    counts[i] = 0
    left[i] = window
  end
  reply[2 * i] = counts[i]
  reply[2 * i + 1] = left[i]
end
return reply
