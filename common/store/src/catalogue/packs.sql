SELECT name, def, content_hash, path, config, registered_at, registered_by FROM pack
WHERE $1::text IS NULL OR name = $1
ORDER BY name COLLATE "C"
