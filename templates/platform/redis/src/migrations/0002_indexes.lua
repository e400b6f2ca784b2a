-- Rows are entered into indexes from now on, which libraries of functions from before know nothing of.
--
-- indexes                        hash, by `<table>:<generation>`: the indexes that every write keeps up,
--                                a space between them; each is its members, `owner,-created_at`
-- indexed                        the same: the indexes that all rows are entered in
-- index:<table>:<generation>:<index>
--                                sorted set, by text: the members' values and the id
-- positions                      hash: `outbox`, the last position; it was `counters`
--
-- Programs that were started before must not write rows any more: what they count positions of messages
-- with is of another type now, at which their functions stop before they have written anything.
if redis.call('EXISTS', KEYS[1] .. 'counters') == 1 then
  redis.call('RENAME', KEYS[1] .. 'counters', KEYS[1] .. 'positions')
end
redis.call('SET', KEYS[1] .. 'counters', 'is now positions')
