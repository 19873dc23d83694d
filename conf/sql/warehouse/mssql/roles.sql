-- Who may do what in the warehouse, and no more. A login is made a member: ALTER ROLE warehouse_service ADD MEMBER citizens;
--
--   warehouse_service   the job `citizens`: loads, takes back, publishes; makes, changes and drops no table
--   warehouse_reader    reports and people: reads the mart, the history and what became of the files
--
-- The rows of one load pass through temporary tables, which everybody may make in SQL Server.
IF DATABASE_PRINCIPAL_ID(N'warehouse_service') IS NULL CREATE ROLE warehouse_service;
GO
IF DATABASE_PRINCIPAL_ID(N'warehouse_reader') IS NULL CREATE ROLE warehouse_reader;
GO
GRANT SELECT ON SCHEMA::meta TO warehouse_service;
GRANT SELECT ON SCHEMA::core TO warehouse_service;
GRANT SELECT ON SCHEMA::mart TO warehouse_service;
GRANT SELECT ON SCHEMA::meta TO warehouse_reader;
GRANT SELECT ON SCHEMA::core TO warehouse_reader;
GRANT SELECT ON SCHEMA::mart TO warehouse_reader;
GO
GRANT INSERT ON OBJECT::meta.ingestion_log TO warehouse_service;
GRANT INSERT ON OBJECT::meta.validation_log TO warehouse_service;
GRANT INSERT ON OBJECT::meta.etl_audit TO warehouse_service;
GRANT INSERT ON OBJECT::meta.lineage_told TO warehouse_service;
GRANT UPDATE ON OBJECT::meta.dataset TO warehouse_service;
GRANT INSERT, UPDATE ON OBJECT::meta.dataset_version TO warehouse_service;
GRANT INSERT, DELETE ON OBJECT::meta.unpublished_month TO warehouse_service;
GO
GRANT INSERT, UPDATE, DELETE ON SCHEMA::core TO warehouse_service;
GRANT INSERT, UPDATE, DELETE ON SCHEMA::mart TO warehouse_service;
GO
