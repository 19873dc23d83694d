-- Some of the optional columns, keys that are uuids, types narrower than they should be, plain timestamps.

CREATE SCHEMA reporting;
CREATE DOMAIN reporting.percentage AS smallint CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE reporting.span AS ENUM ('hourly', 'daily', 'weekly', 'monthly');
CREATE TYPE reporting.level AS ENUM ('low', 'high');

CREATE TABLE reporting.monitoring_file_schema_definition (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name        text,
    description text,
    definition  json,
    created_at  timestamp,
    updated_at  timestamp
);

CREATE TABLE reporting.monitoring_file (
    id                        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    file_name                 text NOT NULL,
    agency_slug               text NOT NULL,
    latest_data_quality_score numeric(5, 2),
    schema_definition_id      uuid REFERENCES reporting.monitoring_file_schema_definition (id),
    range                     reporting.span,
    agency_id                 uuid,
    is_missing                boolean
);

CREATE TABLE reporting.monitoring_file_run (
    id                     uuid PRIMARY KEY,
    monitoring_file_id     uuid NOT NULL REFERENCES reporting.monitoring_file (id),
    agency_id              uuid,
    run_date               date NOT NULL,
    run_hour               smallint NOT NULL,
    file_size              integer NOT NULL,
    file_range_lower_limit timestamp,
    importance             reporting.level NOT NULL,
    share                  reporting.percentage NOT NULL,
    size_in_kib            bigint GENERATED ALWAYS AS (file_size / 1024) STORED,
    created_at             timestamp NOT NULL DEFAULT now(),
    UNIQUE (monitoring_file_id, run_hour, run_date)
);

CREATE TABLE reporting.monitoring_file_data_quality (
    id                        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    monitoring_file_run_id    uuid NOT NULL REFERENCES reporting.monitoring_file_run (id),
    score                     reporting.percentage NOT NULL,
    passed                    boolean NOT NULL,
    metrics                   json NOT NULL,
    deductions                json NOT NULL,
    failed_validation_message varchar(60) NOT NULL,
    failed_validation_rules   jsonb NOT NULL,
    created_at                timestamp NOT NULL
);

CREATE TABLE reporting.monitoring_file_data_profile (
    monitoring_file_run_id uuid UNIQUE REFERENCES reporting.monitoring_file_run (id),
    profile_payload        jsonb,
    created_at             timestamp,
    updated_at             timestamp
);
