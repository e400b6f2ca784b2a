-- Rows of tables. A table is named with its generation, `loans:0`.

local CONFLICT = 'conflict'

local function version_of(row)
  return match(row, '^(%d+)\n')
end

-- The version of what is there or was deleted; '0' when there was nothing.
local function version_now(space, of, id)
  local row = get(space, 'rows:' .. of, id)
  if row then return version_of(row) end
  return get(space, 'gone:' .. of, id) or '0'
end

-- Where a row is entered besides its table: unique values (`u`) and references (`r`).
local function change_entries(space, of, id, new)
  local old = get(space, 'entries:' .. of, id) or '[]'
  if old == new then return end
  for _, entry in ipairs(cjson.decode(old)) do
    if entry[1] == 'r' then
      place(space, entry[2], entry[3], false)
    elseif get(space, entry[2], entry[3]) == id then
      put(space, entry[2], entry[3], false)
    end
  end
  for _, entry in ipairs(cjson.decode(new)) do
    if entry[1] == 'r' then
      place(space, entry[2], entry[3], 0)
    else
      put(space, entry[2], entry[3], id)
    end
  end
  put(space, 'entries:' .. of, id, new ~= '[]' and new)
end

-- What keeps a row from being saved; nil when nothing does.
local function broken(space, number, save)
  for _, unique in ipairs(save.unique) do
    local holder = get(space, unique[2], unique[3])
    if holder and holder ~= save.id then
      return 'taken ' .. number .. ' ' .. unique[1]
    end
  end
  for _, reference in ipairs(save.references) do
    local own = reference[2] == save.of and reference[3] == save.id
    if not own and not get(space, 'rows:' .. reference[2], reference[3]) then
      return 'missing ' .. number .. ' ' .. reference[1]
    end
  end
end

local function save_live(space, number, save)
  local of, id = save.of, save.id
  local old = get(space, 'rows:' .. of, id)
  local created = save.created
  if old then
    local version, at = match(old, '^(%d+)\n([^\n]*)\n')
    if version ~= save.expected then return CONFLICT end
    created = at
  else
    local gone = get(space, 'gone:' .. of, id)
    if (gone or '0') ~= save.expected then return CONFLICT end
  end
  local failure = broken(space, number, save)
  if failure then return failure end
  local new = table.concat({
    save.version, created, save.updated, #save.compared, save.compared .. save.members
  }, '\n')
  put(space, 'rows:' .. of, id, new)
  if not old then
    place(space, 'ids:' .. of, id, 0)
    if save.expected ~= '0' then
      put(space, 'gone:' .. of, id, false)
      place(space, 'gone_ids:' .. of, id, false)
    end
  end
  change_entries(space, of, id, save.entries)
  change_indexes(space, of, id, old, new)
end

local function save_deleted(space, number, save)
  local of, id = save.of, save.id
  local old = get(space, 'rows:' .. of, id)
  local now = old and version_of(old) or get(space, 'gone:' .. of, id) or '0'
  if now ~= save.expected then return CONFLICT end
  for index, referrer in ipairs(save.referrers) do
    local prefix = id .. '\0' .. referrer .. '\0'
    local key = 'references:' .. save.table
    for _, member in ipairs(range(space, key, '[' .. prefix, '(' .. prefix .. '\255', 2)) do
      if sub(member, #prefix + 1) ~= id then
        return 'referenced ' .. number .. ' ' .. (index - 1)
      end
    end
  end
  if old then
    put(space, 'rows:' .. of, id, false)
    place(space, 'ids:' .. of, id, false)
    change_entries(space, of, id, '[]')
    change_indexes(space, of, id, old, nil)
  end
  put(space, 'gone:' .. of, id, save.deleted)
  place(space, 'gone_ids:' .. of, id, 0)
end

local function save_row(space, number, save)
  if save.deleted then return save_deleted(space, number, save) end
  return save_live(space, number, save)
end

local function load_row(space, of, id)
  local row = get(space, 'rows:' .. of, id)
  if row then return { 'live', row } end
  local gone = get(space, 'gone:' .. of, id)
  if gone then return { 'deleted', gone } end
  return {}
end

local function load_rows(space, asked)
  local rows = {}
  for at, id in ipairs(asked.ids) do rows[at] = load_row(space, asked.of, id) end
  return rows
end

local function list_deleted(space, asked)
  local found = {}
  local after = asked.after and '(' .. asked.after or '-'
  for _, id in ipairs(range(space, 'gone_ids:' .. asked.of, after, '+', asked.limit)) do
    found[#found + 1] = id
    found[#found + 1] = get(space, 'gone:' .. asked.of, id)
  end
  return found
end
