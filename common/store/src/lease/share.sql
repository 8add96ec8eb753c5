-- What changes hands. Rows are kept when a resource is given up, so that its epoch only ever grows.
INSERT INTO lease (family, resource, owner, epoch)
SELECT $1, c.resource, c.owner, c.epoch
FROM unnest($2::text[], $3::uuid[], $4::bigint[]) AS c(resource, owner, epoch)
ORDER BY c.resource
ON CONFLICT (family, resource) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch
