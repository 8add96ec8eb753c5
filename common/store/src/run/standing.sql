SELECT id, status FROM run WHERE id = ANY($1)
