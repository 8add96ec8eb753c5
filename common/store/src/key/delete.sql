WITH known AS (SELECT version FROM key WHERE pack = $1 AND name = $2),
gone AS (
    DELETE FROM key
    WHERE pack = $1 AND name = $2 AND ($3::bigint IS NULL OR version = $3)
    RETURNING version
)
SELECT EXISTS (SELECT FROM known) AS known, EXISTS (SELECT FROM gone) AS gone
