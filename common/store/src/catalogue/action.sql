SELECT reference, def, program, version, pack_hash, present AND NOT disabled AS present
FROM action WHERE reference = $1
