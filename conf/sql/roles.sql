-- What each kind of user may do, and no more. The owner of the database applies this file after reporting.sql and
-- pipeline.sql, and again after every `migrate`; running it again changes nothing. A login is made a member:
--   CREATE ROLE worker LOGIN PASSWORD '...' IN ROLE pipeline_writer;
--
--   pipeline_reader   dashboards and people: reads everything, changes nothing
--   pipeline_writer   the jobs: verdicts and the ledger; no table is made, changed or dropped, no verdict deleted
--   pipeline_owner    `pipeline-processing migrate`: owns the schema pipeline and its tables

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['pipeline_reader', 'pipeline_writer', 'pipeline_owner'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- roles belong to the server: another database's script was quicker
        END;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA reporting, pipeline TO pipeline_reader, pipeline_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO pipeline_reader, pipeline_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA pipeline TO pipeline_reader, pipeline_writer;

-- Verdicts. Of a file only its latest score changes, and that it is no longer missing; the columns that are there.
GRANT INSERT, UPDATE ON reporting.monitoring_file_run, reporting.monitoring_file_data_quality TO pipeline_writer;
DO $$
DECLARE
    what record;
BEGIN
    FOR what IN
        SELECT column_name FROM information_schema.columns
        WHERE table_schema = 'reporting' AND table_name = 'monitoring_file'
          AND column_name IN ('latest_data_quality_score', 'is_missing')
    LOOP
        EXECUTE format('GRANT UPDATE (%I) ON reporting.monitoring_file TO pipeline_writer', what.column_name);
    END LOOP;
    IF to_regclass('reporting.monitoring_file_failed_validation') IS NOT NULL THEN
        GRANT INSERT, DELETE ON reporting.monitoring_file_failed_validation TO pipeline_writer;
    END IF;
    IF to_regclass('reporting.monitoring_file_data_profile') IS NOT NULL THEN
        GRANT INSERT, UPDATE ON reporting.monitoring_file_data_profile TO pipeline_writer;
    END IF;
END
$$;
-- Only with AUTO_CREATE_FILES=true:
--   GRANT INSERT ON reporting.monitoring_file TO pipeline_writer;

-- The ledger. Rows of the account are added and never changed; a run's kept profile goes when it has none any more.
GRANT INSERT, UPDATE ON pipeline.object_inbox, pipeline.announcement_dead_letter, pipeline.silver_load
    TO pipeline_writer;
GRANT UPDATE ON pipeline.batch_counter TO pipeline_writer;
GRANT INSERT, UPDATE, DELETE ON pipeline.profile_state TO pipeline_writer;
GRANT INSERT, UPDATE, DELETE ON pipeline.bucket_rest, pipeline.consumer TO pipeline_writer;
GRANT INSERT ON pipeline.audit TO pipeline_writer;
GRANT INSERT, UPDATE ON pipeline.etl_run TO pipeline_writer;
DO $$
BEGIN
    IF to_regclass('pipeline.document_copy') IS NOT NULL THEN
        GRANT INSERT, UPDATE ON pipeline.document_copy TO pipeline_writer;
    END IF;
END
$$;

-- The account of streams, where there is one.
DO $$
BEGIN
    IF to_regclass('pipeline.stream_partition') IS NOT NULL THEN
        GRANT INSERT, UPDATE ON pipeline.stream_partition TO pipeline_writer;
        GRANT INSERT, DELETE ON pipeline.stream_hour_part TO pipeline_writer;
        GRANT INSERT ON pipeline.stream_replay TO pipeline_writer;
    END IF;
END
$$;

-- The account of application APIs, where there is one.
DO $$
BEGIN
    IF to_regclass('pipeline.api_cursor') IS NOT NULL THEN
        GRANT INSERT, UPDATE ON pipeline.api_cursor, pipeline.api_object TO pipeline_writer;
    END IF;
END
$$;

-- What became of expected files, where there is an account of it. What is no longer kept only the owner takes away.
DO $$
BEGIN
    IF to_regclass('pipeline.arrival') IS NOT NULL THEN
        GRANT INSERT, UPDATE, DELETE ON pipeline.arrival TO pipeline_writer;
        GRANT INSERT, UPDATE ON pipeline.arrival_calendar, pipeline.arrival_check TO pipeline_writer;
    END IF;
END
$$;

-- Observations, where there are any; those of a run are replaced.
DO $$
BEGIN
    IF to_regclass('pipeline.observation') IS NOT NULL THEN
        GRANT INSERT, DELETE ON pipeline.observation TO pipeline_writer;
        GRANT INSERT, UPDATE, DELETE ON pipeline.observed_file TO pipeline_writer;
        GRANT INSERT, UPDATE ON pipeline.observation_progress TO pipeline_writer;
    END IF;
END
$$;

-- Alerts, where they are kept. Messages are added and marked; channels that rest come and go.
DO $$
BEGIN
    IF to_regclass('pipeline.alert') IS NOT NULL THEN
        GRANT INSERT, UPDATE ON pipeline.alert, pipeline.alert_delivery TO pipeline_writer;
        GRANT INSERT, UPDATE, DELETE ON pipeline.alert_channel TO pipeline_writer;
    END IF;
END
$$;

-- What of the account was told as lineage, where it is.
DO $$
BEGIN
    IF to_regclass('pipeline.lineage_told') IS NOT NULL THEN
        GRANT INSERT, DELETE ON pipeline.lineage_told TO pipeline_writer;
        GRANT INSERT, UPDATE ON pipeline.lineage_mark TO pipeline_writer;
    END IF;
END
$$;

-- Sequences, where an id is drawn from one; those of identity columns need no right.
GRANT USAGE ON ALL SEQUENCES IN SCHEMA reporting TO pipeline_writer;

-- Whoever migrates owns what there is to change.
DO $$
DECLARE
    what record;
BEGIN
    EXECUTE format('GRANT pipeline_owner TO %I', current_user); -- who gives a table away has to be a member
    EXECUTE format('GRANT CREATE ON DATABASE %I TO pipeline_owner', current_database());
    GRANT CREATE, USAGE ON SCHEMA pipeline TO pipeline_owner;
    FOR what IN SELECT tablename FROM pg_tables WHERE schemaname = 'pipeline' LOOP
        EXECUTE format('ALTER TABLE pipeline.%I OWNER TO pipeline_owner', what.tablename);
    END LOOP;
    ALTER FUNCTION pipeline.audit_is_append_only() OWNER TO pipeline_owner;
    ALTER FUNCTION pipeline.count_object_inbox() OWNER TO pipeline_owner;
END
$$;
