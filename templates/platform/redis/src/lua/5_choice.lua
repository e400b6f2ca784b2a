-- Which index a search uses, and which part of it.

-- What a search asks for, by the names of members: what has to equal what, between which bounds what
-- lies, and in which order the rest comes, up to the id, in which every index ends.
local function asked_for(search)
  local asked = { equal = {}, count = #search.equals, order = {}, after = search.after }
  for _, member in ipairs(search.equals) do
    -- Twice the same member is nothing for an index.
    if asked.equal[member[2]] ~= nil then return nil end
    asked.equal[member[2]] = member[3]
  end
  local bounds = search.range
  if bounds and (bounds[3] or bounds[4]) then asked.bounds = bounds end
  for at, member in ipairs(search.order) do
    local name, descending = member[2], member[3]
    if asked.equal[name] == nil then
      asked.order[#asked.order + 1] = { name = name, descending = descending, at = at }
    end
    if name == 'id' then break end
  end
  return asked
end

-- Whether the members of an index after so many are just the order that is asked for.
local function is_in_order(index, first, order)
  if #index.members - first ~= #order then return false end
  for at, wanted in ipairs(order) do
    local member = index.members[first + at]
    if member.name ~= wanted.name or member.descending ~= wanted.descending then return false end
  end
  return true
end

-- Where the values between two bounds begin and end, after what all have before them.
local function between(before, descending, from, to)
  if descending then
    local first = to and '(' .. before .. indexed_value(to, true) .. '\255' or '[' .. before
    local last = from and indexed_value(from, true) .. '\255' or turned(ABSENT, true)
    return first, '(' .. before .. last
  end
  local first, last = from and indexed_value(from), to and indexed_value(to)
  return '[' .. before .. (first or PRESENT), '(' .. before .. (last or AFTER_PRESENT)
end

-- Where the page after another begins, when that is not before `min`.
local function start_after(before, asked, min)
  local values = {}
  for at, member in ipairs(asked.order) do
    values[at] = indexed_value(asked.after.values[member.at], member.descending)
  end
  local last = before .. table.concat(values) .. asked.after.id
  if less(last, sub(min, 2)) then return min end
  return '(' .. last
end

-- The part of an index that has all that is asked for; nil when that would be all of it. It is the
-- answer when it has nothing else, in the order that is asked for.
local function part_of(of, index, asked)
  local values = {}
  for at, member in ipairs(index.members) do
    local value = asked.equal[member.name]
    if value == nil then break end
    values[at] = indexed_value(value, member.descending)
  end
  local before, bounds = table.concat(values), asked.bounds
  local min, max = '[' .. before, '(' .. before .. '\255'
  local following = index.members[#values + 1]
  local has_bounds = bounds and following and following.name == bounds[2]
  if has_bounds then min, max = between(before, following.descending, bounds[3], bounds[4]) end
  local is_answer = #values == asked.count and (has_bounds or not bounds)
    and is_in_order(index, #values, asked.order)
  if is_answer and asked.after then min = start_after(before, asked, min) end
  local rank = #values * 2 + (has_bounds and 1 or 0)
  if not is_answer and rank == 0 then return nil end
  return {
    key = key_of_index(of, index.name), min = min, max = max, is_answer = is_answer,
    rank = is_answer and math.huge or rank
  }
end

-- Whether to look at all rows in the order of ids until there are enough is less than to look at all
-- in a part of an index.
local function is_worse_than_all(space, search, part_of_index, limit)
  if #search.order > 0 then return false end
  local key, min, max = part_of_index.key, part_of_index.min, part_of_index.max
  local found = call('ZLEXCOUNT', space.base .. key, min, max)
  return found * found > limit * call('ZCARD', space.base .. 'ids:' .. search.of)
end

-- The part of an index to search in; nil when something else leads to the rows, or nothing does.
local function choose_index(space, search, limit)
  -- An id or a unique value leads to one row. A reference leads to those that equal in one member.
  local lead, known = search.lead, 0
  if lead and lead[1] ~= 'references' then return nil end
  if lead then known = 2 end
  local asked, declared = asked_for(search), get(space, 'indexes', search.of)
  if not asked or not declared then return nil end
  local best
  for _, index in ipairs(indexes_of(get(space, 'indexed', search.of) or '')) do
    local one = has_name(declared, index.name) and part_of(search.of, index, asked)
    if one and one.rank > known then best, known = one, one.rank end
  end
  if best and not best.is_answer and is_worse_than_all(space, search, best, limit) then return nil end
  return best
end
