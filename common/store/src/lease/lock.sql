-- One balance of a family at a time; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('attune lease ' || $1, 0))
