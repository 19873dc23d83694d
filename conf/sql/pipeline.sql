-- The product's own tables: the ledger of announced objects, and the account of what jobs did.
-- `pipeline-processing migrate` makes them where it may; otherwise the owner of the database applies this file, with
-- the same result. Running it again changes nothing. Each part that a line `-- migration` begins is one step from an
-- older form of the tables to a newer one.
--
-- conf/sql/roles.sql gives the rights to roles that run the product without owning these tables.

CREATE SCHEMA IF NOT EXISTS pipeline;

-- The steps that were carried out; the program refuses to work on tables whose form it does not know.
CREATE TABLE IF NOT EXISTS pipeline.migration (
    history    text NOT NULL,
    version    integer NOT NULL,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (history, version)
);

-- migration ledger 2: the inbox, and the profiles of its runs

-- Where programs look that know no table of migrations yet.
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

INSERT INTO pipeline.migration (history, version, name)
VALUES ('ledger', 2, 'the inbox, and the profiles of its runs') ON CONFLICT DO NOTHING;

-- migration ledger 3: what a row waits for, and the window it was announced with

-- `run_window`: where the run's date and hour come from, where the announcement says so; null leaves it to the settings.
-- A row that ended because its file or a usable definition is missing names the file and, of the definition that was
-- found, a digest: it is due again when either is another.
ALTER TABLE pipeline.object_inbox
    ADD COLUMN IF NOT EXISTS run_window text,
    ADD COLUMN IF NOT EXISTS agency_slug text,
    ADD COLUMN IF NOT EXISTS file_name text,
    ADD COLUMN IF NOT EXISTS definition_digest text;

-- An announced object that is not there ends as `gone`.
ALTER TABLE pipeline.object_inbox
    DROP CONSTRAINT IF EXISTS object_inbox_run_window,
    DROP CONSTRAINT IF EXISTS object_inbox_state,
    DROP CONSTRAINT IF EXISTS object_inbox_failure_has_reason;
ALTER TABLE pipeline.object_inbox
    ADD CONSTRAINT object_inbox_run_window CHECK (run_window IN ('last_modified', 'key')),
    ADD CONSTRAINT object_inbox_state CHECK (state IN (
        'pending', 'claimed', 'done', 'superseded', 'gone', 'ignored', 'unconfigured', 'bad_definition', 'dead')),
    ADD CONSTRAINT object_inbox_failure_has_reason CHECK (
        state NOT IN ('gone', 'ignored', 'unconfigured', 'bad_definition', 'dead')
        OR coalesce(length(btrim(reason)), 0) > 0);
DROP INDEX IF EXISTS pipeline.object_inbox_failed;
CREATE INDEX IF NOT EXISTS object_inbox_without_verdict ON pipeline.object_inbox (state, id)
    WHERE state IN ('gone', 'ignored', 'unconfigured', 'bad_definition', 'dead');
CREATE INDEX IF NOT EXISTS object_inbox_waiting ON pipeline.object_inbox (agency_slug, file_name)
    WHERE state IN ('unconfigured', 'bad_definition');

-- Rows from before say nothing of what they wait for: they are tried once more, which notes it.
UPDATE pipeline.object_inbox
SET state = 'pending', reason = NULL, attempts = 0, finished_at = NULL, due_at = now(), updated_at = now()
WHERE state IN ('unconfigured', 'bad_definition') AND agency_slug IS NULL;

UPDATE pipeline.ledger_version SET version = 3, applied_at = now() WHERE version < 3;
INSERT INTO pipeline.migration (history, version, name)
VALUES ('ledger', 3, 'what a row waits for, and the window it was announced with') ON CONFLICT DO NOTHING;

-- migration ledger 4: objects that run alone, buckets that rest, and who works on the ledger

-- `alone`: it brought a process down, or a worker of one; it is handed out with no other from then on.
ALTER TABLE pipeline.object_inbox ADD COLUMN IF NOT EXISTS alone boolean NOT NULL DEFAULT false;

-- Buckets of which nothing can be read at present: a right, a key or the bucket itself is missing. None of their objects
-- is handed out before `until`; `failures` counts the rests in a row, `since` is when the first began.
CREATE TABLE IF NOT EXISTS pipeline.bucket_rest (
    bucket   text PRIMARY KEY,
    reason   text NOT NULL,
    failures integer NOT NULL CHECK (failures > 0),
    since    timestamptz NOT NULL,
    until    timestamptz NOT NULL
);

