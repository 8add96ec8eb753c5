SELECT entry, at, actor, what, number FROM workflow_history
WHERE reference = $1 AND ($2::integer IS NULL OR entry < $2)
ORDER BY entry DESC
LIMIT $3
