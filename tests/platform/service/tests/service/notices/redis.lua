-- What notices are searched by.
redis.call('HSET', KEYS[1] .. 'indexes', 'notice:0', 'status')
