-- Workers, their claims on attempts, and what the attempts wrote.

CREATE TABLE worker (
    id       uuid PRIMARY KEY,
    name     text NOT NULL,
    pools    text[] NOT NULL,
    slots    bigint NOT NULL,
    seen_at  timestamptz NOT NULL
);

-- One row per attempt, for as long as the run is active: an attempt is claimed once.
CREATE TABLE claim (
    attempt     uuid PRIMARY KEY,
    run_id      uuid NOT NULL,
    worker      uuid,
    claimed_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    gone        boolean NOT NULL DEFAULT false,
    settled_at  timestamptz
) WITH (fillfactor = 80);

COMMENT ON COLUMN claim.gone IS 'the worker said goodbye while it held this';
COMMENT ON COLUMN claim.settled_at IS 'the result is recorded, or nobody wants it any more';

CREATE INDEX claim_open ON claim (seen_at) WHERE settled_at IS NULL;
CREATE INDEX claim_gone ON claim (seen_at) WHERE settled_at IS NULL AND gone;
CREATE INDEX claim_of_worker ON claim (worker) WHERE settled_at IS NULL;
CREATE INDEX claim_settled ON claim (settled_at) WHERE settled_at IS NOT NULL;

-- Positions are given out under the lock of this row, so that they appear in the order of commits:
-- who reads on after a position misses nothing.
CREATE TABLE task_log_head (
    run_id     uuid PRIMARY KEY,
    opened_on  date NOT NULL,
    last       bigint NOT NULL
);

CREATE TABLE task_log (
    run_id      uuid NOT NULL,
    position    bigint NOT NULL,
    opened_on   date NOT NULL,
    execution   uuid NOT NULL,
    attempt     bigint NOT NULL,
    number      bigint NOT NULL,
    stream      text NOT NULL,
    at          timestamptz NOT NULL,
    text        text NOT NULL,
    PRIMARY KEY (execution, attempt, number, opened_on)
) PARTITION BY RANGE (opened_on);

CREATE INDEX task_log_in_order ON task_log (run_id, position);
