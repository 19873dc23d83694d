-- The star that reports read: facts of citizens by month, and what they are looked at by. Keys below zero are members
-- that stand for what is not known.

CREATE SCHEMA IF NOT EXISTS mart;

CREATE TABLE IF NOT EXISTS mart.dim_date (
    date_key     integer     PRIMARY KEY,
    day          date        UNIQUE,
    year         integer,
    quarter      integer,
    month        integer,
    month_name   varchar(20) NOT NULL,
    month_key    integer,
    day_of_month integer
);
CREATE TABLE IF NOT EXISTS mart.dim_location (
    location_key integer      PRIMARY KEY,
    zip          varchar(20)  NOT NULL,
    city         varchar(100) NOT NULL,
    UNIQUE (zip, city)
);
CREATE TABLE IF NOT EXISTS mart.dim_citizen (
    citizen_key   bigint      PRIMARY KEY,
    citizen_id    varchar(40) NOT NULL,
    first_name    varchar(100),
    last_name     varchar(100),
    birth_date    date,
    sex           varchar(1),
    email         varchar(254),
    registered_on date,
    status        varchar(20),
    valid_from    date        NOT NULL,
    valid_to      date        NOT NULL,
    is_current    boolean     NOT NULL,
    row_hash      bigint      NOT NULL
);
CREATE TABLE IF NOT EXISTS mart.fact_citizen_snapshot (
    date_key     integer NOT NULL,
    citizen_key  bigint  NOT NULL,
    location_key integer NOT NULL,
    age_years    integer,
    phone_count  integer NOT NULL,
    is_new       boolean NOT NULL,
    is_changed   boolean NOT NULL,
    PRIMARY KEY (date_key, citizen_key)
);

INSERT INTO mart.dim_date (date_key, month_name) VALUES (-1, 'Unknown') ON CONFLICT DO NOTHING;
INSERT INTO mart.dim_location (location_key, zip, city) VALUES (-1, 'Unknown', 'Unknown') ON CONFLICT DO NOTHING;
INSERT INTO mart.dim_citizen (citizen_key, citizen_id, last_name, valid_from, valid_to, is_current, row_hash)
    VALUES (-1, 'Unknown', 'Unknown', '0001-01-01', '9999-12-31', false, 0) ON CONFLICT DO NOTHING;
