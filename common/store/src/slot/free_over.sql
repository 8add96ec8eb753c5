-- Only what is really over, looked at under the lock of its line.
DELETE FROM run_slot s
WHERE s.run_id = ANY($1) AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = s.run_id AND r.active)
