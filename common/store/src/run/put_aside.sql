UPDATE inbox i SET unreadable = u.reason
FROM unnest($1::uuid[], $2::text[]) AS u(id, reason)
WHERE i.id = u.id
