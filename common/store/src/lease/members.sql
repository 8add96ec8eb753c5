SELECT m.id, m.name,
       extract(epoch FROM clock_timestamp() - m.seen_at)::float8 AS seen_ago,
       coalesce(array_agg(l.resource ORDER BY l.resource) FILTER (WHERE l.resource IS NOT NULL),
                '{}') AS resources,
       coalesce(array_agg(l.epoch ORDER BY l.resource) FILTER (WHERE l.resource IS NOT NULL),
                '{}') AS epochs
FROM lease_member m
LEFT JOIN lease l ON l.family = m.family AND l.owner = m.id
WHERE m.family = $1 AND m.expires_at > clock_timestamp()
GROUP BY m.family, m.id
ORDER BY m.name, m.id
