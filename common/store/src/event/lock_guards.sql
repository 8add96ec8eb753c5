-- Takes the lock of each rule's dedupe text, making those that are new. What holds it is judged by
-- the next statement, which sees what the former holder of the lock has committed.
INSERT INTO rule_guard AS g (rule, key, run_id)
SELECT rule, key, run_id FROM unnest($1::text[], $2::text[], $3::uuid[]) AS a(rule, key, run_id)
ORDER BY rule, key
ON CONFLICT (rule, key) DO UPDATE SET run_id = g.run_id
