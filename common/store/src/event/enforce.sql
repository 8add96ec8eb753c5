INSERT INTO enforcement (id, at, event_id, trigger_ref, rule, fired, reason, explanation, run_id)
SELECT a.id, now(), a.event_id, a.trigger_ref, a.rule, a.fired, a.reason, a.explanation::json,
       a.run_id
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[],
            $8::uuid[])
     AS a(id, event_id, trigger_ref, rule, fired, reason, explanation, run_id)
