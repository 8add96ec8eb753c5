SELECT w.id, w.name, w.pools, w.slots, w.labels, w.seen_at,
       (SELECT count(*) FROM claim c WHERE c.worker = w.id AND c.settled_at IS NULL) AS running
FROM worker w
WHERE w.seen_at >= now() - make_interval(secs => $1)
ORDER BY w.name, w.id
