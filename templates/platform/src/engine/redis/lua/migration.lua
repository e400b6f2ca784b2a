#!lua name=LIBRARY
local function migrate(KEYS)
-- MIGRATION
end

redis.register_function('LIBRARY', function(keys, args)
  local applied = keys[1] .. 'migrations'
  if redis.call('HEXISTS', applied, args[1]) == 1 then return 0 end
  local answer = migrate({ keys[1] })
  if type(answer) == 'table' and answer.err then return answer end
  redis.call('HSET', applied, args[1], args[2])
  return 1
end)
