SELECT l.workflow, l.line, h.run_id
FROM unnest($1::text[], $2::text[]) AS l(workflow, line)
CROSS JOIN LATERAL (
    SELECT run_id, number FROM run_slot s
    WHERE s.workflow = l.workflow AND s.line = l.line AND s.granted_at IS NOT NULL
    ORDER BY s.number
    LIMIT $3
) h
ORDER BY l.workflow, l.line, h.number
