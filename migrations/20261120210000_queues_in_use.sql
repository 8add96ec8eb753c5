-- Queues of selectors are forgotten once no attempt asked for them for long.
ALTER TABLE work_queue ADD COLUMN offered_at timestamptz NOT NULL DEFAULT now();

COMMENT ON TABLE work_queue IS 'queues beside those of the pools: one for each pool and selector that is in use';
COMMENT ON COLUMN work_queue.offered_at IS 'about when an attempt last asked for it';
