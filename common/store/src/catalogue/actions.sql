SELECT reference, def, program, version, pack_hash, present FROM action
WHERE present AND NOT disabled
  AND ($1::text IS NULL OR pack = $1) AND ($2::text IS NULL OR reference > $2)
ORDER BY reference
LIMIT $3