-- Processes that hold rows, and their last sign of life: what one holds that gives none goes to others, before its lease
-- ends.
CREATE TABLE IF NOT EXISTS pipeline.consumer (
    owner        text PRIMARY KEY,
    host         text NOT NULL,
    started_at   timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL
);

UPDATE pipeline.ledger_version SET version = 4, applied_at = now() WHERE version < 4;
INSERT INTO pipeline.migration (history, version, name)
VALUES ('ledger', 4, 'objects that run alone, buckets that rest, and who works on the ledger') ON CONFLICT DO NOTHING;

-- migration ledger 5: objects in the order of their keys

-- In the order of bytes, in which stores list keys: the ledger is held against a listing as both go by, and rows are
-- found by how their keys begin.
CREATE INDEX IF NOT EXISTS object_inbox_key ON pipeline.object_inbox (bucket, key COLLATE "C", id);

UPDATE pipeline.ledger_version SET version = 5, applied_at = now() WHERE version < 5;
INSERT INTO pipeline.migration (history, version, name)
VALUES ('ledger', 5, 'objects in the order of their keys') ON CONFLICT DO NOTHING;

-- migration ledger 6: how many objects are in which state, kept

-- The oldest that waits, however many there are of others. None for those in work: they are few, and a row that is
-- claimed needs no entry here.
CREATE INDEX IF NOT EXISTS object_inbox_waiting_since ON pipeline.object_inbox (received_at) WHERE state = 'pending';

-- How many objects are in which state: the sum of `change`. Every statement that changes states adds rows, in its own
-- transaction and without waiting for anybody; from time to time one of them puts those that nobody else has in hand
-- together, so there are never many.
CREATE TABLE IF NOT EXISTS pipeline.object_inbox_count (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state  text NOT NULL,
    change bigint NOT NULL
);

-- Carried out with the rights of its owner: nobody else can change the counts.
CREATE OR REPLACE FUNCTION pipeline.count_object_inbox() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    are_many boolean;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM pipeline.object_inbox_count;
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        WITH made AS (
            INSERT INTO pipeline.object_inbox_count (state, change)
            SELECT state, count(*) FROM rows_after GROUP BY state RETURNING id)
        SELECT max(id) / 256 > (min(id) - 1) / 256 INTO are_many FROM made;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO pipeline.object_inbox_count (state, change)
        SELECT state, -count(*) FROM rows_before GROUP BY state;
    ELSE
        WITH made AS (
            INSERT INTO pipeline.object_inbox_count (state, change)
            SELECT state, sum(change)
            FROM (SELECT state, 1 AS change FROM rows_after UNION ALL SELECT state, -1 FROM rows_before) AS changes
            GROUP BY state HAVING sum(change) <> 0 RETURNING id)
        SELECT max(id) / 256 > (min(id) - 1) / 256 INTO are_many FROM made;
    END IF;
    IF are_many THEN
        WITH free AS (SELECT id FROM pipeline.object_inbox_count FOR UPDATE SKIP LOCKED),
        gone AS (
            DELETE FROM pipeline.object_inbox_count AS counted USING free WHERE counted.id = free.id
            RETURNING counted.state, counted.change)
        INSERT INTO pipeline.object_inbox_count (state, change)
        SELECT state, sum(change) FROM gone GROUP BY state HAVING sum(change) <> 0;
    END IF;
    RETURN NULL;
END
$$;
DROP TRIGGER IF EXISTS object_inbox_counts_new ON pipeline.object_inbox;
CREATE TRIGGER object_inbox_counts_new AFTER INSERT ON pipeline.object_inbox
    REFERENCING NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION pipeline.count_object_inbox();
DROP TRIGGER IF EXISTS object_inbox_counts_changed ON pipeline.object_inbox;
CREATE TRIGGER object_inbox_counts_changed AFTER UPDATE ON pipeline.object_inbox
    REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline.count_object_inbox();
DROP TRIGGER IF EXISTS object_inbox_counts_deleted ON pipeline.object_inbox;
CREATE TRIGGER object_inbox_counts_deleted AFTER DELETE ON pipeline.object_inbox
    REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION pipeline.count_object_inbox();
