SELECT def, enabled, present, changed_at FROM rule ORDER BY reference
