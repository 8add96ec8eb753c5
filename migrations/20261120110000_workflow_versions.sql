-- Versions of workflows: numbered, immutable, one of them current; and what was current when.

ALTER TABLE action
    ADD COLUMN origin    text NOT NULL DEFAULT 'pack',
    ADD COLUMN filed     text,
    ADD COLUMN disabled  boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN action.origin IS 'who decides what is current: pack (its registration) or api (people)';
COMMENT ON COLUMN action.filed IS 'program of what the pack holds now; another one than program after a roll back';
COMMENT ON COLUMN action.disabled IS 'by somebody; present says whether it is there at all';

UPDATE action SET filed = program WHERE present;

CREATE TABLE workflow_release (
    reference   text COLLATE "C" NOT NULL,
    number      integer NOT NULL CHECK (number > 0),
    hash        text NOT NULL,
    version     text NOT NULL,
    def         json NOT NULL,
    source      text,
    tags        text[] NOT NULL DEFAULT '{}',
    origin      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL,
    PRIMARY KEY (reference, number),
    UNIQUE (reference, hash)
);

COMMENT ON TABLE workflow_release IS 'the versions of each workflow; its Program is in workflow_version';

CREATE TABLE workflow_history (
    reference  text COLLATE "C" NOT NULL,
    entry      integer NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL,
    what       text NOT NULL,
    number     integer NOT NULL,
    PRIMARY KEY (reference, entry)
);

-- What is current in an installation that is older than this becomes version 1.
INSERT INTO workflow_release
    (reference, number, hash, version, def, source, origin, created_at, created_by)
SELECT a.reference, 1, a.program, a.version, a.def, v.source, 'pack',
       coalesce(v.stored_at, now()), coalesce(p.registered_by, 'system')
FROM action a
LEFT JOIN workflow_version v ON v.hash = a.program
LEFT JOIN pack p ON p.name = a.pack
WHERE a.def ->> 'runner' = 'workflow';

INSERT INTO workflow_history (reference, entry, at, actor, what, number)
SELECT reference, 1, created_at, created_by, 'registered', 1 FROM workflow_release;
