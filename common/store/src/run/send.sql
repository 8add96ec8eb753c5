INSERT INTO inbox (id, run_id, shard, command)
SELECT m.id, r.id, r.shard, m.command::json
FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[]) AS m(ord, id, run_id, command)
-- Only undoing may be asked of a run that has ended; not of one that was put aside.
CROSS JOIN LATERAL (
    SELECT id, shard FROM run
    WHERE id = m.run_id
      AND (active OR (m.command::json ->> 'command' = 'compensate' AND quarantined IS NULL))
    OFFSET 0
) r
ORDER BY m.ord
ON CONFLICT (id) DO NOTHING
