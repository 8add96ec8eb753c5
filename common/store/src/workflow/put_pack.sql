-- A pack for what is made over the API, where there is none of that name.
WITH files AS (
    INSERT INTO pack_version (content_hash, pack, archive)
    SELECT $3, $1, ''::bytea WHERE NOT EXISTS (SELECT 1 FROM pack WHERE name = $1)
    ON CONFLICT (content_hash) DO NOTHING
)
INSERT INTO pack (name, def, content_hash, registered_by) VALUES ($1, $2::json, $3, $4)
ON CONFLICT (name) DO NOTHING
