-- What is in a row. A row is one text: version, time of creation, time of change and the length of what
-- follows, a line each; then the values that searches compare, where they differ from the JSON forms;
-- then the members as JSON. All values that are compared are texts that order byte by byte as the
-- values do; false is an absent one.

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

-- What belongs to the row itself, rather than to its members.
local OWN = { id = true, version = true, created_at = true, updated_at = true }

-- The value of a member of which only the name is known.
local function value_named(row, name)
  if OWN[name] then return value_of(row, { 'r', name }) end
  local value = value_of(row, { 'e', name }) or value_of(row, { 'm', name })
  return type(value) == 'string' and value
end
