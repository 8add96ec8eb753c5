-- One after the other in the order given, which is the same for everybody.
SELECT pg_advisory_xact_lock(number) FROM unnest($1::bigint[]) AS number
