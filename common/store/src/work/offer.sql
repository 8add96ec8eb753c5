INSERT INTO work_queue (name, pool, selector)
SELECT q.name, q.pool, q.selector::jsonb
FROM unnest($1::text[], $2::text[], $3::text[]) AS q(name, pool, selector)
ORDER BY q.name
ON CONFLICT (name) DO NOTHING
