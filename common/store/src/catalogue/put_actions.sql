-- What the pack holds ($7) is noted also where something else stays current.
INSERT INTO action (reference, pack, def, program, version, pack_hash, present, filed, origin)
SELECT reference, $1, def::json, program, version, $2, true, filed, origin
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
     AS a(reference, def, program, version, filed, origin)
ORDER BY reference
ON CONFLICT (reference) DO UPDATE
SET def = excluded.def, program = excluded.program, version = excluded.version,
    pack_hash = excluded.pack_hash, present = true, filed = excluded.filed,
    origin = excluded.origin
