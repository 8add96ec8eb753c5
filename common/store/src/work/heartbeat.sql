WITH alive AS (
    INSERT INTO worker (id, name, pools, slots, labels, seen_at)
    VALUES ($1, $2, $3::text[], $4, $6::jsonb, now())
    ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, pools = excluded.pools, slots = excluded.slots,
        labels = excluded.labels, seen_at = now()
), held AS (
    UPDATE claim SET seen_at = now(), gone = false
    WHERE attempt = ANY($5) AND worker = $1 AND settled_at IS NULL
)
SELECT a.attempt
FROM unnest($5::uuid[]) AS a(attempt)
LEFT JOIN LATERAL (
    SELECT run_id, settled_at FROM claim WHERE attempt = a.attempt OFFSET 0
) c ON true
LEFT JOIN LATERAL (SELECT active FROM run WHERE id = c.run_id OFFSET 0) r ON true
WHERE c.settled_at IS NOT NULL OR r.active IS NOT TRUE
