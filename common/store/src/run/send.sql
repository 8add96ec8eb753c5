INSERT INTO inbox (id, run_id, shard, command)
SELECT m.id, r.id, r.shard, m.command::json
FROM unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[]) AS m(ord, id, run_id, command)
JOIN run r ON r.id = m.run_id AND r.active
ORDER BY m.ord
ON CONFLICT (id) DO NOTHING
