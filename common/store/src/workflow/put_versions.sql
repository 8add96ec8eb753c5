-- New versions, numbered on; one that is known keeps its number and takes the newest text.
INSERT INTO workflow_release
    (reference, number, hash, version, def, source, tags, origin, created_by)
SELECT g.reference,
       1 + coalesce((SELECT max(known.number) FROM workflow_release known
                     WHERE known.reference = g.reference), 0),
       g.hash, g.version, g.def::json, g.source,
       ARRAY(SELECT json_array_elements_text(g.tags::json)), $7, $8
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
     AS g(reference, hash, version, def, source, tags)
ORDER BY g.reference
ON CONFLICT (reference, hash) DO UPDATE
SET def = excluded.def, source = excluded.source, tags = excluded.tags
