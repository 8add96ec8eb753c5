SELECT id, body_hash FROM run WHERE id = ANY($1)
