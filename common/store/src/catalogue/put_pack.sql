WITH files AS (
    INSERT INTO pack_version (content_hash, pack, archive) VALUES ($3, $1, $6)
    ON CONFLICT (content_hash) DO NOTHING
)
INSERT INTO pack (name, def, content_hash, path, registered_by)
VALUES ($1, $2::json, $3, $4, $5)
ON CONFLICT (name) DO UPDATE
SET def = excluded.def, content_hash = excluded.content_hash, path = excluded.path,
    registered_at = now(), registered_by = excluded.registered_by
