WITH given_up AS (
    UPDATE run
    SET status = 'abandoned', active = false, wake_at = NULL, ended_at = now(), quarantined = $2
    WHERE id = $1
      AND (active OR (quarantined IS NULL AND EXISTS (SELECT 1 FROM inbox WHERE run_id = $1)))
    RETURNING id, opened_on, parent_run
), dropped AS (
    DELETE FROM inbox i USING given_up g WHERE i.run_id = g.id
), told AS (
    -- The run that waits for it learns of its end as of any other.
    INSERT INTO inbox (id, run_id, shard, command)
    SELECT t.id, p.id, p.shard, t.command::json
    FROM given_up g
    JOIN run p ON p.id = g.parent_run AND p.active
    CROSS JOIN unnest($3::uuid[], $4::text[]) AS t(id, command)
    ON CONFLICT (id) DO NOTHING
)
UPDATE execution e
SET status = 'abandoned', ended_at = now(),
    error = json_build_object('code', 'internal', 'message', $2::text)
FROM given_up g
WHERE e.id = g.id AND e.opened_on = g.opened_on
