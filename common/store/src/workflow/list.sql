SELECT a.reference, a.def, a.program, a.version, a.pack_hash,
       a.present AND NOT a.disabled AS present, a.disabled, a.origin, a.filed, r.number, r.tags,
       NULL::text AS source, '' AS etag, h.at, h.actor
FROM action a
JOIN workflow_release r ON r.reference = a.reference AND r.hash = a.program
CROSS JOIN LATERAL (
    SELECT at, actor FROM workflow_history w
    WHERE w.reference = a.reference ORDER BY entry DESC LIMIT 1
) h
WHERE ($1::text IS NULL OR a.pack = $1)
  AND ($2::text IS NULL OR position(lower($2) IN lower(concat_ws(
        E'\n', a.reference, a.def ->> 'label', a.def ->> 'description',
        array_to_string(r.tags, E'\n')))) > 0)
  AND r.tags @> $3::text[]
  AND ($4::boolean IS NULL OR (a.present AND NOT a.disabled) = $4)
  AND ($5::text IS NULL OR a.reference > $5)
ORDER BY a.reference
LIMIT $6
