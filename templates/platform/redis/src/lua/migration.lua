#!lua name=LIBRARY
local function migrate(KEYS)
-- MIGRATION
end

-- Marks a place that has had no migration as new, with a document that has no due time, in a group of
-- its own (`7_documents.lua`).
local function mark(all, key, position, body)
  local in_group = key .. '\0\0' .. position .. key
  redis.call('HSET', all, key, cjson.encode({ '1', key, position, '0', body }))
  redis.call('ZADD', all .. ':keys', 0, key)
  redis.call('ZADD', all .. ':groups', 0, in_group)
  redis.call('ZADD', all .. ':due', 0, '0' .. in_group)
  redis.call('ZADD', all .. ':heads', 0, '0' .. in_group)
end

redis.register_function('LIBRARY', function(keys, args)
  local applied = keys[1] .. 'migrations'
  if redis.call('HEXISTS', applied, args[1]) == 1 then return 0 end
  local answer = migrate({ keys[1] })
  if type(answer) == 'table' and answer.err then return answer end
  if args[3] then mark(keys[1] .. args[3], args[4], args[5], args[6]) end
  redis.call('HSET', applied, args[1], args[2])
  return 1
end)
