INSERT INTO action (reference, pack, def, program, version, pack_hash, present)
SELECT reference, $1, def::json, program, version, $2, true
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS a(reference, def, program, version)
ORDER BY reference
ON CONFLICT (reference) DO UPDATE
SET def = excluded.def, program = excluded.program, version = excluded.version,
    pack_hash = excluded.pack_hash, present = true
