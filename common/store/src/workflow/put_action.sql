-- What its pack holds stays noted. Where that is the same, or only the form is another, whoever
-- decided on the current version goes on deciding.
INSERT INTO action (reference, pack, def, program, version, pack_hash, present, origin)
VALUES ($1, $2, $3::json, $4, $5, $6, true, 'api')
ON CONFLICT (reference) DO UPDATE
SET def = excluded.def, program = excluded.program, version = excluded.version, present = true,
    disabled = false,
    origin = CASE WHEN action.filed = excluded.program THEN 'pack'
                  WHEN action.program = excluded.program AND action.present THEN action.origin
                  ELSE 'api' END
