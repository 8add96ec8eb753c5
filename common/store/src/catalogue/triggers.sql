SELECT def FROM trigger WHERE present ORDER BY reference
