-- A tick is recorded once by its timer and time; the timer moves on by what was new.
WITH fresh AS (
    INSERT INTO schedule_tick (key, at)
    SELECT key, at FROM unnest($1::text[], $2::timestamptz[]) AS a(key, at)
    ORDER BY key, at
    ON CONFLICT (key, at) DO NOTHING
    RETURNING key, at
), newest AS (
    SELECT DISTINCT ON (f.key) f.key, f.at, a.next_at, count(*) OVER (PARTITION BY f.key) AS ticks
    FROM (SELECT DISTINCT key, at FROM fresh) f
    JOIN (SELECT DISTINCT ON (key, at) key, at, next_at
          FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS a(key, at, next_at)
          ORDER BY key, at) a ON a.key = f.key AND a.at = f.at
    ORDER BY f.key, f.at DESC
), moved AS (
    INSERT INTO schedule AS s (key, count, last_at, next_at)
    SELECT key, ticks, at, next_at FROM newest ORDER BY key
    ON CONFLICT (key) DO UPDATE
    SET count = s.count + excluded.count,
        last_at = greatest(s.last_at, excluded.last_at),
        next_at = CASE WHEN s.last_at IS NULL OR s.last_at < excluded.last_at
                       THEN excluded.next_at ELSE s.next_at END
)
SELECT key, at FROM fresh
