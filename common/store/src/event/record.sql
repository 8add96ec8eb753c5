-- Stores trigger events that are new: an id or a dedupe text is taken once. `$9` says whether rules
-- have yet to see them. Keys are inserted in their own order, against waiting in a circle.
WITH asked AS MATERIALIZED (
    SELECT *
    FROM unnest($1::int[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::text[])
         AS a(ord, id, at, trigger_ref, payload, source, dedupe, parameters)
), keys AS (
    INSERT INTO event_key (trigger_ref, dedupe, event_id, at)
    SELECT trigger_ref, dedupe, id, at FROM asked WHERE dedupe IS NOT NULL
    ORDER BY trigger_ref, dedupe, ord
    ON CONFLICT (trigger_ref, dedupe) DO NOTHING
    RETURNING event_id
)
INSERT INTO event (id, at, trigger_ref, payload, source, dedupe, trigger_parameters, processed_at)
SELECT id, at, trigger_ref, payload::json, source, dedupe, parameters::json,
       CASE WHEN $9 THEN NULL ELSE now() END
FROM asked
WHERE dedupe IS NULL OR id IN (SELECT event_id FROM keys)
ORDER BY id
ON CONFLICT (id, at) DO NOTHING
RETURNING id
