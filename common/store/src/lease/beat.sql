INSERT INTO lease_member (family, id, name, seen_at, expires_at)
VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp() + make_interval(secs => $4))
ON CONFLICT (family, id) DO UPDATE
SET name = excluded.name, seen_at = excluded.seen_at, expires_at = excluded.expires_at
