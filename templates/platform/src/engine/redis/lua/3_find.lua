-- Searches. A member is named by where its value is: `e` among the values that are compared in a form
-- of their own, `m` among the JSON forms, `r` with the row itself. All are texts that order byte by
-- byte as the values do; false is an absent one.

local function open_row(id, text)
  local version, created, updated, size, at = match(text, '^(%d+)\n([^\n]*)\n([^\n]*)\n(%d+)\n()')
  return {
    id = id, text = text, version = version, created_at = created, updated_at = updated,
    size = tonumber(size), at = at, parts = {}
  }
end

local function part(row, where)
  local known = row.parts[where]
  if not known then
    local first, last = row.at, row.at + row.size - 1
    if where == 'm' then first, last = last + 1, -1 end
    known = cjson.decode(sub(row.text, first, last))
    row.parts[where] = known
  end
  return known
end

local function value_of(row, member)
  local where, name = member[1], member[2]
  if where == 'r' then
    if name == 'version' then return ordered(tonumber(row.version)) end
    return row[name]
  end
  local value = part(row, where)[name]
  if value == nil or value == cjson.null then return false end
  return value
end

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

-- Ids of rows that a unique value or a reference leads to, in their order; nil when nothing does.
local function led_to(space, search)
  local lead = search.lead
  if not lead then return nil end
  if lead[1] == 'id' then return { lead[2] } end
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

-- Calls with each row that is asked for, in the order of ids, until that says it is enough.
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

local function search_rows(space, search, limit)
  if limit == 0 then return {} end
  if #search.order == 0 then return by_id(space, search, limit) end
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
