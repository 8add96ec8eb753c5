INSERT INTO workflow_version (hash, reference, version, program, source)
SELECT DISTINCT ON (hash) hash, reference, version, program::json, source
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
     AS a(hash, reference, version, program, source)
ORDER BY hash
ON CONFLICT (hash) DO NOTHING
