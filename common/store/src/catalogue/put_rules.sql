INSERT INTO rule (reference, pack, def, enabled, present)
SELECT reference, $1, def::json, enabled, true
FROM unnest($2::text[], $3::text[], $4::bool[]) AS a(reference, def, enabled)
ORDER BY reference
ON CONFLICT (reference) DO UPDATE
SET def = excluded.def, enabled = excluded.enabled, present = true,
    changed_at = CASE WHEN rule.def::text = excluded.def::text AND rule.present
                           AND rule.enabled = excluded.enabled
                      THEN rule.changed_at ELSE now() END
