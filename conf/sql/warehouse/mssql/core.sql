-- The history of citizens and their phones. People read core.citizen and core.citizen_phone: a row holds from
-- valid_from up to, and not including, valid_to; 9999-12-31 is until further notice. The tables beside them are what the
-- rows are computed from: a number for each business key, what things were like, and what each load said differently.
-- Indexes with a filter are refused without it, and sqlcmd begins without it.
SET QUOTED_IDENTIFIER ON;
GO
IF SCHEMA_ID(N'core') IS NULL EXEC (N'CREATE SCHEMA core');
GO
IF OBJECT_ID(N'core.citizen_key') IS NULL
CREATE TABLE core.citizen_key (
    key_id     bigint      PRIMARY KEY,
    key_hash   bigint      NOT NULL UNIQUE,
    citizen_id nvarchar(40) NOT NULL
);
GO
IF OBJECT_ID(N'core.citizen_value') IS NULL
CREATE TABLE core.citizen_value (
    key_id        bigint NOT NULL,
    row_hash      bigint NOT NULL,
    first_name    nvarchar(100),
    last_name     nvarchar(100),
    birth_date    date,
    sex           nvarchar(1),
    street        nvarchar(200),
    house_no      nvarchar(20),
    zip           nvarchar(20),
    city          nvarchar(100),
    email         nvarchar(254),
    registered_on date,
    status        nvarchar(20),
    PRIMARY KEY (key_id, row_hash)
);
GO
IF OBJECT_ID(N'core.citizen_claim') IS NULL
CREATE TABLE core.citizen_claim (
    version_id bigint NOT NULL,
    key_id     bigint NOT NULL,
    row_hash   bigint,
    PRIMARY KEY (version_id, key_id)
);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'ix_citizen_claim_key')
CREATE INDEX ix_citizen_claim_key ON core.citizen_claim (key_id);
GO
IF OBJECT_ID(N'core.citizen') IS NULL
CREATE TABLE core.citizen (
    citizen_sk           bigint      PRIMARY KEY,
    key_id               bigint      NOT NULL,
    citizen_id           nvarchar(40) NOT NULL,
    first_name           nvarchar(100),
    last_name            nvarchar(100),
    birth_date           date,
    sex                  nvarchar(1),
    street               nvarchar(200),
    house_no             nvarchar(20),
    zip                  nvarchar(20),
    city                 nvarchar(100),
    email                nvarchar(254),
    registered_on        date,
    status               nvarchar(20),
    valid_from           date        NOT NULL,
    valid_to             date        NOT NULL,
    is_current           bit     NOT NULL,
    row_hash             bigint      NOT NULL,
    version_id           bigint      NOT NULL,
    closed_by_version_id bigint,
    CHECK (valid_from < valid_to)
);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'uq_citizen_current')
CREATE UNIQUE INDEX uq_citizen_current ON core.citizen (key_id) WHERE is_current = 1;
GO
IF OBJECT_ID(N'core.citizen_phone_key') IS NULL
CREATE TABLE core.citizen_phone_key (
    key_id     bigint      PRIMARY KEY,
    key_hash   bigint      NOT NULL UNIQUE,
    citizen_id nvarchar(40) NOT NULL,
    phone_type nvarchar(10) NOT NULL
);
GO
IF OBJECT_ID(N'core.citizen_phone_value') IS NULL
CREATE TABLE core.citizen_phone_value (
    key_id   bigint NOT NULL,
    row_hash bigint NOT NULL,
    phone    nvarchar(40),
    PRIMARY KEY (key_id, row_hash)
);
GO
IF OBJECT_ID(N'core.citizen_phone_claim') IS NULL
CREATE TABLE core.citizen_phone_claim (
    version_id bigint NOT NULL,
    key_id     bigint NOT NULL,
    row_hash   bigint,
    PRIMARY KEY (version_id, key_id)
);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'ix_citizen_phone_claim_key')
CREATE INDEX ix_citizen_phone_claim_key ON core.citizen_phone_claim (key_id);
GO
IF OBJECT_ID(N'core.citizen_phone') IS NULL
CREATE TABLE core.citizen_phone (
    citizen_phone_sk     bigint      PRIMARY KEY,
    key_id               bigint      NOT NULL,
    citizen_id           nvarchar(40) NOT NULL,
    phone_type           nvarchar(10) NOT NULL,
    phone                nvarchar(40),
    valid_from           date        NOT NULL,
    valid_to             date        NOT NULL,
    is_current           bit     NOT NULL,
    row_hash             bigint      NOT NULL,
    version_id           bigint      NOT NULL,
    closed_by_version_id bigint,
    CHECK (valid_from < valid_to)
);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'uq_citizen_phone_current')
CREATE UNIQUE INDEX uq_citizen_phone_current ON core.citizen_phone (key_id) WHERE is_current = 1;
GO
-- A warehouse that was made when it had indexes that no load needs.
DROP INDEX IF EXISTS ix_citizen_id ON core.citizen;
DROP INDEX IF EXISTS ix_citizen_phone_id ON core.citizen_phone;
GO
