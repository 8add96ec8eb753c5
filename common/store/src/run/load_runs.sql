SELECT r.id, r.shard, r.program,
       s.seq AS snapshot_seq, s.version AS snapshot_version, s.data AS snapshot_data
FROM run r
LEFT JOIN LATERAL (SELECT seq, version, data FROM run_snapshot WHERE run_id = r.id OFFSET 0) s
    ON true
WHERE r.id = ANY($1)
