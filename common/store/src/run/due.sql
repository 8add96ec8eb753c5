-- Each branch has a partial index over what is active or waiting, so this costs what is due and not
-- what there is. The database's clock decides.
SELECT id, extract(epoch FROM now() - min(since))::float8 AS late
FROM (
    SELECT id, wake_at AS since FROM run
    WHERE active AND shard = ANY($1) AND wake_at <= now()
    UNION ALL
    SELECT r.id, i.created_at FROM inbox i
    -- Also of a run that has ended, when it is asked to undo what it did, or to go on.
    CROSS JOIN LATERAL (
        SELECT id FROM run WHERE id = i.run_id AND (active OR quarantined IS NULL) OFFSET 0
    ) r
    WHERE i.unreadable IS NULL AND i.shard = ANY($1)
      AND i.created_at <= now() - make_interval(secs => $2)
    UNION ALL
    SELECT id, opened_at FROM run
    WHERE active AND status = 'requested' AND shard = ANY($1)
      AND opened_at <= now() - make_interval(secs => $2)
) AS waiting
GROUP BY id
ORDER BY min(since), id
LIMIT $3
