SELECT key, count, last_at, next_at FROM schedule WHERE key = ANY($1)
