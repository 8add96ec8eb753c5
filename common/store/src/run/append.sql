-- Group commit: many runs' steps in one statement, so in one transaction and one round trip.
--
-- `good` is what passes both fences: the shard is still the writer's at its epoch, and the log ends
-- where the writer believes. Everything else joins with `good`, so that a refused run leaves no trace.
-- Lease rows are share-locked against a takeover, run rows are locked in the order of their ids so
-- that two committers never wait for each other in a circle. Both are read in their newest version
-- once locked, whatever this statement's snapshot says.
--
-- The plan of this statement is made once per connection and kept while the tables grow, so it is
-- written to go by keys however small they were when it was made (`= ANY`, `LATERAL ... OFFSET 0`).
WITH asked AS MATERIALIZED (
    SELECT *
    FROM unnest($1::int[], $2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::bigint[],
                $7::bigint[], $8::text[], $9::bool[], $10::timestamptz[])
         AS a(ord, run_id, shard, epoch, executor, after_seq, last_seq, status, active, wake_at)
), fence AS MATERIALIZED (
    SELECT resource, owner, epoch FROM lease
    WHERE family = 'shard' AND resource = ANY($3)
    ORDER BY resource
    FOR SHARE
), held AS MATERIALIZED (
    SELECT id, last_seq, opened_on FROM run
    WHERE id = ANY($2)
    ORDER BY id
    FOR NO KEY UPDATE
), verdict AS MATERIALIZED (
    SELECT a.ord, a.run_id, h.opened_on,
           CASE WHEN f.resource IS NULL THEN 1
                WHEN h.id IS NULL OR h.last_seq <> a.after_seq THEN 2
                ELSE 0 END AS code
    FROM asked a
    LEFT JOIN fence f ON f.resource = a.shard AND f.owner = a.executor AND f.epoch = a.epoch
    LEFT JOIN held h ON h.id = a.run_id
), good AS MATERIALIZED (
    SELECT ord, run_id, opened_on FROM verdict WHERE code = 0
), events AS (
    INSERT INTO run_event (run_id, seq, opened_on, at, kind, version, data)
    SELECT g.run_id, e.seq, g.opened_on, e.at, e.kind, e.version, e.data::json
    FROM unnest($11::int[], $12::bigint[], $13::timestamptz[], $14::text[], $15::int[], $16::text[])
         AS e(ord, seq, at, kind, version, data)
    JOIN good g ON g.ord = e.ord
), runs AS (
    UPDATE run r
    SET status = a.status, active = a.active, wake_at = a.wake_at, last_seq = a.last_seq,
        ended_at = CASE WHEN a.active THEN NULL ELSE coalesce(r.ended_at, now()) END
    FROM asked a JOIN good g ON g.ord = a.ord
    WHERE r.id = a.run_id
), executions AS (
    INSERT INTO execution (id, opened_on, run_id, position, parent, kind, task, action, activation,
                           item_index, attempt, status, input, result, error, created_at,
                           started_at, ended_at, labels, cost_usd, trace_tag, compensates)
    SELECT x.id, g.opened_on, g.run_id, x.position, x.parent, x.kind, x.task, x.action,
           x.activation, x.item_index, x.attempt, x.status, x.input::json, x.result::json,
           x.error::json, x.created_at, x.started_at, x.ended_at, x.labels::jsonb, x.cost_usd,
           x.trace_tag, x.compensates
    FROM unnest($17::int[], $18::uuid[], $19::bigint[], $20::uuid[], $21::text[], $22::text[],
                $23::text[], $24::bigint[], $25::bigint[], $26::bigint[], $27::text[], $28::text[],
                $29::text[], $30::text[], $31::timestamptz[], $32::timestamptz[],
                $33::timestamptz[], $34::text[], $35::float8[], $36::text[], $37::text[])
         AS x(ord, id, position, parent, kind, task, action, activation, item_index, attempt,
              status, input, result, error, created_at, started_at, ended_at, labels, cost_usd,
              trace_tag, compensates)
    JOIN good g ON g.ord = x.ord
    ON CONFLICT (id, opened_on) DO UPDATE
    SET parent = excluded.parent, kind = excluded.kind, task = excluded.task,
        action = excluded.action, activation = excluded.activation,
        item_index = excluded.item_index, attempt = excluded.attempt, status = excluded.status,
        input = excluded.input, result = excluded.result, error = excluded.error,
        created_at = excluded.created_at, started_at = excluded.started_at,
        ended_at = excluded.ended_at, labels = excluded.labels, cost_usd = excluded.cost_usd,
        trace_tag = excluded.trace_tag, compensates = excluded.compensates
), settled AS (
    -- Also what was never claimed: nobody may claim it any more.
    INSERT INTO claim (attempt, run_id, settled_at)
    SELECT c.attempt, g.run_id, now()
    FROM unnest($38::int[], $39::uuid[]) AS c(ord, attempt) JOIN good g ON g.ord = c.ord
    ORDER BY c.attempt
    ON CONFLICT (attempt) DO UPDATE SET settled_at = excluded.settled_at
    WHERE claim.settled_at IS NULL
), answered AS (
    DELETE FROM inbox i
    USING unnest($40::int[], $41::uuid[]) AS d(ord, id), good g
    WHERE g.ord = d.ord AND i.id = d.id
), dropped AS (
    -- An ended run answers nothing more, unless it is asked to undo what it did, or to go on: then also
    -- what was said to it after that.
    DELETE FROM inbox i
    USING asked a, good g
    WHERE g.ord = a.ord AND NOT a.active AND i.run_id = a.run_id
      AND i.command ->> 'command' NOT IN ('compensate', 'retry')
      AND NOT EXISTS (SELECT 1 FROM unnest($41::uuid[]) AS d(id) WHERE d.id = i.id)
      AND NOT EXISTS (SELECT 1 FROM inbox w
                      WHERE w.run_id = a.run_id AND w.number < i.number
                        AND w.command ->> 'command' = 'retry'
                        AND NOT EXISTS (SELECT 1 FROM unnest($41::uuid[]) AS d(id) WHERE d.id = w.id)
                      OFFSET 0)
), sent AS (
    INSERT INTO inbox (id, run_id, shard, command)
    SELECT m.id, r.id, r.shard, m.command::json
    FROM unnest($42::int[], $43::uuid[], $44::uuid[], $45::text[]) AS m(ord, id, run_id, command)
    JOIN good g ON g.ord = m.ord
    CROSS JOIN LATERAL (SELECT id, shard FROM run WHERE id = m.run_id AND active OFFSET 0) r
    ON CONFLICT (id) DO NOTHING
), emitted AS MATERIALIZED (
    SELECT e.*
    FROM unnest($46::int[], $47::uuid[], $48::timestamptz[], $49::text[], $50::text[], $51::text[],
                $52::text[], $53::text[])
         AS e(ord, id, at, trigger_ref, payload, source, dedupe, parameters)
    JOIN good g ON g.ord = e.ord
), keys AS (
    INSERT INTO event_key (trigger_ref, dedupe, event_id, at)
    SELECT trigger_ref, dedupe, id, at FROM emitted WHERE dedupe IS NOT NULL
    ORDER BY trigger_ref, dedupe
    ON CONFLICT (trigger_ref, dedupe) DO NOTHING
    RETURNING event_id
), trigger_events AS (
    INSERT INTO event (id, at, trigger_ref, payload, source, dedupe, trigger_parameters)
    SELECT id, at, trigger_ref, payload::json, source, dedupe, parameters::json
    FROM emitted
    WHERE dedupe IS NULL OR id IN (SELECT event_id FROM keys)
    ON CONFLICT (id, at) DO NOTHING
)
SELECT ord, code FROM verdict
