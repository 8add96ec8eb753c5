-- Gives the locked texts to the new runs, unless an active run holds them.
UPDATE rule_guard g SET run_id = a.run_id
FROM unnest($1::text[], $2::text[], $3::uuid[]) AS a(rule, key, run_id)
WHERE g.rule = a.rule AND g.key = a.key
  AND NOT EXISTS (SELECT 1 FROM run r
                  WHERE r.id = g.run_id AND r.active AND r.id <> a.run_id)
RETURNING g.run_id
