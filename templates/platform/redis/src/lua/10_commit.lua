-- Applies write sets.

local function holds(space, check)
  if check.kind == 'version' then
    return version_now(space, check.of, check.id) == check.version
  elseif check.kind == 'answer' then
    return still_answers(space, check)
  end
  return #of_group(space, check.of, check.group, 1) == 0
end

local function stage_saves(space, saves)
  for number, save in ipairs(saves) do
    local failure = save_row(space, number - 1, save)
    if failure then return failure end
  end
end

local function stage_each(space, changes, stage)
  for _, change in ipairs(changes) do
    local failure = stage(space, change)
    if failure then return failure end
  end
end

-- Stages a write set; what keeps it from being applied, or nil.
local function stage_set(space, set, limit)
  for _, check in ipairs(set.checks) do
    if not holds(space, check) then return CONFLICT end
  end
  return stage_saves(space, set.saves)
    or append_events(space, set.events, limit)
    or stage_each(space, set.applied_sequences, advance_sequence)
    or stage_each(space, set.documents, write_document)
    or stage_each(space, set.offsets, advance_offset)
end

-- Stages a write set on its own terms: an error that nobody expected is its failure, and no other's.
local function try_set(space, text, limit)
  local went_well, failure = pcall(function()
    return stage_set(space, cjson.decode(text), limit)
  end)
  if went_well then return failure end
  return 'corrupt ' .. tostring(type(failure) == 'table' and failure.err or failure)
end

-- Each on its own: an answer for each, empty when it was applied.
local function commit_each(base, limit, sets)
  local answers = {}
  for at, text in ipairs(sets) do
    local space = new_space(base)
    local failure = try_set(space, text, limit)
    if not failure then write(space) end
    answers[at] = failure or ''
  end
  return answers
end

-- All or none: nothing, or the number of the first that failed and why.
local function commit_all(base, limit, sets)
  local space = new_space(base)
  for at, text in ipairs(sets) do
    local failure = stage_set(space, cjson.decode(text), limit)
    if failure then return { whole(at - 1), failure } end
  end
  write(space)
  return {}
end

local READS = {
  now = function() return whole(clock()) end,
  load = load_rows,
  find = find_rows,
  deleted = list_deleted,
  outbox = list_outbox,
  refused = list_refused,
  depth = outbox_depth,
  log = list_log,
  applied_sequences = list_applied_sequences,
  offsets = list_offsets,
  document = function(space, asked) return get(space, asked.of, asked.key) end,
  documents = list_documents,
  count = function(space, asked) return call('HLEN', space.base .. asked.of) end,
}

-- What frees memory, and so goes on when there is none left.
local CLEARINGS = {
  acknowledge = acknowledge, refuse = refuse, trim = trim_log, drop = drop_keys,
  unindex = drop_index, rewrite = rewrite_log,
}

redis.register_function({
  function_name = 'LIBRARY_read',
  callback = function(keys, args)
    return READS[args[1]](new_space(keys[1]), cjson.decode(args[2]))
  end,
  flags = { 'no-writes' }
})

redis.register_function({
  function_name = 'LIBRARY_clear',
  callback = function(keys, args)
    return CLEARINGS[args[1]](new_space(keys[1]), cjson.decode(args[2]))
  end,
  flags = { 'allow-oom' }
})

redis.register_function('LIBRARY_index', function(keys, args)
  return build_index(new_space(keys[1]), cjson.decode(args[1]))
end)

redis.register_function('LIBRARY_lease', function(keys, args)
  return take_lease(new_space(keys[1]), cjson.decode(args[1]))
end)

-- The write sets among the arguments.
local function sets_of(args)
  local sets = {}
  for at = 2, #args do sets[at - 1] = args[at] end
  return sets
end

redis.register_function('LIBRARY_each', function(keys, args)
  return commit_each(keys[1], tonumber(args[1]), sets_of(args))
end)

redis.register_function('LIBRARY_all', function(keys, args)
  return commit_all(keys[1], tonumber(args[1]), sets_of(args))
end)
