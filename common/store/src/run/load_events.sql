SELECT e.run_id, e.seq, e.at, e.kind, e.version, e.data
FROM unnest($1::uuid[], $2::bigint[]) AS a(id, after)
JOIN run r ON r.id = a.id
JOIN run_event e ON e.run_id = r.id AND e.opened_on = r.opened_on AND e.seq > a.after
ORDER BY e.run_id, e.seq
