UPDATE key
SET secret = $3, value = $4, key_id = $5, readable_by = $6,
    version = nextval('key_version'), updated_at = now(), updated_by = $7
WHERE pack = $1 AND name = $2 AND version = $8
RETURNING pack, name, secret, readable_by, version, updated_at, updated_by
