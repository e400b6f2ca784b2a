-- Documents of the runtime: `[version, group, position, due, body]` by key, all texts. Groups come
-- escaped, so that none has two zero bytes in a row, and these end it in the members of sorted sets.
-- Four of these lead to documents: `keys`; `groups`, by group, position, key; `due`, by due time,
-- group, position, key; and `heads`, which has of `due` only the first of each group.

local END = '\0\0'

local function document_of(space, of, key)
  local text = get(space, of, key)
  if not text then return nil end
  local parts = cjson.decode(text)
  return { version = parts[1], group = parts[2], position = parts[3], due = parts[4], text = text }
end

local function in_group(document, key)
  return document.group .. END .. document.position .. key
end

local function in_due(document, key)
  return document.due .. in_group(document, key)
end

local function key_in_group(member, group)
  return sub(member, #group + 19)
end

local function key_in_due(member)
  local _, last = find_text(member, END, 1, true)
  return sub(member, last + 17)
end

-- The members of `groups` that a group has, at most so many.
local function of_group(space, of, group, limit)
  return range(space, of .. ':groups', '[' .. group .. END, '(' .. group .. '\0\1', limit)
end

-- The first of a group, as `heads` has it.
local function head_of(space, of, group)
  local first = of_group(space, of, group, 1)[1]
  if not first then return nil end
  local key = key_in_group(first, group)
  return in_due(document_of(space, of, key), key)
end

local function remove_places(space, of, key, old)
  place(space, of .. ':groups', in_group(old, key), false)
  place(space, of .. ':due', in_due(old, key), false)
end

-- Makes a document what it is to be, or removes it (nil).
local function change_document(space, of, key, old, new)
  local heads, groups = {}, {}
  if old then groups[old.group] = true end
  if new then groups[new.group] = true end
  for group in pairs(groups) do heads[group] = head_of(space, of, group) end
  if old then remove_places(space, of, key, old) end
  if new then
    put(space, of, key, cjson.encode({ new.version, new.group, new.position, new.due, new.body }))
    place(space, of .. ':groups', in_group(new, key), 0)
    place(space, of .. ':due', in_due(new, key), 0)
    place(space, of .. ':keys', key, 0)
  else
    put(space, of, key, false)
    place(space, of .. ':keys', key, false)
  end
  for group in pairs(groups) do
    local before, now = heads[group], head_of(space, of, group)
    if before ~= now then
      if before then place(space, of .. ':heads', before, false) end
      if now then place(space, of .. ':heads', now, 0) end
    end
  end
end

local function write_document(space, change)
  local old = document_of(space, change.of, change.key)
  if (old and old.version or '0') ~= change.expected then return CONFLICT end
  if not change.put and not old then return CONFLICT end
  change_document(space, change.of, change.key, old, change.put or nil)
end

local function is_due(document, query)
  return not query.due_by or (document.due ~= '0' and not less(query.due_by, document.due))
end

local function list_by_key(space, query, add)
  local of, after = query.of, query.after
  repeat
    local keys = range(space, of .. ':keys', '(' .. after, '+', 200)
    for _, key in ipairs(keys) do
      local document = document_of(space, of, key)
      local fits = is_due(document, query)
        and (not query.group or document.group == query.group)
        and (not query.heads_only or head_of(space, of, document.group) == in_due(document, key))
      if fits and add(key, document.text) then return end
    end
    after = keys[#keys]
  until #keys < 200
end

local function list_group(space, query, add)
  local members = {}
  for _, member in ipairs(of_group(space, query.of, query.group, query.heads_only and 1 or -1)) do
    local key = key_in_group(member, query.group)
    local document = document_of(space, query.of, key)
    if is_due(document, query) then
      members[#members + 1] = { by = in_due(document, key), key = key, text = document.text }
    end
  end
  table.sort(members, function(a, b) return less(a.by, b.by) end)
  for _, member in ipairs(members) do
    if add(member.key, member.text) then return end
  end
end

local function list_due(space, query, add)
  local index = query.of .. (query.heads_only and ':heads' or ':due')
  local min, max = '-', '+'
  if query.due_by then min, max = '[1', '(' .. query.due_by .. '\255' end
  for _, member in ipairs(range(space, index, min, max, query.limit)) do
    local key = key_in_due(member)
    if add(key, get(space, query.of, key)) then return end
  end
end

local function list_documents(space, query)
  local found = {}
  local function add(key, text)
    found[#found + 1] = key
    found[#found + 1] = text
    return #found >= query.limit * 2
  end
  if query.limit == 0 then return found end
  if query.after then
    list_by_key(space, query, add)
  elseif query.group then
    list_group(space, query, add)
  else
    list_due(space, query, add)
  end
  return found
end

-- Takes or renews a lease, a document whose due time is its end; 1 when it is the owner's now.
local function take_lease(space, asked)
  local old = document_of(space, asked.of, asked.key)
  local now = clock()
  if old then
    local body = cjson.decode(old.text)[5]
    local is_over = not less('1' .. ordered(now), old.due)
    if not is_over and body ~= asked.body then return 0 end
  end
  change_document(space, asked.of, asked.key, old, {
    version = whole(old and tonumber(old.version) + 1 or 1),
    group = asked.group, position = asked.position,
    due = '1' .. ordered(now + tonumber(asked.millis) * 1000), body = asked.body
  })
  write(space)
  return 1
end
