UPDATE rule
SET enabled = $2, changed_at = CASE WHEN enabled = $2 THEN changed_at ELSE now() END
WHERE reference = $1
