-- Which event holds each dedupe text.
SELECT k.trigger_ref, k.dedupe, k.event_id
FROM unnest($1::text[], $2::text[]) AS a(trigger_ref, dedupe)
JOIN event_key k ON k.trigger_ref = a.trigger_ref AND k.dedupe = a.dedupe
