-- The application's tables as the demo and the tests have them. Where they are others, AGENCY_QUERIES names a folder with
-- agencies.sql, attachments.sql and employment_history.sql of one's own.
CREATE SCHEMA IF NOT EXISTS documents;

CREATE TABLE IF NOT EXISTS documents.agency (
    id   bigint PRIMARY KEY,
    slug text NOT NULL UNIQUE
);

CREATE TABLE IF NOT EXISTS documents.attachment (
    id         bigint PRIMARY KEY,
    agency_id  bigint NOT NULL REFERENCES documents.agency,
    source_key text NOT NULL,
    file_name  text NOT NULL,
    category   text,
    person_id  bigint,
    size       bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE INDEX IF NOT EXISTS attachment_of_agency ON documents.attachment (agency_id, id);

CREATE TABLE IF NOT EXISTS documents.employment_history (
    agency_id   bigint NOT NULL REFERENCES documents.agency,
    employee_id bigint NOT NULL,
    badge_no    text,
    first_name  text,
    last_name   text,
    rank        text,
    unit        text,
    start_date  date,
    end_date    date,
    status      text
);
CREATE INDEX IF NOT EXISTS employment_history_of_agency
    ON documents.employment_history (agency_id, employee_id, start_date);
