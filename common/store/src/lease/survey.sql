-- Every lease of the family with whether its owner lives, and the resources that have none yet.
SELECT coalesce(l.resource, w.resource) AS resource,
       w.resource IS NOT NULL AS wanted,
       coalesce(l.epoch, 0) AS epoch,
       l.owner,
       m.id IS NOT NULL AS held,
       (SELECT count(*) FROM lease_member
        WHERE family = $1 AND expires_at > clock_timestamp()) AS live
FROM (SELECT resource, epoch, owner FROM lease WHERE family = $1) l
FULL JOIN (SELECT DISTINCT resource FROM unnest($2::text[]) AS w(resource)) w
    ON w.resource = l.resource
LEFT JOIN lease_member m
    ON m.family = $1 AND m.id = l.owner AND m.expires_at > clock_timestamp()
ORDER BY 1
