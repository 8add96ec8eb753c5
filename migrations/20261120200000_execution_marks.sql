-- What a run can be found by beside its labels, and which task an execution undoes.
ALTER TABLE execution ADD COLUMN trace_tag text;
ALTER TABLE execution ADD COLUMN compensates text;

COMMENT ON COLUMN execution.trace_tag IS 'of a run its own, of a task activation that of the task';
COMMENT ON COLUMN execution.compensates IS 'the task that this execution undoes';

-- Only whole tags are looked for, of any length.
CREATE INDEX execution_trace_tag ON execution USING hash (trace_tag) WHERE trace_tag IS NOT NULL;
