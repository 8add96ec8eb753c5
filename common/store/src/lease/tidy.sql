-- Members that are long gone.
DELETE FROM lease_member
WHERE family = $1 AND expires_at < clock_timestamp() - interval '1 hour'
