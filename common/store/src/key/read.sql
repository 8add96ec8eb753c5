SELECT pack, name, secret, value, key_id, readable_by, version, updated_at, updated_by
FROM key
WHERE (pack, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))
