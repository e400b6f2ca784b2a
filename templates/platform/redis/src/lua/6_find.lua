-- Searches. A member is named by where its value is: `e` among the values that are compared in a form
-- of their own, `m` among the JSON forms, `r` with the row itself.

local function is_asked_for(row, search)
  for _, equal in ipairs(search.equals) do
    if value_of(row, equal) ~= equal[3] then return false end
  end
  local bounds = search.range
  if bounds and (bounds[3] or bounds[4]) then
    local value = value_of(row, bounds)
    if not value then return false end
    if bounds[3] and less(value, bounds[3]) then return false end
    if bounds[4] and not less(value, bounds[4]) then return false end
  end
  return true
end

-- Whether what has the values `a` and an id comes before what has `b` and another.
local function is_before(order, a, a_id, b, b_id)
  for at, member in ipairs(order) do
    local x, y = a[at], b[at]
    if x ~= y then
      local before = not x or (y and less(x, y))
      if member[3] then return not before end
      return before
    end
  end
  return less(a_id, b_id)
end

local function values_of(row, order)
  local values = {}
  for at, member in ipairs(order) do values[at] = value_of(row, member) end
  return values
end

-- The ids of the rows in a part of an index, at most so many, or all (-1).
local function in_index(space, part_of_index, limit)
  local ids = {}
  local key, min, max = part_of_index.key, part_of_index.min, part_of_index.max
  for at, entry in ipairs(range(space, key, min, max, limit)) do ids[at] = sub(entry, -36) end
  return ids
end

-- Ids of rows that an index, a unique value or a reference leads to; nil when nothing does.
local function led_to(space, search)
  local lead = search.lead
  if not lead then return nil end
  if lead[1] == 'id' then return { lead[2] } end
  if lead[1] == 'index' then return in_index(space, lead[2], -1) end
  if lead[1] == 'unique' then
    local id = get(space, lead[2], lead[3])
    return id and { id } or {}
  end
  local ids = {}
  for _, member in ipairs(range(space, lead[2], '[' .. lead[3], '(' .. lead[3] .. '\255', -1)) do
    ids[#ids + 1] = sub(member, #lead[3] + 1)
  end
  return ids
end

-- Calls with each row that is asked for until that says it is enough; in the order of ids, unless a
-- part of an index leads to them.
local function each_row(space, search, first, enough)
  local function look(id)
    local text = get(space, 'rows:' .. search.of, id)
    if not text then return false end
    local row = open_row(id, text)
    return is_asked_for(row, search) and enough(row)
  end
  local ids = led_to(space, search)
  if ids then
    for _, id in ipairs(ids) do
      if look(id) then return end
    end
    return
  end
  local after = first and '(' .. first or '-'
  repeat
    ids = range(space, 'ids:' .. search.of, after, '+', 200)
    for _, id in ipairs(ids) do
      if look(id) then return end
    end
    after = '(' .. (ids[#ids] or '')
  until #ids < 200
end

local function by_id(space, search, limit)
  local rows = {}
  local after = search.after and search.after.id
  each_row(space, search, after, function(row)
    if not after or less(after, row.id) then rows[#rows + 1] = row end
    return #rows >= limit
  end)
  return rows
end

local function by_order(space, search, limit)
  local order, after, rows = search.order, search.after, {}
  each_row(space, search, nil, function(row)
    row.values = values_of(row, order)
    if not after or is_before(order, after.values, after.id, row.values, row.id) then
      rows[#rows + 1] = row
    end
    return false
  end)
  table.sort(rows, function(a, b)
    return is_before(order, a.values, a.id, b.values, b.id)
  end)
  while #rows > limit do rows[#rows] = nil end
  return rows
end

-- Rows that an index has in just the order that is asked for, and no others.
local function by_index(space, search, part_of_index, limit)
  local rows = {}
  for at, id in ipairs(in_index(space, part_of_index, limit)) do
    rows[at] = open_row(id, get(space, 'rows:' .. search.of, id))
  end
  return rows
end

local function search_rows(space, search, limit)
  if limit == 0 then return {} end
  local part_of_index = choose_index(space, search, limit)
  if part_of_index and part_of_index.is_answer then
    return by_index(space, search, part_of_index, limit)
  end
  if part_of_index then search.lead = { 'index', part_of_index } end
  if #search.order == 0 and not part_of_index then return by_id(space, search, limit) end
  return by_order(space, search, limit)
end

local function find_rows(space, search)
  local found = {}
  for _, row in ipairs(search_rows(space, search, search.limit + 1)) do
    found[#found + 1] = row.id
    found[#found + 1] = row.text
  end
  return found
end

-- Whether a search still answers with these ids and versions.
local function still_answers(space, check)
  local rows = search_rows(space, check.find, check.find.limit)
  if #rows ~= #check.rows then return false end
  for at, row in ipairs(rows) do
    local known = check.rows[at]
    if row.id ~= known[1] or row.version ~= known[2] then return false end
  end
  return true
end
