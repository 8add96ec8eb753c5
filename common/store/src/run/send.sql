WITH asked AS MATERIALIZED (
    SELECT ord, id, run_id, command::json AS command, command::json ->> 'command' AS name
    FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[]) AS m(ord, id, run_id, command)
)
INSERT INTO inbox (id, run_id, shard, command)
SELECT m.id, r.id, r.shard, m.command
FROM asked m
-- Of a run that has ended only that it undoes what it did, or goes on, may be asked; what is said to one
-- that was asked to go on counts from then. Not of one that was put aside.
CROSS JOIN LATERAL (
    SELECT id, shard FROM run
    WHERE id = m.run_id
      AND (active
           OR (quarantined IS NULL
               AND (m.name IN ('compensate', 'retry')
                    OR EXISTS (SELECT 1 FROM inbox w
                               WHERE w.run_id = m.run_id AND w.command ->> 'command' = 'retry'
                               OFFSET 0)
                    OR EXISTS (SELECT 1 FROM asked w
                               WHERE w.run_id = m.run_id AND w.ord < m.ord AND w.name = 'retry'))))
    OFFSET 0
) r
ORDER BY m.ord
ON CONFLICT (id) DO NOTHING
