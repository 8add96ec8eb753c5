SELECT name, pool, selector FROM work_queue WHERE pool = ANY($1) ORDER BY name
