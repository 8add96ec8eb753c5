-- Runs: the log, the row of each run, the read model, the inbox, and who owns which shard.
--
-- What belongs to a run is partitioned by `opened_on`, a date that is fixed when the run opens and
-- carried in its row. It is part of every such primary key, and since it is constant for a run,
-- (run_id, seq) is unique within the run although the partition key has to stand in the key.
-- Dropping the partitions of a month forgets the runs that were opened in it.

CREATE TABLE installation (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    shards      smallint NOT NULL CHECK (shards > 0),
    generation  bigint NOT NULL DEFAULT 1,
    made_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE run (
    id           uuid PRIMARY KEY,
    opened_on    date NOT NULL,
    shard        smallint NOT NULL,
    status       text NOT NULL,
    active       boolean NOT NULL,
    wake_at      timestamptz,
    last_seq     bigint NOT NULL,
    program      text NOT NULL,
    action       text NOT NULL,
    pack         text NOT NULL,
    parent_run   uuid,
    rule         text,
    event_id     uuid,
    started_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    opened_at    timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    header       json NOT NULL,
    key          text,
    body_hash    text,
    quarantined  text
) WITH (fillfactor = 80);

COMMENT ON COLUMN run.created_at IS 'by the clock of the service that opened it; lists are in this order';
COMMENT ON COLUMN run.opened_at IS 'by the clock of the database; the sweep compares with this';
COMMENT ON COLUMN run.quarantined IS 'why the run was given up as unreadable';

CREATE INDEX run_newest ON run (created_at, id);
CREATE INDEX run_children ON run (parent_run, created_at, id) WHERE parent_run IS NOT NULL;
CREATE INDEX run_of_event ON run (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX run_of_rule ON run (rule, created_at) WHERE rule IS NOT NULL;
CREATE INDEX run_active ON run (shard, id) WHERE active;
CREATE INDEX run_due ON run (shard, wake_at) WHERE active AND wake_at IS NOT NULL;
CREATE INDEX run_fresh ON run (shard, opened_at) WHERE active AND status = 'requested';

-- `json`, not `jsonb`, where people or the engine read a value back: the order of keys and the text
-- of numbers survive.
CREATE TABLE run_event (
    run_id     uuid NOT NULL,
    seq        bigint NOT NULL,
    opened_on  date NOT NULL,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    version    integer NOT NULL,
    data       json NOT NULL,
    PRIMARY KEY (run_id, seq, opened_on)
) PARTITION BY RANGE (opened_on);

CREATE TABLE run_snapshot (
    run_id   uuid PRIMARY KEY,
    seq      bigint NOT NULL,
    version  integer NOT NULL,
    data     json NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE execution (
    id          uuid NOT NULL,
    opened_on   date NOT NULL,
    run_id      uuid NOT NULL,
    position    bigint NOT NULL,
    parent      uuid,
    kind        text NOT NULL,
    task        text,
    action      text,
    activation  bigint NOT NULL,
    item_index  bigint,
    attempt     bigint NOT NULL,
    status      text NOT NULL,
    input       json,
    result      json,
    error       json,
    created_at  timestamptz NOT NULL,
    started_at  timestamptz,
    ended_at    timestamptz,
    labels      jsonb NOT NULL,
    cost_usd    double precision NOT NULL,
    PRIMARY KEY (id, opened_on)
) PARTITION BY RANGE (opened_on);

COMMENT ON COLUMN execution.position IS 'order in which the executions of a run came to be';

CREATE INDEX execution_of_run ON execution (run_id, position);
CREATE INDEX execution_labels ON execution USING gin (labels jsonb_path_ops)
    WHERE labels <> '{}'::jsonb;

CREATE TABLE inbox (
    id          uuid PRIMARY KEY,
    run_id      uuid NOT NULL,
    shard       smallint NOT NULL,
    number      bigint GENERATED ALWAYS AS IDENTITY,
    command     json NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    unreadable  text
);

COMMENT ON COLUMN inbox.unreadable IS 'why the command was put aside';

CREATE INDEX inbox_of_run ON inbox (run_id, number);
CREATE INDEX inbox_oldest ON inbox (shard, created_at) WHERE unreadable IS NULL;

-- A lease is held for as long as its owner is a live member: heartbeats touch the member's row only,
-- so that they never wait for the appends that share-lock the lease rows.
CREATE TABLE lease_member (
    family      text NOT NULL,
    id          uuid NOT NULL,
    name        text NOT NULL,
    seen_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (family, id)
);

CREATE TABLE lease (
    family    text NOT NULL,
    resource  text NOT NULL,
    owner     uuid,
    epoch     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (family, resource)
);
