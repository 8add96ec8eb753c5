SELECT e.seq, e.at, e.kind, e.version, e.data
FROM run r
JOIN run_event e ON e.run_id = r.id AND e.opened_on = r.opened_on AND e.seq > $2
WHERE r.id = $1
ORDER BY e.seq
LIMIT $3
