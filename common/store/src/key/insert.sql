INSERT INTO key (pack, name, secret, value, key_id, readable_by, updated_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (pack, name) DO NOTHING
RETURNING pack, name, secret, readable_by, version, updated_at, updated_by
