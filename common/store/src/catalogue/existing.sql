SELECT 'action' AS kind, reference, def, program, present, NULL::boolean AS enabled,
       version, origin, filed
FROM action WHERE pack = $1
UNION ALL
SELECT 'trigger', reference, def, NULL, present, NULL, NULL, NULL, NULL FROM trigger WHERE pack = $1
UNION ALL
SELECT 'sensor', reference, def, NULL, present, NULL, NULL, NULL, NULL FROM sensor WHERE pack = $1
UNION ALL
SELECT 'rule', reference, def, NULL, present, enabled, NULL, NULL, NULL FROM rule WHERE pack = $1
UNION ALL
SELECT 'policy', reference, def, NULL, present, NULL, NULL, NULL, NULL FROM policy WHERE pack = $1
