WITH left_behind AS (
    UPDATE claim SET gone = true WHERE worker = $1 AND settled_at IS NULL
)
UPDATE worker SET seen_at = '-infinity' WHERE id = $1
