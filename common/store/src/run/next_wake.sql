SELECT extract(epoch FROM min(wake_at) - now())::float8 AS wait
FROM run
WHERE active AND shard = ANY($1) AND wake_at > now()
