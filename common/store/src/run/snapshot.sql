-- A snapshot that arrives late does not replace a newer one.
INSERT INTO run_snapshot (run_id, seq, version, data)
VALUES ($1, $2, $3, $4::json)
ON CONFLICT (run_id) DO UPDATE
SET seq = excluded.seq, version = excluded.version, data = excluded.data, at = now()
WHERE run_snapshot.seq <= excluded.seq
