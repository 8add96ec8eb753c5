-- Packs and what they hold. Definitions are the JSON of their types; what is queried stands beside.

CREATE TABLE pack (
    name           text PRIMARY KEY,
    def            json NOT NULL,
    content_hash   text NOT NULL,
    path           text,
    config         json NOT NULL DEFAULT '{}',
    registered_at  timestamptz NOT NULL DEFAULT now(),
    registered_by  text NOT NULL
);

CREATE TABLE pack_version (
    content_hash   text PRIMARY KEY,
    pack           text NOT NULL,
    archive        bytea NOT NULL,
    registered_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE workflow_version (
    hash       text PRIMARY KEY,
    reference  text NOT NULL,
    version    text NOT NULL,
    program    json NOT NULL,
    source     text,
    stored_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE action (
    reference  text COLLATE "C" PRIMARY KEY,
    pack       text NOT NULL,
    def        json NOT NULL,
    program    text NOT NULL,
    version    text NOT NULL,
    pack_hash  text NOT NULL,
    present    boolean NOT NULL
);

CREATE TABLE trigger (
    reference  text COLLATE "C" PRIMARY KEY,
    pack       text NOT NULL,
    def        json NOT NULL,
    present    boolean NOT NULL
);

CREATE TABLE sensor (
    reference  text COLLATE "C" PRIMARY KEY,
    pack       text NOT NULL,
    def        json NOT NULL,
    pack_hash  text NOT NULL,
    present    boolean NOT NULL
);

CREATE TABLE rule (
    reference   text COLLATE "C" PRIMARY KEY,
    pack        text NOT NULL,
    def         json NOT NULL,
    enabled     boolean NOT NULL,
    present     boolean NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now()
);

COMMENT ON COLUMN rule.enabled IS 'how it stands; what its file says is in def';

CREATE TABLE policy (
    reference  text COLLATE "C" PRIMARY KEY,
    pack       text NOT NULL,
    def        json NOT NULL,
    present    boolean NOT NULL
);
