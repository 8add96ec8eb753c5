-- What happened to versions, by hash; one entry a workflow.
INSERT INTO workflow_history (reference, entry, actor, what, number)
SELECT g.reference,
       1 + coalesce((SELECT max(known.entry) FROM workflow_history known
                     WHERE known.reference = g.reference), 0),
       $4, g.what, r.number
FROM unnest($1::text[], $2::text[], $3::text[]) AS g(reference, hash, what)
JOIN workflow_release r ON r.reference = g.reference AND r.hash = g.hash
