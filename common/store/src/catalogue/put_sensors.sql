INSERT INTO sensor (reference, pack, def, pack_hash, present)
SELECT reference, $1, def::json, $2, true
FROM unnest($3::text[], $4::text[]) AS a(reference, def)
ORDER BY reference
ON CONFLICT (reference) DO UPDATE
SET def = excluded.def, pack_hash = excluded.pack_hash, present = true
