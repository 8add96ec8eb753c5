INSERT INTO key (pack, name, secret, value, key_id, readable_by, updated_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (pack, name) DO UPDATE
SET secret = excluded.secret, value = excluded.value, key_id = excluded.key_id,
    readable_by = excluded.readable_by, version = excluded.version,
    updated_at = now(), updated_by = excluded.updated_by
RETURNING pack, name, secret, readable_by, version, updated_at, updated_by
