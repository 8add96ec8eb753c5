-- Only what nothing can ask for again: claims of ended runs, commands that nobody will read, workers that
-- have been silent for a month, ticks that lie so far back that no timer would repeat them.
WITH claims AS (
    DELETE FROM claim c
    WHERE c.settled_at < now() - interval '7 days'
      AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = c.run_id AND r.active)
), open_claims AS (
    DELETE FROM claim c
    WHERE c.settled_at IS NULL
      AND c.seen_at < now() - interval '7 days'
      AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = c.run_id AND r.active)
), commands AS (
    DELETE FROM inbox i
    -- What a run that has ended is asked waits for an executor, however long none is there.
    WHERE i.created_at < now() - interval '1 day'
      AND NOT EXISTS (
          SELECT 1 FROM run r
          WHERE r.id = i.run_id
            AND (r.active OR (r.quarantined IS NULL AND i.unreadable IS NULL)))
), snapshots AS (
    DELETE FROM run_snapshot s
    WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.id = s.run_id AND r.active)
), guards AS (
    DELETE FROM rule_guard g
    WHERE EXISTS (SELECT 1 FROM run r
                  WHERE r.id = g.run_id AND NOT r.active AND r.ended_at < now() - interval '1 day')
), silent AS (
    DELETE FROM worker WHERE seen_at < now() - interval '30 days'
)
DELETE FROM schedule_tick t
USING schedule s
WHERE s.key = t.key AND t.at < s.last_at - interval '90 days'
