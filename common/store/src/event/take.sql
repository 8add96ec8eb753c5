-- Marks stored events as seen by rules; answers those that were not yet. Whoever comes second waits
-- for the first and then finds nothing left.
UPDATE event e SET processed_at = now()
FROM unnest($1::uuid[], $2::timestamptz[]) AS a(id, at)
WHERE e.id = ANY($1) AND e.id = a.id AND e.at = a.at AND e.processed_at IS NULL
RETURNING e.id
