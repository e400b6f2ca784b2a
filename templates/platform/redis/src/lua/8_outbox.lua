-- The outbox: messages by id, `outbox:order` by position. A message is one text: position, partition
-- and time, a line each, then what it is. The event log: events by type, aggregate and sequence, in
-- `log:order` in this order, in `log:times` by time.

local function append_event(space, event, now)
  if get(space, 'outbox', event.id) then return CONFLICT end
  local position = tonumber(get(space, 'positions', 'outbox') or '0') + 1
  put(space, 'positions', 'outbox', whole(position))
  put(space, 'outbox', event.id,
    table.concat({ whole(position), event.partition, whole(now), event.message }, '\n'))
  place(space, 'outbox:order', event.id, position)
  if event.logged then
    local at = table.concat({ event.type, event.aggregate, event.sequence }, '\0')
    if get(space, 'log', at) then return 'corrupt the log has an event of this sequence already' end
    put(space, 'log', at, whole(now) .. '\n' .. event.message)
    place(space, 'log:order', at, 0)
    place(space, 'log:times', at, now)
  end
end

local function append_events(space, events, limit)
  if #events == 0 then return end
  local waiting = call('HLEN', space.base .. 'outbox') + space.appended
  if waiting + #events > limit then return 'full' end
  space.appended = space.appended + #events
  local now = clock()
  for _, event in ipairs(events) do
    local failure = append_event(space, event, now)
    if failure then return failure end
  end
end

local function add_message(space, found, id)
  local text = get(space, 'outbox', id)
  local refused = get(space, 'outbox:refused', id)
  found[#found + 1] = text
  found[#found + 1] = refused and '1' .. refused or '0'
end

local function list_outbox(space, asked)
  local found, first, order = {}, 0, space.base .. 'outbox:order'
  while #found < asked.limit * 2 do
    local ids = call('ZRANGE', order, first, first + asked.limit - 1)
    for _, id in ipairs(ids) do
      local partition = asked.shards > 1 and match(get(space, 'outbox', id), '^%d+\n(%d+)\n') or 0
      if partition % asked.shards == asked.shard and #found < asked.limit * 2 then
        add_message(space, found, id)
      end
    end
    if #ids < asked.limit then break end
    first = first + asked.limit
  end
  return found
end

local function list_refused(space)
  local found = {}
  for _, id in ipairs(call('HKEYS', space.base .. 'outbox:refused')) do
    add_message(space, found, id)
  end
  return found
end

local function outbox_depth(space)
  local oldest = call('ZRANGE', space.base .. 'outbox:order', 0, 0)[1]
  local written = oldest and match(get(space, 'outbox', oldest), '^%d+\n%d+\n(%d+)\n') or ''
  return { call('HLEN', space.base .. 'outbox'), written }
end

local function acknowledge(space, ids)
  for _, id in ipairs(ids) do
    put(space, 'outbox', id, false)
    put(space, 'outbox:refused', id, false)
    place(space, 'outbox:order', id, false)
  end
  write(space)
  return 0
end

local function refuse(space, asked)
  if get(space, 'outbox', asked.id) then
    put(space, 'outbox:refused', asked.id, asked.why)
    write(space)
  end
  return 0
end

local function list_log(space, asked)
  local found = {}
  local min = asked.after and '(' .. asked.type .. '\0' .. asked.after or '[' .. asked.type .. '\0'
  for _, at in ipairs(range(space, 'log:order', min, '(' .. asked.type .. '\1', asked.limit)) do
    found[#found + 1] = get(space, 'log', at)
  end
  return found
end

-- Puts events in the place of those that there are, which keep their times.
local function rewrite_log(space, events)
  for _, event in ipairs(events) do
    local at = table.concat({ event.type, event.aggregate, event.sequence }, '\0')
    local old = get(space, 'log', at)
    if old then put(space, 'log', at, match(old, '^%d+\n') .. event.message) end
  end
  write(space)
  return #events
end

-- Removes some of the events that are older; how many.
local function trim_log(space, asked)
  local times = space.base .. 'log:times'
  local all = call('ZRANGEBYSCORE', times, '-inf', '(' .. asked.before, 'LIMIT', 0, asked.limit)
  for _, at in ipairs(all) do
    put(space, 'log', at, false)
    place(space, 'log:order', at, false)
    place(space, 'log:times', at, false)
  end
  write(space)
  return #all
end