DROP TRIGGER IF EXISTS object_inbox_counts_none ON pipeline.object_inbox;
CREATE TRIGGER object_inbox_counts_none AFTER TRUNCATE ON pipeline.object_inbox
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline.count_object_inbox();

-- Counted once, and again whenever this file is applied.
DO $$
BEGIN
    LOCK TABLE pipeline.object_inbox IN SHARE MODE;
    DELETE FROM pipeline.object_inbox_count;
    INSERT INTO pipeline.object_inbox_count (state, change)
    SELECT state, count(*) FROM pipeline.object_inbox GROUP BY state;
END
$$;

UPDATE pipeline.ledger_version SET version = 6, applied_at = now() WHERE version < 6;
INSERT INTO pipeline.migration (history, version, name)
VALUES ('ledger', 6, 'how many objects are in which state, kept') ON CONFLICT DO NOTHING;

-- migration ledger 7: all rows of a run by an index

-- What was read for a run counts whatever became of its row since.
DROP INDEX IF EXISTS pipeline.object_inbox_run;
CREATE INDEX IF NOT EXISTS object_inbox_of_run ON pipeline.object_inbox (monitoring_file_run_id)
    WHERE monitoring_file_run_id IS NOT NULL;

UPDATE pipeline.ledger_version SET version = 7, applied_at = now() WHERE version < 7;
INSERT INTO pipeline.migration (history, version, name)
VALUES ('ledger', 7, 'all rows of a run by an index') ON CONFLICT DO NOTHING;

-- migration ledger 8: what became of objects in the lake

-- One row per attempt to put an object's rows into a table; `id` is the attempt's generation, by which the table itself
-- refuses an older attempt that comes late. Of a run one attempt at most is `loaded`: the rows the table has of it.
CREATE TABLE IF NOT EXISTS pipeline.silver_load (
    id                     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object_id              bigint NOT NULL,
    "table"                text NOT NULL,
    agency_slug            text NOT NULL,
    file_name              text NOT NULL,
    run_date               date NOT NULL,
    run_hour               integer NOT NULL CHECK (run_hour BETWEEN 0 AND 23),
    definition_fingerprint text,
    state                  text NOT NULL,
    reason                 text,
    -- versions of the two tables whose commits brought the rows; null where there were none to bring
    delta_version          bigint,
    quarantine_version     bigint,
    rows_read              bigint,
    rows_silver            bigint,
    rows_quarantined       bigint,
    rows_malformed         bigint,
    rows_healed            bigint,
    rows_unmatched         bigint,
    started_at             timestamptz NOT NULL,
    finished_at            timestamptz,
    CONSTRAINT silver_load_state CHECK (state IN ('loading', 'loaded', 'held', 'failed', 'replaced')),
    CONSTRAINT silver_load_finished CHECK ((state = 'loading') = (finished_at IS NULL)),
    CONSTRAINT silver_load_reason CHECK (state NOT IN ('held', 'failed') OR coalesce(length(btrim(reason)), 0) > 0),
    CONSTRAINT silver_load_counts CHECK (rows_read >= 0 AND rows_silver >= 0 AND rows_quarantined >= 0
        AND rows_malformed >= 0 AND rows_healed >= 0 AND rows_unmatched >= 0),
    -- no row is lost: what was read is in one of the tables, or was no row at all
    CONSTRAINT silver_load_equation CHECK (rows_read = rows_silver + rows_quarantined + rows_malformed),
    CONSTRAINT silver_load_counted CHECK (state <> 'loaded' OR num_nulls(
        rows_read, rows_silver, rows_quarantined, rows_malformed, rows_healed, rows_unmatched) = 0)
);
CREATE UNIQUE INDEX IF NOT EXISTS silver_load_of_run ON pipeline.silver_load (
    "table", agency_slug, file_name, run_date, run_hour) WHERE state = 'loaded';
CREATE INDEX IF NOT EXISTS silver_load_of_object ON pipeline.silver_load (object_id);
CREATE INDEX IF NOT EXISTS silver_load_open ON pipeline.silver_load (started_at) WHERE state = 'loading';

UPDATE pipeline.ledger_version SET version = 8, applied_at = now() WHERE version < 8;
INSERT INTO pipeline.migration (history, version, name)
VALUES ('ledger', 8, 'what became of objects in the lake') ON CONFLICT DO NOTHING;

-- migration audit 1: a line for every job and step

