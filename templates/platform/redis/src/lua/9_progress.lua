-- Applied sequences and offsets, a hash per handler and generation.

local function advance_sequence(space, applied)
  local key = 'applied_sequences:' .. applied.of
  local now = get(space, key, applied.aggregate)
  if (now and match(now, '^%d+')) ~= applied.from then return CONFLICT end
  put(space, key, applied.aggregate, applied.sequence .. '\n' .. applied.event)
end

-- Numbers and instants are texts that order as they do; an absent instant is empty.
local function later(a, b)
  return less(a, b) and b or a
end

local function advance_offset(space, offset)
  local key = 'offsets:' .. offset.of
  local upcoming, as_of = offset.next, offset.as_of
  local now = get(space, key, offset.partition)
  if now then
    local old = cjson.decode(now)
    if old[1] == offset.topic_id then
      upcoming, as_of = later(old[2], upcoming), later(old[3], as_of)
    end
  end
  put(space, key, offset.partition, cjson.encode({ offset.topic_id, upcoming, as_of }))
end

local function list_applied_sequences(space, asked)
  local found = {}
  for _, aggregate in ipairs(asked.aggregates) do
    local applied = get(space, 'applied_sequences:' .. asked.of, aggregate)
    if applied then
      found[#found + 1] = aggregate
      found[#found + 1] = applied
    end
  end
  return found
end

local function list_offsets(space, asked)
  return call('HGETALL', space.base .. 'offsets:' .. asked.of)
end

-- Removes whole keys; their memory is freed in the background.
local function drop_keys(space, keys)
  for _, key in ipairs(keys) do call('UNLINK', space.base .. key) end
  return 0
end
