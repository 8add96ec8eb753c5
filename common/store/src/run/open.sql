-- Opens runs: the row, the first event and the read model's row of each that is new. Rows are
-- inserted in the order of their ids, so that two openers of the same runs never wait for each other
-- in a circle; a run that another transaction is opening is waited for.
WITH asked AS MATERIALIZED (
    SELECT *
    FROM unnest($1::int[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::uuid[], $9::text[], $10::uuid[], $11::text[], $12::timestamptz[],
                $13::text[], $14::text[], $15::text[])
         AS a(ord, id, shard, status, program, action, pack, parent_run, rule, event_id, started_by,
              created_at, header, key, body_hash)
), fresh AS (
    INSERT INTO run (id, opened_on, shard, status, active, last_seq, program, action, pack,
                     parent_run, rule, event_id, started_by, created_at, header, key, body_hash)
    SELECT id, (now() AT TIME ZONE 'utc')::date, shard, status, true, 1, program, action, pack,
           parent_run, rule, event_id, started_by, created_at, header::json, key, body_hash
    FROM asked
    ORDER BY id
    ON CONFLICT (id) DO NOTHING
    RETURNING id, opened_on
), good AS MATERIALIZED (
    SELECT a.ord, f.id AS run_id, f.opened_on FROM fresh f JOIN asked a ON a.id = f.id
), events AS (
    INSERT INTO run_event (run_id, seq, opened_on, at, kind, version, data)
    SELECT g.run_id, e.seq, g.opened_on, e.at, e.kind, e.version, e.data::json
    FROM unnest($16::int[], $17::bigint[], $18::timestamptz[], $19::text[], $20::int[], $21::text[])
         AS e(ord, seq, at, kind, version, data)
    JOIN good g ON g.ord = e.ord
), executions AS (
    INSERT INTO execution (id, opened_on, run_id, position, parent, kind, task, action, activation,
                           item_index, attempt, status, input, result, error, created_at,
                           started_at, ended_at, labels, cost_usd, trace_tag, compensates)
    SELECT x.id, g.opened_on, g.run_id, x.position, x.parent, x.kind, x.task, x.action,
           x.activation, x.item_index, x.attempt, x.status, x.input::json, x.result::json,
           x.error::json, x.created_at, x.started_at, x.ended_at, x.labels::jsonb, x.cost_usd,
           x.trace_tag, x.compensates
    FROM unnest($22::int[], $23::uuid[], $24::bigint[], $25::uuid[], $26::text[], $27::text[],
                $28::text[], $29::bigint[], $30::bigint[], $31::bigint[], $32::text[], $33::text[],
                $34::text[], $35::text[], $36::timestamptz[], $37::timestamptz[],
                $38::timestamptz[], $39::text[], $40::float8[], $41::text[], $42::text[])
         AS x(ord, id, position, parent, kind, task, action, activation, item_index, attempt,
              status, input, result, error, created_at, started_at, ended_at, labels, cost_usd,
              trace_tag, compensates)
    JOIN good g ON g.ord = x.ord
)
SELECT ord FROM good