-- What every job and step did, one line each. Lines are added and never changed: a role that only runs the product
-- cannot take one back, and whoever owns the table disables the trigger to delete old ones.
CREATE TABLE IF NOT EXISTS pipeline.audit (
    id          uuid PRIMARY KEY,
    at          timestamptz NOT NULL,
    job         text NOT NULL,
    job_version text NOT NULL,
    -- the same for all lines of one run; `step` says which part of it, `subject` what it was about
    run_id      text NOT NULL,
    step        text NOT NULL,
    subject     text,
    inputs      jsonb NOT NULL,
    outputs     jsonb NOT NULL,
    rows_in     bigint,
    rows_out    bigint,
    status      text NOT NULL,
    message     text,
    duration_ms bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_at ON pipeline.audit (at);
CREATE INDEX IF NOT EXISTS audit_run ON pipeline.audit (run_id);
CREATE INDEX IF NOT EXISTS audit_subject ON pipeline.audit USING hash (subject);

CREATE OR REPLACE FUNCTION pipeline.audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'lines of pipeline.audit are never changed or deleted';
END
$$;
DROP TRIGGER IF EXISTS audit_is_append_only ON pipeline.audit;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pipeline.audit
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline.audit_is_append_only();

INSERT INTO pipeline.migration (history, version, name)
VALUES ('audit', 1, 'a line for every job and step') ON CONFLICT DO NOTHING;

-- migration streams 1: how far streams of records are, and the profiles of their hours

-- One row per partition of a topic a flow reads: how far it is, and what became of every record before that. A topic that
-- was deleted and made anew has another id, and rows of its own.
CREATE TABLE IF NOT EXISTS pipeline.stream_partition (
    flow         text NOT NULL,
    topic        text NOT NULL,
    topic_id     text NOT NULL,
    partition    integer NOT NULL CHECK (partition >= 0),
    -- the offset the flow began at, and the one it goes on with
    first_offset bigint NOT NULL CHECK (first_offset >= 0),
    next_offset  bigint NOT NULL,
    processed    bigint NOT NULL DEFAULT 0 CHECK (processed >= 0),
    dead         bigint NOT NULL DEFAULT 0 CHECK (dead >= 0),
    tombstones   bigint NOT NULL DEFAULT 0 CHECK (tombstones >= 0),
    -- offsets without a record for readers of what is committed: markers of transactions, what was aborted or compacted
    skipped      bigint NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    -- offsets that the topic no longer had, and somebody accepted that
    lost         bigint NOT NULL DEFAULT 0 CHECK (lost >= 0),
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (flow, topic, topic_id, partition),
    -- no record is lost without a name
    CONSTRAINT stream_partition_equation
        CHECK (next_offset - first_offset = processed + dead + tombstones + skipped + lost)
);

-- What was counted of the records of an hour, in parts that are put together from time to time; an hour is due while one
-- of its parts is in no verdict yet. A profile is of one definition, named by its fingerprint.
CREATE TABLE IF NOT EXISTS pipeline.stream_hour_part (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow        text NOT NULL,
    hour        timestamptz NOT NULL,
    fingerprint text NOT NULL,
    records     bigint NOT NULL CHECK (records >= 0),
    bytes       bigint NOT NULL CHECK (bytes >= 0),
    newest      timestamptz NOT NULL,
    profile     bytea NOT NULL,
    is_judged   boolean NOT NULL DEFAULT false
);
CREATE INDEX IF NOT EXISTS stream_hour_part_of_hour ON pipeline.stream_hour_part (flow, hour);
CREATE INDEX IF NOT EXISTS stream_hour_part_due ON pipeline.stream_hour_part (flow) WHERE NOT is_judged;

-- Dead letters that were sent back to their topic, by their own place: none is sent twice.
CREATE TABLE IF NOT EXISTS pipeline.stream_replay (
    flow        text NOT NULL,
    topic       text NOT NULL,
    topic_id    text NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    attempt     integer NOT NULL,
    replayed_at timestamptz NOT NULL,
    PRIMARY KEY (flow, topic, topic_id, partition, "offset")
);

INSERT INTO pipeline.migration (history, version, name)
VALUES ('streams', 1, 'how far streams of records are, and the profiles of their hours') ON CONFLICT DO NOTHING;
-- migration etl 1: what became of the steps of flows

-- One row for each attempt at a step of a day of a flow. `input` is a digest of all that it worked on: a step is not done
-- again for the same. `as_of` is the moment of the source that its rows show, `place` where they lie.
CREATE TABLE IF NOT EXISTS pipeline.etl_run (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id         text NOT NULL,
    flow           text NOT NULL,
    date           date NOT NULL,
    step           text NOT NULL,
    state          text NOT NULL,
    input          text NOT NULL,
    as_of          timestamptz,
    place          text,
    rows_in        bigint,
    rows_out       bigint,
    rows_rejected  bigint,
    rows_inserted  bigint,
    rows_updated   bigint,
    rows_unchanged bigint,
    rows_deleted   bigint,
    seconds        double precision,
    message        text,
    started_at     timestamptz NOT NULL,
    finished_at    timestamptz,
    CONSTRAINT etl_run_step CHECK (step IN ('extract', 'transform', 'load')),
    CONSTRAINT etl_run_state CHECK (state IN ('running', 'done', 'skipped', 'failed')),
    CONSTRAINT etl_run_finished CHECK ((state = 'running') = (finished_at IS NULL)),
    CONSTRAINT etl_run_failed_has_message CHECK (state <> 'failed' OR coalesce(length(btrim(message)), 0) > 0),
    -- no row is lost between what a step is given and what it leaves
    CONSTRAINT etl_run_equation CHECK (rows_in = rows_out + rows_rejected),
    CONSTRAINT etl_run_loaded CHECK (rows_out = rows_inserted + rows_updated + rows_unchanged),
    CONSTRAINT etl_run_counted CHECK (state NOT IN ('done', 'skipped') OR num_nulls(rows_in, rows_out, rows_rejected) = 0)
);
CREATE INDEX IF NOT EXISTS etl_run_of_day ON pipeline.etl_run (flow, date, step, id);
CREATE INDEX IF NOT EXISTS etl_run_running ON pipeline.etl_run (flow) WHERE state = 'running';

INSERT INTO pipeline.migration (history, version, name)
VALUES ('etl', 1, 'what became of the steps of flows') ON CONFLICT DO NOTHING;

-- migration documents 1: what became of agencies' documents

-- One row for each attachment and place it is to be at: what is there, or why it is not. `copied` says that the place holds
-- the content of `source_etag`, whichever run brought it. A run that finds that to be so leaves the row as it is.
CREATE TABLE IF NOT EXISTS pipeline.document_copy (
    agency_id        text NOT NULL,
    attachment_id    text NOT NULL,
    destination      text NOT NULL,
    source           text NOT NULL,
    source_etag      text,
    source_version   text,
    destination_etag text,
    size             bigint,
    status           text NOT NULL,
    reason           text,
    run_id           text NOT NULL,
    at               timestamptz NOT NULL,
    PRIMARY KEY (agency_id, attachment_id, destination),
    CONSTRAINT document_copy_status CHECK (
        status IN ('copied', 'missing_source', 'access_denied', 'changed_during_copy', 'conflict', 'failed')
    ),
    CONSTRAINT document_copy_not_copied_has_reason CHECK (
        status = 'copied' OR coalesce(length(btrim(reason)), 0) > 0
    ),
    CONSTRAINT document_copy_copied_is_known CHECK (status <> 'copied' OR num_nulls(source_etag, size) = 0)
);

INSERT INTO pipeline.migration (history, version, name)
VALUES ('documents', 1, 'what became of agencies'' documents') ON CONFLICT DO NOTHING;

-- migration api 1: how far application APIs were read, and what of them landed

-- How far each endpoint was read to its end: what its field said, as the application writes it. `edge` has digests of
-- the records behind it that are asked for again, each with its place in the order of changes.
CREATE TABLE IF NOT EXISTS pipeline.api_cursor (
    source     text NOT NULL,
    endpoint   text NOT NULL,
    position   text NOT NULL,
    edge       bytea NOT NULL,
    run_id     text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (source, endpoint)
);
-- It is compressed already.
ALTER TABLE pipeline.api_cursor ALTER COLUMN edge SET STORAGE EXTERNAL;

-- One row for each object of records: noted before it is written, and again, with its announcement, when it is there.
-- `digests` of its new records are kept until the reading has come to its end.
CREATE TABLE IF NOT EXISTS pipeline.api_object (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source       text NOT NULL,
    endpoint     text NOT NULL,
    agency       text NOT NULL,
    file         text NOT NULL,
    run_id       text NOT NULL,
    part         integer NOT NULL CHECK (part > 0),
    bucket       text NOT NULL,
    key          text NOT NULL,
    window_start timestamptz NOT NULL,
    size         bigint NOT NULL CHECK (size > 0),
    records      bigint NOT NULL CHECK (records > 0),
    digests      bytea,
    state        text NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT api_object_state CHECK (state IN ('writing', 'landed', 'dropped')),
    CONSTRAINT api_object_key UNIQUE (bucket, key)
);
ALTER TABLE pipeline.api_object ALTER COLUMN digests SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS api_object_newest ON pipeline.api_object (agency, file, window_start, id) WHERE state = 'landed';
CREATE INDEX IF NOT EXISTS api_object_unfinished ON pipeline.api_object (source, endpoint) WHERE digests IS NOT NULL;

INSERT INTO pipeline.migration (history, version, name)
VALUES ('api', 1, 'how far application APIs were read, and what of them landed') ON CONFLICT DO NOTHING;

-- migration arrivals 1: when files are due, and what became of each window

-- When each file is due, as `check_arrivals` last understood it: `given` by its range, `learned` from when it came,
-- `not_judged` or `unreadable` with the reason, or `inactive`. Windows begin at `watched_since` at the earliest.
CREATE TABLE IF NOT EXISTS pipeline.arrival_calendar (
    monitoring_file_id text PRIMARY KEY,
    agency_slug        text NOT NULL,
    file_name          text NOT NULL,
    range              text,
    kind               text NOT NULL,
    calendar           text,
    reason             text,
    watched_since      timestamptz NOT NULL,
    changed_at         timestamptz NOT NULL,
    CONSTRAINT arrival_calendar_kind CHECK (kind IN ('given', 'learned', 'not_judged', 'unreadable', 'inactive')),
    CONSTRAINT arrival_calendar_known CHECK ((kind IN ('given', 'learned')) = (calendar IS NOT NULL)),
    CONSTRAINT arrival_calendar_reason CHECK (
        kind NOT IN ('not_judged', 'unreadable') OR coalesce(length(btrim(reason)), 0) > 0)
);

-- A row for each window in which a file was expected, and what is known of it as of the last check. What comes from
-- `window_start` to that of the next window is of this one. A state that changed once it was told says what it was.
CREATE TABLE IF NOT EXISTS pipeline.arrival (
    monitoring_file_id text NOT NULL,
    due_at             timestamptz NOT NULL,
    window_start       timestamptz NOT NULL,
    on_time_from       timestamptz NOT NULL,
    late_after         timestamptz NOT NULL,
    state              text NOT NULL,
    is_learned         boolean NOT NULL,
    arrived_at         timestamptz,
    -- further versions in the window: on days on which the file is due, and on others
    duplicates         integer NOT NULL CHECK (duplicates >= 0),
    unexpected         integer NOT NULL CHECK (unexpected >= 0),
    restated_from      text,
    restated_at        timestamptz,
    judged_at          timestamptz NOT NULL,
    PRIMARY KEY (monitoring_file_id, due_at),
    CONSTRAINT arrival_state CHECK (state IN ('on_time', 'early', 'late', 'missing', 'pending')),
    CONSTRAINT arrival_arrived CHECK ((state IN ('missing', 'pending')) = (arrived_at IS NULL)),
    CONSTRAINT arrival_nothing_came CHECK (arrived_at IS NOT NULL OR duplicates + unexpected = 0),
    CONSTRAINT arrival_window CHECK (window_start <= on_time_from AND on_time_from <= due_at AND due_at <= late_after),
    CONSTRAINT arrival_restated CHECK ((restated_from IS NULL) = (restated_at IS NULL))
);
CREATE INDEX IF NOT EXISTS arrival_not_there ON pipeline.arrival (due_at) WHERE state IN ('late', 'missing');

-- As of when the table was brought up to date.
CREATE TABLE IF NOT EXISTS pipeline.arrival_check (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    as_of       timestamptz NOT NULL,
    finished_at timestamptz NOT NULL
);

INSERT INTO pipeline.migration (history, version, name)
VALUES ('arrivals', 1, 'when files are due, and what became of each window') ON CONFLICT DO NOTHING;

-- migration retention 1: profiles of days, and how far back the ledger remembers

-- The profiles of all runs of a file and day, merged when those of the runs are no longer kept. `runs` are those that
-- are in it: profiles of theirs that come later are not counted again. Of them `unparsed` had none.
CREATE TABLE IF NOT EXISTS pipeline.profile_day (
    monitoring_file_id text NOT NULL,
    run_date           date NOT NULL,
    agency_slug        text NOT NULL,
    file_name          text NOT NULL,
    runs               text[] NOT NULL CHECK (cardinality(runs) > 0),
    unparsed           integer NOT NULL CHECK (unparsed BETWEEN 0 AND cardinality(runs)),
    state              bytea,
    updated_at         timestamptz NOT NULL,
    PRIMARY KEY (monitoring_file_id, run_date),
    CONSTRAINT profile_day_state CHECK ((state IS NULL) = (unparsed = cardinality(runs)))
);
-- It is compressed already.
ALTER TABLE pipeline.profile_day ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS profile_day_date ON pipeline.profile_day (run_date);

-- Rows of objects of a bucket that were stored up to `until` may have been aged out: an object from then that has no row
-- may have had one.
CREATE TABLE IF NOT EXISTS pipeline.ledger_horizon (
    bucket     text PRIMARY KEY,
    until      timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

INSERT INTO pipeline.migration (history, version, name)
VALUES ('retention', 1, 'profiles of days, and how far back the ledger remembers') ON CONFLICT DO NOTHING;

-- migration alerts 1: alerts, and who was told of them

-- One row for as long as something is wrong; when it is wrong again later, another one. `notified_at`: when the last
-- message about it was put in the outbox; `resolution_told`: its end needs no message any more.
CREATE TABLE IF NOT EXISTS pipeline.alert (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind            text NOT NULL,
    subject         text NOT NULL,
    severity        text NOT NULL,
    text            text NOT NULL,
    agency          text,
    to_slack        boolean NOT NULL DEFAULT true,
    opened_at       timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    resolved_at     timestamptz,
    notified_at     timestamptz,
    resolution_told boolean NOT NULL DEFAULT false,
    CONSTRAINT alert_severity CHECK (severity IN ('warning', 'critical')),
    CONSTRAINT alert_moments CHECK (last_seen_at >= opened_at AND resolved_at >= opened_at),
    CONSTRAINT alert_resolution_told CHECK (NOT resolution_told OR resolved_at IS NOT NULL)
);
CREATE UNIQUE INDEX IF NOT EXISTS alert_open ON pipeline.alert (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX IF NOT EXISTS alert_to_be_told ON pipeline.alert (id)
    WHERE resolved_at IS NOT NULL AND notified_at IS NOT NULL AND NOT resolution_told;
CREATE INDEX IF NOT EXISTS alert_opened ON pipeline.alert (opened_at);

-- The outbox: one message to one channel, put there with what it tells of. `tries` counts rounds that did not deliver it.
CREATE TABLE IF NOT EXISTS pipeline.alert_delivery (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel    text NOT NULL,
    tone       text NOT NULL,
    title      text NOT NULL,
    body       text NOT NULL,
    alerts     bigint[] NOT NULL,
    created_at timestamptz NOT NULL,
    state      text NOT NULL DEFAULT 'waiting',
    tries      integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    due_at     timestamptz NOT NULL,
    ended_at   timestamptz,
    reason     text,
    CONSTRAINT alert_delivery_state CHECK (state IN ('waiting', 'sent', 'given_up')),
    CONSTRAINT alert_delivery_ended CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CONSTRAINT alert_delivery_given_up_has_reason CHECK (
        state <> 'given_up' OR coalesce(length(btrim(reason)), 0) > 0
    )
);
CREATE INDEX IF NOT EXISTS alert_delivery_waiting ON pipeline.alert_delivery (channel, id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS alert_delivery_ended_at ON pipeline.alert_delivery (ended_at) WHERE state <> 'waiting';

-- Channels that did not answer, or took nothing: none of their messages is tried before `rests_until`.
CREATE TABLE IF NOT EXISTS pipeline.alert_channel (
    channel     text PRIMARY KEY,
    failures    integer NOT NULL CHECK (failures > 0),
    rests_until timestamptz NOT NULL,
    reason      text NOT NULL
);

-- Lines of jobs and of their steps, without those of single objects, which are nearly all of them.
CREATE INDEX IF NOT EXISTS audit_of_jobs ON pipeline.audit (at)
    WHERE coalesce(inputs ->> 0, '') NOT LIKE 'object %';

INSERT INTO pipeline.migration (history, version, name)
VALUES ('alerts', 1, 'alerts, and who was told of them') ON CONFLICT DO NOTHING;

-- migration observations 1: what of runs is unusual, and the numbers it is told from

-- One row for each figure of a run that is looked at: rows, size, score, columns (what came of all figures of columns),
-- and those figures of single columns that are unusual. Observations change no verdict. A run that is restated, or that
-- follows one that came late, has its rows replaced.
CREATE TABLE IF NOT EXISTS pipeline.observation (
    id                     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    monitoring_file_run_id text NOT NULL,
    monitoring_file_id     text NOT NULL,
    agency_slug            text NOT NULL,
    file_name              text NOT NULL,
    run_date               date NOT NULL,
    run_hour               integer NOT NULL CHECK (run_hour BETWEEN 0 AND 23),
    metric                 text NOT NULL,
    column_name            text NOT NULL DEFAULT '',
    state                  text NOT NULL,
    value                  double precision,
    expected_low           double precision,
    expected_high          double precision,
    deviation              double precision,
    reason                 text,
    observed_at            timestamptz NOT NULL,
    CONSTRAINT observation_state CHECK (state IN ('normal', 'unusual', 'not_run')),
    CONSTRAINT observation_metric CHECK (metric IN (
        'rows', 'size', 'score', 'columns', 'nulls', 'distinct', 'mean', 'psi', 'ks', 'new_values', 'lost_values')),
    CONSTRAINT observation_has_reason CHECK (state = 'normal' OR coalesce(length(btrim(reason)), 0) > 0)
);
CREATE UNIQUE INDEX IF NOT EXISTS observation_of_run
    ON pipeline.observation (monitoring_file_run_id, metric, column_name);
CREATE INDEX IF NOT EXISTS observation_of_file ON pipeline.observation (monitoring_file_id, run_date, run_hour);
CREATE INDEX IF NOT EXISTS observation_unusual ON pipeline.observation (observed_at) WHERE state = 'unusual';

-- The numbers of a file's runs from which the next ones are told: half a year of a daily file, in some kilobytes.
CREATE TABLE IF NOT EXISTS pipeline.observed_file (
    monitoring_file_id text PRIMARY KEY,
    history            bytea NOT NULL,
    updated_at         timestamptz NOT NULL
);
ALTER TABLE pipeline.observed_file ALTER COLUMN history SET STORAGE EXTERNAL;

-- Up to when changes of runs were seen.
CREATE TABLE IF NOT EXISTS pipeline.observation_progress (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seen_until timestamptz NOT NULL
);

INSERT INTO pipeline.migration (history, version, name)
VALUES ('observations', 1, 'what of runs is unusual, and the numbers it is told from') ON CONFLICT DO NOTHING;

-- migration lineage 1: which lines of the audit were told as lineage

-- Lines since the mark that were told (`told`), that the endpoint would not take (`refused`), or of which no event could
-- be made (`unfit`).
CREATE TABLE IF NOT EXISTS pipeline.lineage_told (
    line    uuid PRIMARY KEY,
    at      timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('told', 'refused', 'unfit')),
    told_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS lineage_told_at ON pipeline.lineage_told (at);

-- No line before `done_before` waits any more. `given_up` counts those that grew too old while nobody could be told.
CREATE TABLE IF NOT EXISTS pipeline.lineage_mark (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    done_before timestamptz NOT NULL,
    given_up    bigint NOT NULL DEFAULT 0 CHECK (given_up >= 0)
);

INSERT INTO pipeline.migration (history, version, name)
VALUES ('lineage', 1, 'which lines of the audit were told as lineage') ON CONFLICT DO NOTHING;

-- migration ledger 9: loads that take another one back

-- Written before the tables are touched: whoever finds such a row `loading` after its process died finishes it.
ALTER TABLE pipeline.silver_load ADD COLUMN IF NOT EXISTS undoes bigint;

UPDATE pipeline.ledger_version SET version = 9, applied_at = now() WHERE version < 9;
INSERT INTO pipeline.migration (history, version, name)
VALUES ('ledger', 9, 'loads that take another one back') ON CONFLICT DO NOTHING;
