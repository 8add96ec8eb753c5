-- Trigger events, what rules made of them, timers, and cursors of sensors.

-- Partitioned by the event's own time, which never changes: the same event delivered again meets its
-- own key.
CREATE TABLE event (
    id                  uuid NOT NULL,
    at                  timestamptz NOT NULL,
    trigger_ref         text NOT NULL,
    payload             json NOT NULL,
    source              text,
    dedupe              text,
    trigger_parameters  json,
    received_at         timestamptz NOT NULL DEFAULT now(),
    processed_at        timestamptz,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);

CREATE INDEX event_newest ON event (received_at, id);
CREATE INDEX event_of_trigger ON event (trigger_ref, received_at, id);
CREATE INDEX event_pending ON event (received_at, id) WHERE processed_at IS NULL;

-- Which event holds a dedupe text. Apart from `event`, because a unique key over partitions would
-- have to hold the partition's own.
CREATE TABLE event_key (
    trigger_ref  text NOT NULL,
    dedupe       text NOT NULL,
    event_id     uuid NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (trigger_ref, dedupe)
);

CREATE TABLE enforcement (
    id           uuid NOT NULL,
    at           timestamptz NOT NULL,
    event_id     uuid NOT NULL,
    trigger_ref  text NOT NULL,
    rule         text NOT NULL,
    fired        boolean NOT NULL,
    reason       text NOT NULL,
    explanation  json NOT NULL,
    run_id       uuid,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);

CREATE INDEX enforcement_newest ON enforcement (at, id);
CREATE INDEX enforcement_of_event ON enforcement (event_id);
CREATE INDEX enforcement_of_rule ON enforcement (rule, at, id);

-- The run that holds a rule's dedupe text while it is active.
CREATE TABLE rule_guard (
    rule    text NOT NULL,
    key     text NOT NULL,
    run_id  uuid NOT NULL,
    PRIMARY KEY (rule, key)
);

CREATE TABLE schedule (
    key      text PRIMARY KEY,
    count    bigint NOT NULL DEFAULT 0,
    last_at  timestamptz,
    next_at  timestamptz NOT NULL
);

CREATE TABLE schedule_tick (
    key  text NOT NULL,
    at   timestamptz NOT NULL,
    PRIMARY KEY (key, at)
);

CREATE TABLE sensor_cursor (
    sensor    text PRIMARY KEY,
    cursor    json NOT NULL,
    saved_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sensor_status (
    sensor    text PRIMARY KEY,
    state     text NOT NULL,
    restarts  bigint NOT NULL,
    message   text,
    at        timestamptz NOT NULL
);
