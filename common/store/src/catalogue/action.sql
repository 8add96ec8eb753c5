SELECT reference, def, program, version, pack_hash, present FROM action WHERE reference = $1
