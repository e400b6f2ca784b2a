-- What contacts are searched by.
redis.call('HSET', KEYS[1] .. 'indexes', 'contact:0', 'team')
