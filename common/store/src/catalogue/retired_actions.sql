SELECT reference, def, program, version, pack_hash, false AS present FROM action
WHERE disabled OR NOT present
ORDER BY reference
