-- What is no longer in the pack stays for history; what people made over the API stays as it is.
WITH gone AS MATERIALIZED (
    SELECT kind, reference FROM unnest($1::text[], $2::text[]) AS g(kind, reference)
), actions AS (
    UPDATE action t SET present = (t.origin = 'api'), filed = NULL FROM gone g
    WHERE g.kind = 'action' AND t.reference = g.reference
), triggers AS (
    UPDATE trigger t SET present = false FROM gone g
    WHERE g.kind = 'trigger' AND t.reference = g.reference
), sensors AS (
    UPDATE sensor t SET present = false FROM gone g
    WHERE g.kind = 'sensor' AND t.reference = g.reference
), policies AS (
    UPDATE policy t SET present = false FROM gone g
    WHERE g.kind = 'policy' AND t.reference = g.reference
)
UPDATE rule t SET present = false, changed_at = now() FROM gone g
WHERE g.kind = 'rule' AND t.reference = g.reference
