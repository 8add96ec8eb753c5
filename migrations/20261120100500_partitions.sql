-- Partitions by month, made ahead. A default partition beside them takes what no month takes, so that
-- a forgotten call costs tidiness and never a write.

CREATE FUNCTION attune_make_partitions(months_ahead integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    month date;
    part text;
    made integer := 0;
BEGIN
    -- One maker at a time; the lock ends with the transaction.
    PERFORM pg_advisory_xact_lock(hashtextextended('attune_make_partitions', 0));
    FOREACH parent IN ARRAY ARRAY[
        'run_event', 'execution', 'task_log', 'event', 'enforcement', 'audit_event'
    ] LOOP
        IF to_regclass(parent || '_rest') IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', parent || '_rest', parent);
        END IF;
        FOR ahead IN 0 .. months_ahead LOOP
            month := (date_trunc('month', now() AT TIME ZONE 'utc') + make_interval(months => ahead))::date;
            part := parent || to_char(month, '"_"YYYY"_"MM');
            IF to_regclass(part) IS NULL THEN
                BEGIN
                    -- The bounds are dates; for the tables cut by a time they mean midnight in UTC.
                    EXECUTE format(
                        'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                        part, parent,
                        month || CASE WHEN parent IN ('event', 'enforcement', 'audit_event')
                                      THEN ' 00:00:00+00' ELSE '' END,
                        (month + interval '1 month')::date
                              || CASE WHEN parent IN ('event', 'enforcement', 'audit_event')
                                      THEN ' 00:00:00+00' ELSE '' END
                    );
                    made := made + 1;
                EXCEPTION
                    -- The default partition holds rows of that month already: they stay there.
                    WHEN check_violation THEN NULL;
                END;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END;
$$;
