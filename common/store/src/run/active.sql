SELECT id FROM run
WHERE active AND shard = ANY($1) AND id > $2
ORDER BY id
LIMIT $3
