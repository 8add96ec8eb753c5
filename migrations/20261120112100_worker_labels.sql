-- What workers have, for tasks that ask for it, and the queues of attempts that do.
ALTER TABLE worker ADD COLUMN labels jsonb NOT NULL DEFAULT '{}';

CREATE TABLE work_queue (
    name      text PRIMARY KEY,
    pool      text NOT NULL,
    selector  jsonb NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE work_queue IS 'queues beside those of the pools: one for each pool and selector that was ever used';

CREATE INDEX work_queue_of_pool ON work_queue (pool, name);
