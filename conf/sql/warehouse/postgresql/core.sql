-- The history of citizens and their phones. People read core.citizen and core.citizen_phone: a row holds from
-- valid_from up to, and not including, valid_to; 9999-12-31 is until further notice. The tables beside them are what the
-- rows are computed from: a number for each business key, what things were like, and what each load said differently.
-- Rows name loads without foreign keys, which cost a third of a load: every load looks itself whether they are there.

CREATE SCHEMA IF NOT EXISTS core;

CREATE TABLE IF NOT EXISTS core.citizen_key (
    key_id     bigint      PRIMARY KEY,
    key_hash   bigint      NOT NULL UNIQUE,
    citizen_id varchar(40) NOT NULL
);
CREATE TABLE IF NOT EXISTS core.citizen_value (
    key_id        bigint NOT NULL,
    row_hash      bigint NOT NULL,
    first_name    varchar(100),
    last_name     varchar(100),
    birth_date    date,
    sex           varchar(1),
    street        varchar(200),
    house_no      varchar(20),
    zip           varchar(20),
    city          varchar(100),
    email         varchar(254),
    registered_on date,
    status        varchar(20),
    PRIMARY KEY (key_id, row_hash)
);
CREATE TABLE IF NOT EXISTS core.citizen_claim (
    version_id bigint NOT NULL,
    key_id     bigint NOT NULL,
    row_hash   bigint,
    PRIMARY KEY (version_id, key_id)
);
CREATE INDEX IF NOT EXISTS ix_citizen_claim_key ON core.citizen_claim (key_id);
CREATE TABLE IF NOT EXISTS core.citizen (
    citizen_sk           bigint      PRIMARY KEY,
    key_id               bigint      NOT NULL,
    citizen_id           varchar(40) NOT NULL,
    first_name           varchar(100),
    last_name            varchar(100),
    birth_date           date,
    sex                  varchar(1),
    street               varchar(200),
    house_no             varchar(20),
    zip                  varchar(20),
    city                 varchar(100),
    email                varchar(254),
    registered_on        date,
    status               varchar(20),
    valid_from           date        NOT NULL,
    valid_to             date        NOT NULL,
    is_current           boolean     NOT NULL,
    row_hash             bigint      NOT NULL,
    version_id           bigint      NOT NULL,
    closed_by_version_id bigint,
    CHECK (valid_from < valid_to)
);
CREATE UNIQUE INDEX IF NOT EXISTS uq_citizen_current ON core.citizen (key_id) WHERE is_current;

CREATE TABLE IF NOT EXISTS core.citizen_phone_key (
    key_id     bigint      PRIMARY KEY,
    key_hash   bigint      NOT NULL UNIQUE,
    citizen_id varchar(40) NOT NULL,
    phone_type varchar(10) NOT NULL
);
CREATE TABLE IF NOT EXISTS core.citizen_phone_value (
    key_id   bigint NOT NULL,
    row_hash bigint NOT NULL,
    phone    varchar(40),
    PRIMARY KEY (key_id, row_hash)
);
CREATE TABLE IF NOT EXISTS core.citizen_phone_claim (
    version_id bigint NOT NULL,
    key_id     bigint NOT NULL,
    row_hash   bigint,
    PRIMARY KEY (version_id, key_id)
);
CREATE INDEX IF NOT EXISTS ix_citizen_phone_claim_key ON core.citizen_phone_claim (key_id);
CREATE TABLE IF NOT EXISTS core.citizen_phone (
    citizen_phone_sk     bigint      PRIMARY KEY,
    key_id               bigint      NOT NULL,
    citizen_id           varchar(40) NOT NULL,
    phone_type           varchar(10) NOT NULL,
    phone                varchar(40),
    valid_from           date        NOT NULL,
    valid_to             date        NOT NULL,
    is_current           boolean     NOT NULL,
    row_hash             bigint      NOT NULL,
    version_id           bigint      NOT NULL,
    closed_by_version_id bigint,
    CHECK (valid_from < valid_to)
);
CREATE UNIQUE INDEX IF NOT EXISTS uq_citizen_phone_current ON core.citizen_phone (key_id) WHERE is_current;

-- A warehouse that was made when they had foreign keys, and indexes that no load needs.
ALTER TABLE core.citizen
    DROP CONSTRAINT IF EXISTS citizen_version_id_fkey, DROP CONSTRAINT IF EXISTS citizen_closed_by_version_id_fkey;
ALTER TABLE core.citizen_phone
    DROP CONSTRAINT IF EXISTS citizen_phone_version_id_fkey,
    DROP CONSTRAINT IF EXISTS citizen_phone_closed_by_version_id_fkey;
DROP INDEX IF EXISTS core.ix_citizen_id, core.ix_citizen_phone_id;
