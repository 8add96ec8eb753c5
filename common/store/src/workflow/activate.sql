-- A version from the pack's files gives the workflow back to its pack, if that still has it.
UPDATE action a
SET def = r.def, program = r.hash, version = r.version, present = true, disabled = false,
    origin = CASE WHEN a.filed IS NULL THEN 'api' ELSE r.origin END
FROM workflow_release r
WHERE a.reference = $1 AND r.reference = a.reference AND r.number = $2
