-- Every attempt offers its queue: the date need not be exact, and most offers write nothing.
INSERT INTO work_queue (name, pool, selector)
SELECT q.name, q.pool, q.selector::jsonb
FROM unnest($1::text[], $2::text[], $3::text[]) AS q(name, pool, selector)
ORDER BY q.name
ON CONFLICT (name) DO UPDATE SET offered_at = now()
WHERE work_queue.offered_at < now() - make_interval(secs => $4 / 8)
