SELECT name, pool, selector FROM work_queue
WHERE pool = ANY($1) AND offered_at >= now() - make_interval(secs => $2)
ORDER BY name
