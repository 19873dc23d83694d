-- The product's own tables: the ledger of announced objects. `pipeline-processing migrate` applies this file where
-- it may; otherwise the owner of the database does. Running it again changes nothing.
--
-- Rights for a role that runs the product without owning these tables (here `worker`):
--   GRANT USAGE ON SCHEMA pipeline TO worker;
--   GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA pipeline TO worker;

CREATE SCHEMA IF NOT EXISTS pipeline;

-- Which form of these tables the database has; the program refuses to work on one it does not know.
CREATE TABLE IF NOT EXISTS pipeline.ledger_version (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version    integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO pipeline.ledger_version (version) VALUES (2)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, applied_at = now()
WHERE ledger_version.version < excluded.version;

-- The number of the last batch that was handed out. Its row lock lets batches commit in the order of their numbers.
CREATE TABLE IF NOT EXISTS pipeline.batch_counter (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    last_batch bigint NOT NULL DEFAULT 0
);
INSERT INTO pipeline.batch_counter (last_batch) VALUES (0) ON CONFLICT (only_row) DO NOTHING;

-- One row per announced object version, from the announcement to its end. Rows are kept: they are the account of
-- what became of everything.
CREATE TABLE IF NOT EXISTS pipeline.object_inbox (
    id                     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- what was announced
    bucket                 text NOT NULL,
    key                    text NOT NULL,
    version_id             text,
    etag                   text,
    sequencer              text,
    size                   bigint,
    event_time             timestamptz,
    source                 text NOT NULL,
    received_at            timestamptz NOT NULL,
    -- where it stands; `attempts` counts tries that failed by themselves, `lost_leases` how often the process that
    -- held the row vanished, `batch_size` how many rows it held with this one
    state                  text NOT NULL DEFAULT 'pending',
    reason                 text,
    attempts               integer NOT NULL DEFAULT 0,
    lost_leases            integer NOT NULL DEFAULT 0,
    due_at                 timestamptz NOT NULL,
    batch                  bigint,
    batch_size             integer,
    lease_owner            text,
    lease_until            timestamptz,
    updated_at             timestamptz NOT NULL,
    -- what was read and where the result is
    finished_at            timestamptz,
    read_version_id        text,
    read_etag              text,
    last_modified          timestamptz,
    monitoring_file_id     text,
    monitoring_file_run_id text,
    definition_fingerprint text,
    CONSTRAINT object_inbox_state CHECK (state IN (
        'pending', 'claimed', 'done', 'superseded', 'ignored', 'unconfigured', 'bad_definition', 'dead')),
    CONSTRAINT object_inbox_failure_has_reason CHECK (
        state NOT IN ('ignored', 'unconfigured', 'bad_definition', 'dead') OR coalesce(length(btrim(reason)), 0) > 0),
    CONSTRAINT object_inbox_lease CHECK (
        (state = 'claimed') = (lease_owner IS NOT NULL) AND (state = 'claimed') = (lease_until IS NOT NULL)
        AND (state <> 'claimed' OR batch IS NOT NULL))
);

-- The same version announced twice is one row. Where neither a version nor a sequencer tells announcements of one key
-- apart, their time does: an overwritten object announced again by a listing or by hand is a new row.
CREATE UNIQUE INDEX IF NOT EXISTS object_inbox_identity ON pipeline.object_inbox (
    bucket, key, coalesce(version_id, ''), coalesce(etag, ''), coalesce(sequencer, ''),
    coalesce(CASE WHEN version_id IS NULL AND sequencer IS NULL THEN event_time END, timestamptz '-infinity')
);
CREATE INDEX IF NOT EXISTS object_inbox_due ON pipeline.object_inbox (due_at, id) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS object_inbox_claimed ON pipeline.object_inbox (batch) WHERE state = 'claimed';
CREATE INDEX IF NOT EXISTS object_inbox_run ON pipeline.object_inbox (monitoring_file_run_id) WHERE state = 'done';
CREATE INDEX IF NOT EXISTS object_inbox_failed ON pipeline.object_inbox (state, id)
    WHERE state IN ('ignored', 'unconfigured', 'bad_definition', 'dead');

-- Announcements, or parts of them, that nobody could understand, with the text as it came.
CREATE TABLE IF NOT EXISTS pipeline.announcement_dead_letter (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at  timestamptz NOT NULL,
    source       text NOT NULL,
    reason       text NOT NULL,
    body         text NOT NULL,
    -- the same text delivered twice is one letter
    digest       text NOT NULL UNIQUE,
    -- how a person closed the letter: 'retried' or 'discarded', and when
    closed_as    text CHECK (closed_as IN ('retried', 'discarded')),
    closed_at    timestamptz,
    CONSTRAINT announcement_dead_letter_closed CHECK ((closed_as IS NULL) = (closed_at IS NULL))
);

-- The profile of every run in a form that merges: those of a day, an agency or a month make one profile without a byte
-- being read again. The newest verdict of a run replaces the row; `state` is null where the file could not be parsed.
CREATE TABLE IF NOT EXISTS pipeline.profile_state (
    monitoring_file_run_id text PRIMARY KEY,
    monitoring_file_id     text NOT NULL,
    agency_slug            text NOT NULL,
    file_name              text NOT NULL,
    run_date               date NOT NULL,
    run_hour               integer NOT NULL CHECK (run_hour BETWEEN 0 AND 23),
    state                  bytea,
    updated_at             timestamptz NOT NULL
);
-- It is compressed already.
ALTER TABLE pipeline.profile_state ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS profile_state_file ON pipeline.profile_state (agency_slug, file_name, run_date);
CREATE INDEX IF NOT EXISTS profile_state_date ON pipeline.profile_state (run_date);
