SELECT r.header, r.last_seq, r.wake_at,
       e.id, e.run_id, e.parent, e.kind, e.task, e.action, e.activation, e.item_index, e.attempt,
       e.status, e.input, e.result, e.error, e.created_at, e.started_at, e.ended_at, e.labels,
       e.cost_usd, e.trace_tag, e.compensates, e.position
FROM run r
JOIN execution e ON e.id = r.id AND e.opened_on = r.opened_on
WHERE r.id = $1
