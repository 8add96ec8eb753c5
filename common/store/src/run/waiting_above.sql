-- Which attempts of the run above may wait for a run: the one that opened it, those that had it retried,
-- and those that are about to.
SELECT header -> 'parent' ->> 'execution' AS execution,
       header -> 'parent' ->> 'attempt' AS number,
       ARRAY(
           SELECT e.data ->> 'attempt' FROM run_event e
           WHERE e.run_id = r.id AND e.opened_on = r.opened_on
             AND e.kind IN ('run_retried', 'retry_joined') AND e.data ->> 'attempt' IS NOT NULL
           UNION
           SELECT i.command ->> 'attempt' FROM inbox i
           WHERE i.run_id = r.id AND i.command ->> 'command' = 'retry'
             AND i.command ->> 'attempt' IS NOT NULL
       ) AS attempts
FROM run r
WHERE id = $1
