SELECT pack, name, secret, readable_by, version, updated_at, updated_by
FROM key
WHERE ($1::text IS NULL OR pack = $1)
  AND ($2::text IS NULL OR (pack, name) > ($2, $3))
ORDER BY pack, name
LIMIT $4
