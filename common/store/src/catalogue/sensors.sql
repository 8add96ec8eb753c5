SELECT def, pack_hash FROM sensor WHERE present ORDER BY reference
