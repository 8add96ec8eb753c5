WITH given_up AS (
    UPDATE run
    SET status = 'abandoned', active = false, wake_at = NULL, ended_at = now(), quarantined = $2
    WHERE id = $1 AND active
    RETURNING id, opened_on
), dropped AS (
    DELETE FROM inbox i USING given_up g WHERE i.run_id = g.id
)
UPDATE execution e
SET status = 'abandoned', ended_at = now(),
    error = json_build_object('code', 'internal', 'message', $2::text)
FROM given_up g
WHERE e.id = g.id AND e.opened_on = g.opened_on
