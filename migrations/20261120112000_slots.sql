-- Places among the runs of a workflow that bounds how many of them may be active at once.
--
-- One row per run that stands in line or holds a place; gone when the run ends. Whoever changes a line
-- holds the advisory lock of that line until its transaction ends, so that what it counts stays true.
CREATE TABLE run_slot (
    run_id      uuid PRIMARY KEY,
    workflow    text NOT NULL,
    line        text NOT NULL,
    max_runs    bigint NOT NULL CHECK (max_runs > 0),
    number      bigint GENERATED ALWAYS AS IDENTITY,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    granted_at  timestamptz,
    displaced   boolean NOT NULL DEFAULT false
);

COMMENT ON COLUMN run_slot.line IS 'empty for a workflow without a key, otherwise = and the key';
COMMENT ON COLUMN run_slot.number IS 'order of arrival';
COMMENT ON COLUMN run_slot.displaced IS 'it was told to make room for a later run';

CREATE INDEX run_slot_held ON run_slot (workflow, line, number) WHERE granted_at IS NOT NULL;
CREATE INDEX run_slot_waiting ON run_slot (workflow, line, number) WHERE granted_at IS NULL;
