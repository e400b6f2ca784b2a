-- What a call wants to write is staged here and seen by its own reads; it is written when all
-- conditions have held. Nothing that is written then can fail: a function's error after a write
-- would roll nothing back.

-- While a library is loaded there is nothing of these yet: they are set by the first call.
local byte, sub, match, find_text, call

local function prepare()
  if not call then
    byte, sub, match, find_text = string.byte, string.sub, string.match, string.find
    call = redis.call
  end
end

-- Whether `a` is before `b`, byte by byte. Lua's own comparison follows the server's locale.
local function less(a, b)
  if a == b then return false end
  local at = 1
  while true do
    local x, y = byte(a, at), byte(b, at)
    if x ~= y then
      return x == nil or (y ~= nil and x < y)
    end
    at = at + 1
  end
end

local function whole(number)
  return string.format('%.0f', number)
end

-- Microseconds since 1970, by the server's clock.
local function clock()
  local time = call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- A number that is not negative as a text that orders as 64-bit integers do.
local function ordered(number)
  return string.format('8%015x', number)
end

local function new_space(base)
  prepare()
  return { base = base, hashes = {}, sorted = {}, appended = 0 }
end

local function staged(of, key)
  local found = of[key]
  if not found then
    found = {}
    of[key] = found
  end
  return found
end

-- The value of a field; false when there is none.
local function get(space, key, field)
  local own = space.hashes[key]
  if own and own[field] ~= nil then
    return own[field]
  end
  return call('HGET', space.base .. key, field)
end

-- Sets a field, or removes it (false).
local function put(space, key, field, value)
  staged(space.hashes, key)[field] = value
end

-- Adds a member to a sorted set with a score, or removes it (false).
local function place(space, key, member, score)
  staged(space.sorted, key)[member] = score
end

local function is_within(member, min, max)
  local low, high = sub(min, 2), sub(max, 2)
  local above = min == '-' or (byte(min) == 91 and not less(member, low)) or less(low, member)
  local below = max == '+' or (byte(max) == 91 and not less(high, member)) or less(member, high)
  return above and below
end

-- Members of a sorted set whose scores are all 0, between two bounds as ZRANGEBYLEX has them; at most
-- so many, or all (-1).
local function range(space, key, min, max, limit)
  local own = space.sorted[key]
  if not own then
    return call('ZRANGEBYLEX', space.base .. key, min, max, 'LIMIT', 0, limit)
  end
  local removed = 0
  for _, score in pairs(own) do
    if not score then removed = removed + 1 end
  end
  local asked = limit < 0 and limit or limit + removed
  local all = {}
  for _, member in ipairs(call('ZRANGEBYLEX', space.base .. key, min, max, 'LIMIT', 0, asked)) do
    if own[member] == nil then all[#all + 1] = member end
  end
  for member, score in pairs(own) do
    if score and is_within(member, min, max) then all[#all + 1] = member end
  end
  table.sort(all, less)
  while limit >= 0 and #all > limit do all[#all] = nil end
  return all
end

local function in_parts(command, key, arguments)
  for first = 1, #arguments, 1000 do
    call(command, key, unpack(arguments, first, math.min(first + 999, #arguments)))
  end
end

local function write_hash(key, fields)
  local set, removed = {}, {}
  for field, value in pairs(fields) do
    if value then
      set[#set + 1] = field
      set[#set + 1] = value
    else
      removed[#removed + 1] = field
    end
  end
  in_parts('HSET', key, set)
  in_parts('HDEL', key, removed)
end

local function write_sorted(key, members)
  local set, removed = {}, {}
  for member, score in pairs(members) do
    if score then
      set[#set + 1] = whole(score)
      set[#set + 1] = member
    else
      removed[#removed + 1] = member
    end
  end
  in_parts('ZADD', key, set)
  in_parts('ZREM', key, removed)
end

-- Writes all that is staged. While a cluster moves the slot to another node, no function starts: what
-- is declared as its key is the start of all keys, which is never there itself, and so is looked for
-- at the other node, which does not answer yet.
local function write(space)
  for key, fields in pairs(space.hashes) do write_hash(space.base .. key, fields) end
  for key, members in pairs(space.sorted) do write_sorted(space.base .. key, members) end
end
