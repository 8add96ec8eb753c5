-- Who may log in, their tokens, and who did what.

CREATE TABLE identity (
    id             uuid PRIMARY KEY,
    login          text COLLATE "C" NOT NULL UNIQUE,
    role           text NOT NULL,
    password_hash  text,
    enabled        boolean NOT NULL DEFAULT true,
    session_epoch  bigint NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_token (
    id           uuid PRIMARY KEY,
    identity     uuid NOT NULL REFERENCES identity,
    name         text NOT NULL,
    role         text NOT NULL,
    secret_hash  text NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz
);

CREATE INDEX api_token_of ON api_token (identity, created_at);

CREATE TABLE audit_event (
    number   bigint GENERATED ALWAYS AS IDENTITY,
    at       timestamptz NOT NULL,
    actor    text NOT NULL,
    action   text NOT NULL,
    subject  text NOT NULL,
    details  json NOT NULL,
    PRIMARY KEY (number, at)
) PARTITION BY RANGE (at);

CREATE INDEX audit_event_newest ON audit_event (at, number);
