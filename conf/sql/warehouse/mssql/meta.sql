-- What was landed, validated and loaded, and what became of it. SQL Server 2019 or newer. The owner of the warehouse
-- applies meta.sql, core.sql, mart.sql and roles.sql in this order, or runs `pipeline-processing migrate --warehouse`;
-- applying them again changes nothing.
-- Indexes with a filter are refused without it, and sqlcmd begins without it.
SET QUOTED_IDENTIFIER ON;
GO
IF SCHEMA_ID(N'meta') IS NULL EXEC (N'CREATE SCHEMA meta');
GO
-- A line for each dataset; whoever loads one changes its line first and so has it to himself until he commits.
IF OBJECT_ID(N'meta.dataset') IS NULL
CREATE TABLE meta.dataset (
    name       nvarchar(100) PRIMARY KEY,
    generation bigint       NOT NULL DEFAULT 0
);
GO
IF NOT EXISTS (SELECT 1 FROM meta.dataset WHERE name = N'citizen')
INSERT INTO meta.dataset (name) VALUES (N'citizen');
GO
IF NOT EXISTS (SELECT 1 FROM meta.dataset WHERE name = N'citizen_phone')
INSERT INTO meta.dataset (name) VALUES (N'citizen_phone');
GO
-- Every file that landed. A content lands again as another kind or of another month, and the newest line of it counts.
-- Paths are those under CITIZENS_ROOT.
IF OBJECT_ID(N'meta.ingestion_log') IS NULL
CREATE TABLE meta.ingestion_log (
    ingestion_id   bigint IDENTITY PRIMARY KEY,
    dataset        nvarchar(100)  NOT NULL REFERENCES meta.dataset,
    file_name      nvarchar(255)  NOT NULL,
    land_path      nvarchar(1000) NOT NULL,
    sha256         char(64)      NOT NULL,
    size_bytes     bigint        NOT NULL,
    snapshot_month date          NOT NULL,
    landed_at      datetimeoffset(6)  NOT NULL
);
GO
DECLARE @once nvarchar(300) = (
    SELECT QUOTENAME(name) FROM sys.key_constraints WHERE parent_object_id = OBJECT_ID(N'meta.ingestion_log') AND type = 'UQ'
);
IF @once IS NOT NULL EXEC (N'ALTER TABLE meta.ingestion_log DROP CONSTRAINT ' + @once);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'ix_ingestion_log_sha256')
CREATE INDEX ix_ingestion_log_sha256 ON meta.ingestion_log (sha256);
GO
-- What the checks found in a landed file. The newest line of a file counts, `dismissed` whatever comes after: it had
-- stopped, and is not wanted.
IF OBJECT_ID(N'meta.validation_log') IS NULL
CREATE TABLE meta.validation_log (
    validation_id  bigint IDENTITY PRIMARY KEY,
    ingestion_id   bigint        NOT NULL REFERENCES meta.ingestion_log,
    status         nvarchar(20)   NOT NULL CHECK (status IN ('passed', 'failed', 'unreadable', 'dismissed')),
    score          integer,
    rows_read      bigint        NOT NULL,
    rows_clean     bigint        NOT NULL,
    rows_rejected  bigint        NOT NULL,
    rows_malformed bigint        NOT NULL,
    clean_path     nvarchar(1000),
    rejected_path  nvarchar(1000),
    message        nvarchar(2000) NOT NULL,
    definition     nvarchar(64)   NOT NULL,
    validated_at   datetimeoffset(6)  NOT NULL
);
GO
DECLARE @words nvarchar(300) = (
    SELECT QUOTENAME(name) FROM sys.check_constraints
    WHERE parent_object_id = OBJECT_ID(N'meta.validation_log') AND definition NOT LIKE N'%dismissed%'
);
IF @words IS NOT NULL EXEC (N'ALTER TABLE meta.validation_log DROP CONSTRAINT ' + @words + N';
    ALTER TABLE meta.validation_log ADD CHECK (status IN (''passed'', ''failed'', ''unreadable'', ''dismissed''))');
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'ix_validation_log_ingestion')
CREATE INDEX ix_validation_log_ingestion ON meta.validation_log (ingestion_id);
GO
-- The loads of a dataset. `is_live` is false while one is taken back.
IF OBJECT_ID(N'meta.dataset_version') IS NULL
CREATE TABLE meta.dataset_version (
    version_id      bigint IDENTITY PRIMARY KEY,
    dataset         nvarchar(100) NOT NULL REFERENCES meta.dataset,
    snapshot_month  date         NOT NULL,
    landed_at       datetimeoffset(6) NOT NULL,
    ingestion_id    bigint       REFERENCES meta.ingestion_log,
    is_live         bit      NOT NULL,
    row_count       bigint       NOT NULL,
    new_count       bigint       NOT NULL,
    changed_count   bigint       NOT NULL,
    unchanged_count bigint       NOT NULL,
    gone_count      bigint       NOT NULL,
    loaded_at       datetimeoffset(6) NOT NULL,
    rolled_back_at  datetimeoffset(6)
);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'uq_dataset_version_ingestion')
CREATE UNIQUE INDEX uq_dataset_version_ingestion ON meta.dataset_version (ingestion_id) WHERE ingestion_id IS NOT NULL;
GO
-- The months whose facts are not what core says: a load or its rollback names them, publishing takes them off.
IF OBJECT_ID(N'meta.unpublished_month') IS NULL
CREATE TABLE meta.unpublished_month (
    snapshot_month date PRIMARY KEY
);
GO
-- One line a step: started, ended well, ended badly.
IF OBJECT_ID(N'meta.etl_audit') IS NULL
CREATE TABLE meta.etl_audit (
    audit_id    bigint IDENTITY PRIMARY KEY,
    run_id      nvarchar(40)   NOT NULL,
    step        nvarchar(40)   NOT NULL,
    level       nvarchar(10)   NOT NULL CHECK (level IN ('INFO', 'WARNING', 'ERROR')),
    status      nvarchar(10)   NOT NULL CHECK (status IN ('START', 'OK', 'FAIL')),
    message     nvarchar(2000) NOT NULL,
    details     nvarchar(max),
    row_count   bigint,
    duration_ms bigint,
    at          datetimeoffset(6)  NOT NULL
);
GO
IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE name = N'ix_etl_audit_run')
CREATE INDEX ix_etl_audit_run ON meta.etl_audit (run_id);
GO
-- The lines of steps that were told as lineage (`told`), that nobody would take (`refused`), of which no event could be
-- made (`unfit`), or that grew too old before anybody listened (`given_up`).
IF OBJECT_ID(N'meta.lineage_told') IS NULL
CREATE TABLE meta.lineage_told (
    audit_id bigint      PRIMARY KEY,
    outcome  nvarchar(20) NOT NULL CHECK (outcome IN ('told', 'refused', 'unfit', 'given_up')),
    told_at  datetimeoffset(6) NOT NULL
);
GO
