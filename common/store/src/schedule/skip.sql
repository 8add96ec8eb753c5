UPDATE schedule SET next_at = $2 WHERE key = $1
