-- Which event holds each dedupe text.
SELECT k.trigger_ref, k.dedupe, k.event_id
FROM unnest($1::text[], $2::text[]) AS a(trigger_ref, dedupe)
CROSS JOIN LATERAL (
    SELECT trigger_ref, dedupe, event_id FROM event_key
    WHERE trigger_ref = a.trigger_ref AND dedupe = a.dedupe
    OFFSET 0
) k
