WITH alive AS (
    INSERT INTO worker (id, name, pools, slots, seen_at)
    VALUES ($1, $2, $3::text[], $4, now())
    ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, pools = excluded.pools, slots = excluded.slots, seen_at = now()
), held AS (
    UPDATE claim SET seen_at = now(), gone = false
    WHERE attempt = ANY($5) AND worker = $1 AND settled_at IS NULL
)
SELECT a.attempt
FROM unnest($5::uuid[]) AS a(attempt)
LEFT JOIN claim c ON c.attempt = a.attempt
LEFT JOIN run r ON r.id = c.run_id
WHERE c.settled_at IS NOT NULL OR r.active IS NOT TRUE
