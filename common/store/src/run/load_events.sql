SELECT a.id AS run_id, e.seq, e.at, e.kind, e.version, e.data
FROM unnest($1::uuid[], $2::bigint[]) AS a(id, after)
CROSS JOIN LATERAL (SELECT opened_on FROM run WHERE id = a.id OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT seq, at, kind, version, data FROM run_event
    WHERE run_id = a.id AND opened_on = r.opened_on AND seq > a.after
    ORDER BY seq
    OFFSET 0
) e
ORDER BY a.id, e.seq
