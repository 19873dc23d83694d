-- Who may do what in the warehouse, and no more. A login is made a member:
--   CREATE ROLE citizens LOGIN PASSWORD '...' IN ROLE warehouse_service;
--
--   warehouse_service   the job `citizens`: loads, takes back, publishes; makes, changes and drops no table
--   warehouse_reader    reports and people: reads the mart, the history and what became of the files

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['warehouse_service', 'warehouse_reader'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- roles belong to the server: another database's script was quicker
        END;
    END LOOP;
    -- The rows of one load pass through temporary tables.
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO warehouse_service', current_database());
END
$$;

GRANT USAGE ON SCHEMA meta, core, mart TO warehouse_service, warehouse_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA meta, core, mart TO warehouse_service, warehouse_reader;

-- What landed, what was found in it and the account of steps are added to, and never changed.
GRANT INSERT ON meta.ingestion_log, meta.validation_log, meta.etl_audit, meta.lineage_told TO warehouse_service;
GRANT UPDATE ON meta.dataset TO warehouse_service;
GRANT INSERT, UPDATE ON meta.dataset_version TO warehouse_service;
GRANT INSERT, DELETE ON meta.unpublished_month TO warehouse_service;

GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA core TO warehouse_service;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA mart TO warehouse_service;
