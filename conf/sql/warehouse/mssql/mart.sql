-- The star that reports read: facts of citizens by month, and what they are looked at by. Keys below zero are members
-- that stand for what is not known.
IF SCHEMA_ID(N'mart') IS NULL EXEC (N'CREATE SCHEMA mart');
GO
IF OBJECT_ID(N'mart.dim_date') IS NULL
CREATE TABLE mart.dim_date (
    date_key     integer     PRIMARY KEY,
    day          date        UNIQUE,
    year         integer,
    quarter      integer,
    month        integer,
    month_name   nvarchar(20) NOT NULL,
    month_key    integer,
    day_of_month integer
);
GO
IF OBJECT_ID(N'mart.dim_location') IS NULL
CREATE TABLE mart.dim_location (
    location_key integer      PRIMARY KEY,
    zip          nvarchar(20)  NOT NULL,
    city         nvarchar(100) NOT NULL,
    UNIQUE (zip, city)
);
GO
IF OBJECT_ID(N'mart.dim_citizen') IS NULL
CREATE TABLE mart.dim_citizen (
    citizen_key   bigint      PRIMARY KEY,
    citizen_id    nvarchar(40) NOT NULL,
    first_name    nvarchar(100),
    last_name     nvarchar(100),
    birth_date    date,
    sex           nvarchar(1),
    email         nvarchar(254),
    registered_on date,
    status        nvarchar(20),
    valid_from    date        NOT NULL,
    valid_to      date        NOT NULL,
    is_current    bit     NOT NULL,
    row_hash      bigint      NOT NULL
);
GO
IF OBJECT_ID(N'mart.fact_citizen_snapshot') IS NULL
CREATE TABLE mart.fact_citizen_snapshot (
    date_key     integer NOT NULL,
    citizen_key  bigint  NOT NULL,
    location_key integer NOT NULL,
    age_years    integer,
    phone_count  integer NOT NULL,
    is_new       bit NOT NULL,
    is_changed   bit NOT NULL,
    PRIMARY KEY (date_key, citizen_key)
);
GO
IF NOT EXISTS (SELECT 1 FROM mart.dim_date WHERE date_key = -1)
INSERT INTO mart.dim_date (date_key, month_name) VALUES (-1, N'Unknown');
GO
IF NOT EXISTS (SELECT 1 FROM mart.dim_location WHERE location_key = -1)
INSERT INTO mart.dim_location (location_key, zip, city) VALUES (-1, N'Unknown', N'Unknown');
GO
IF NOT EXISTS (SELECT 1 FROM mart.dim_citizen WHERE citizen_key = -1)
INSERT INTO mart.dim_citizen (citizen_key, citizen_id, last_name, valid_from, valid_to, is_current, row_hash) VALUES (-1, N'Unknown', N'Unknown', '0001-01-01', '9999-12-31', 0, 0);
GO
