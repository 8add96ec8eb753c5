SELECT a.reference, a.def, a.program, a.version, a.pack_hash,
       a.present AND NOT a.disabled AS present, a.disabled, a.origin, a.filed, r.number, r.tags,
       r.source,
       encode(sha256(convert_to(concat_ws(E'\n', a.program, a.present, a.disabled, a.origin, a.filed,
                                          a.def::text, r.tags::text, r.source), 'UTF8')), 'hex') AS etag,
       h.at, h.actor
FROM action a
JOIN workflow_release r ON r.reference = a.reference AND r.hash = a.program
CROSS JOIN LATERAL (
    SELECT at, actor FROM workflow_history w
    WHERE w.reference = a.reference ORDER BY entry DESC LIMIT 1
) h
WHERE a.reference = $1
