-- Keys: values that workflows and rules read by name. Every value is sealed before it gets here.

-- A version is never used twice, also when a key is deleted and made again.
CREATE SEQUENCE key_version;

CREATE TABLE key (
    pack         text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL,
    secret       boolean NOT NULL,
    -- Nonce, then AES-256-GCM of the value's JSON; bound to pack, name and kind.
    value        bytea NOT NULL,
    -- Which master key sealed it.
    key_id       text NOT NULL,
    -- Other packs that may read it; `*`: every pack.
    readable_by  text[] NOT NULL DEFAULT '{}',
    version      bigint NOT NULL DEFAULT nextval('key_version'),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    updated_by   text NOT NULL,
    PRIMARY KEY (pack, name)
);
