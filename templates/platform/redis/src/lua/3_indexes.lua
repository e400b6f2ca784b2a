-- Indexes. One is named by its members in their order, `owner,-created_at`, where a hyphen says that
-- the greatest come first. It is a sorted set of texts, a row each: the values in a form that orders
-- byte by byte as they do, whatever follows, and then the id. `indexes` has by table what is declared:
-- that is kept up by every write. `indexed` has by table what all rows are entered in: that is
-- searched by. Names are divided by spaces.

local ABSENT, PRESENT, AFTER_PRESENT, END_OF_VALUE = '\1', '\2', '\3', '\0\1'

local opposite = {}

-- Every byte turned around, so that what was before comes after, if descending.
local function turned(text, descending)
  if not descending then return text end
  if not opposite['\0'] then
    for number = 0, 255 do opposite[string.char(number)] = string.char(255 - number) end
  end
  local answer = string.gsub(text, '.', opposite)
  return answer
end

-- A value in an index. No such text is the start of another, so what follows does not count between
-- different ones.
local function indexed_value(value, descending)
  if not value then return turned(ABSENT, descending) end
  local escaped = string.gsub(value, '%z', '\0\255')
  return turned(PRESENT .. escaped .. END_OF_VALUE, descending)
end

-- What was read of names, by their text: there are few, and they stay.
local known_indexes = {}

local function members_of(name)
  local members = {}
  for descending, member in string.gmatch(name, '(%-?)([^,]+)') do
    members[#members + 1] = { name = member, descending = descending == '-' }
  end
  return members
end

-- The indexes that a text names.
local function indexes_of(text)
  local known = known_indexes[text]
  if not known then
    known = {}
    for name in string.gmatch(text, '%S+') do
      known[#known + 1] = { name = name, members = members_of(name) }
    end
    known_indexes[text] = known
  end
  return known
end

local function key_of_index(of, name)
  return 'index:' .. of .. ':' .. name
end

-- What a row is in an index.
local function entry_of(row, index)
  local values = {}
  for at, member in ipairs(index.members) do
    values[at] = indexed_value(value_named(row, member.name), member.descending)
  end
  return table.concat(values) .. row.id
end

-- Enters a row that was `old` and becomes `new`, or either (nil).
local function change_indexes(space, of, id, old, new)
  local declared = get(space, 'indexes', of)
  if not declared then return end
  local before, after = old and open_row(id, old), new and open_row(id, new)
  for _, index in ipairs(indexes_of(declared)) do
    local key = key_of_index(of, index.name)
    local was, is = before and entry_of(before, index), after and entry_of(after, index)
    if was ~= is then
      if was then place(space, key, was, false) end
      if is then place(space, key, is, 0) end
    end
  end
end

-- The names in a text without one of them, which is added when `with` says so.
local function names_with(text, name, with)
  local names = {}
  for _, index in ipairs(indexes_of(text or '')) do
    if index.name ~= name then names[#names + 1] = index.name end
  end
  if with then names[#names + 1] = name end
  return #names > 0 and table.concat(names, ' ')
end

local function has_name(text, name)
  for _, index in ipairs(indexes_of(text or '')) do
    if index.name == name then return true end
  end
  return false
end

-- Enters some of the rows of a table into a declared index, those after an id; the last of them, or
-- nothing when there are no more: then all are entered.
local function build_index(space, asked)
  local of, name = asked.of, asked.name
  if not has_name(get(space, 'indexes', of), name) then return '' end
  local ids = range(space, 'ids:' .. of, asked.after and '(' .. asked.after or '-', '+', asked.limit)
  local index = { members = members_of(name) }
  for _, id in ipairs(ids) do
    local row = open_row(id, get(space, 'rows:' .. of, id))
    place(space, key_of_index(of, name), entry_of(row, index), 0)
  end
  local more = #ids == asked.limit
  if not more then
    put(space, 'indexed', of, names_with(get(space, 'indexed', of), name, true))
  end
  write(space)
  return more and ids[#ids] or ''
end

-- Removes an index that is no longer declared, and so no longer kept up.
local function drop_index(space, asked)
  local of, name = asked.of, asked.name
  if has_name(get(space, 'indexes', of), name) then return 0 end
  put(space, 'indexed', of, names_with(get(space, 'indexed', of), name, false))
  write(space)
  return call('UNLINK', space.base .. key_of_index(of, name))
end
