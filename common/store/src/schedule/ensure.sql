INSERT INTO schedule (key, next_at)
SELECT DISTINCT ON (key) key, next_at FROM unnest($1::text[], $2::timestamptz[]) AS a(key, next_at)
ORDER BY key
ON CONFLICT (key) DO NOTHING
