SELECT r.id, r.shard, r.program,
       s.seq AS snapshot_seq, s.version AS snapshot_version, s.data AS snapshot_data
FROM run r
LEFT JOIN run_snapshot s ON s.run_id = r.id
WHERE r.id = ANY($1)
