-- Searches of copies, which have no indexes, look at all rows; those of things need not.
redis.call('HSET', KEYS[1] .. 'indexes', 'things:0', 'name weight price life sold')
