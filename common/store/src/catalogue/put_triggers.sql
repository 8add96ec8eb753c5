INSERT INTO trigger (reference, pack, def, present)
SELECT reference, $1, def::json, true
FROM unnest($2::text[], $3::text[]) AS a(reference, def)
ORDER BY reference
ON CONFLICT (reference) DO UPDATE SET def = excluded.def, present = true
