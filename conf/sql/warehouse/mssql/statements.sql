-- What the job `citizens` sends to SQL Server for a load, a rollback (from "touched keys" on) and a
-- publication, for review. Versions and months are examples. Nobody applies this file.

-- temporary table #incoming
CREATE TABLE [#incoming] (
	key_hash BIGINT NOT NULL,
	row_hash BIGINT NULL,
	before_hash BIGINT NULL,
	citizen_id NVARCHAR(40) NULL,
	first_name NVARCHAR(100) NULL,
	last_name NVARCHAR(100) NULL,
	birth_date DATE NULL,
	sex NVARCHAR(1) NULL,
	street NVARCHAR(200) NULL,
	house_no NVARCHAR(20) NULL,
	zip NVARCHAR(20) NULL,
	city NVARCHAR(100) NULL,
	email NVARCHAR(254) NULL,
	registered_on DATE NULL,
	status NVARCHAR(20) NULL
);
GO

-- temporary table #chain
CREATE TABLE [#chain] (
	version_id BIGINT NOT NULL,
	ordinal INTEGER NOT NULL,
	effective_version_id BIGINT NULL,
	effective_on DATE NULL,
	effective_day INTEGER NULL,
	PRIMARY KEY (version_id)
);
GO

-- temporary table #touched
CREATE TABLE [#touched] (
	key_id BIGINT NOT NULL
);
GO

-- temporary table #differing
CREATE TABLE [#differing] (
	surrogate_key BIGINT NOT NULL,
	hash_before BIGINT NULL,
	end_before DATE NULL,
	key_id BIGINT NULL,
	row_hash BIGINT NULL,
	valid_from DATE NULL,
	valid_to DATE NULL,
	version_id BIGINT NULL,
	closed_by_version_id BIGINT NULL
);
GO

-- whose turn it is
UPDATE meta.dataset SET generation=(meta.dataset.generation + 1) WHERE meta.dataset.name = 'citizen';
GO

-- loads there are
SELECT meta.dataset_version.version_id, meta.dataset_version.snapshot_month, meta.dataset_version.landed_at, meta.dataset_version.is_live
FROM meta.dataset_version
WHERE meta.dataset_version.dataset = 'citizen';
GO

-- a new load
INSERT INTO meta.dataset_version (dataset, snapshot_month, landed_at, is_live, row_count, new_count, changed_count, unchanged_count, gone_count, loaded_at) OUTPUT inserted.version_id VALUES ('citizen', '2026-02-01', '2026-02-01 00:00:00+00:00', 1, 0, 0, 0, 0, 0, '2026-02-01 00:00:00+00:00');
GO

-- its rows, 50,000 at a time, as parameters
INSERT INTO [#incoming] (key_hash, row_hash, before_hash, citizen_id, first_name, last_name, birth_date, sex, street, house_no, zip, city, email, registered_on, status) VALUES (:key_hash, :row_hash, :before_hash, :citizen_id, :first_name, :last_name, :birth_date, :sex, :street, :house_no, :zip, :city, :email, :registered_on, :status);
GO

-- what the load before it in the chain said
SELECT core.citizen_key.key_hash, latest.row_hash, core.citizen_key.citizen_id
FROM (SELECT core.citizen_claim.key_id AS key_id, core.citizen_claim.row_hash AS row_hash, row_number() OVER (PARTITION BY core.citizen_claim.key_id ORDER BY [#chain].ordinal DESC) AS backwards
FROM core.citizen_claim JOIN [#chain] ON [#chain].version_id = core.citizen_claim.version_id
WHERE [#chain].ordinal <= 3) AS latest JOIN core.citizen_key ON core.citizen_key.key_id = latest.key_id
WHERE latest.backwards = 1 AND latest.row_hash IS NOT NULL;
GO

-- keys with one hash: 0
SELECT count(*) AS count_1
FROM [#incoming] JOIN core.citizen_key ON core.citizen_key.key_hash = [#incoming].key_hash
WHERE core.citizen_key.citizen_id != [#incoming].citizen_id;
GO

-- keys never seen
INSERT INTO core.citizen_key (key_id, key_hash, citizen_id) SELECT 1000 + row_number() OVER (ORDER BY [#incoming].key_hash) AS anon_1, [#incoming].key_hash, [#incoming].citizen_id
FROM [#incoming]
WHERE NOT (EXISTS (SELECT *
FROM core.citizen_key
WHERE core.citizen_key.key_hash = [#incoming].key_hash));
GO

-- its claims
INSERT INTO core.citizen_claim (version_id, key_id, row_hash) SELECT 5 AS anon_1, core.citizen_key.key_id, [#incoming].row_hash
FROM [#incoming] JOIN core.citizen_key ON core.citizen_key.key_hash = [#incoming].key_hash;
GO

-- values never said
INSERT INTO core.citizen_value (key_id, row_hash, first_name, last_name, birth_date, sex, street, house_no, zip, city, email, registered_on, status) SELECT core.citizen_key.key_id, [#incoming].row_hash, [#incoming].first_name, [#incoming].last_name, [#incoming].birth_date, [#incoming].sex, [#incoming].street, [#incoming].house_no, [#incoming].zip, [#incoming].city, [#incoming].email, [#incoming].registered_on, [#incoming].status
FROM [#incoming] JOIN core.citizen_key ON core.citizen_key.key_hash = [#incoming].key_hash
WHERE [#incoming].row_hash IS NOT NULL AND NOT (EXISTS (SELECT *
FROM core.citizen_value
WHERE core.citizen_value.key_id = core.citizen_key.key_id AND core.citizen_value.row_hash = [#incoming].row_hash));
GO

-- the load after it says what it had in common with the one before
INSERT INTO core.citizen_claim (version_id, key_id, row_hash) SELECT 4 AS anon_1, core.citizen_key.key_id, [#incoming].before_hash
FROM [#incoming] JOIN core.citizen_key ON core.citizen_key.key_hash = [#incoming].key_hash
WHERE NOT (EXISTS (SELECT *
FROM core.citizen_claim AS theirs
WHERE theirs.version_id = 4 AND theirs.key_id = core.citizen_key.key_id));
GO

-- and does not repeat what the new one says
DELETE FROM core.citizen_claim WHERE core.citizen_claim.version_id = 4 AND (EXISTS (SELECT *
FROM core.citizen_claim AS ours
WHERE ours.version_id = 5 AND ours.key_id = core.citizen_claim.key_id AND EXISTS (SELECT ours.row_hash INTERSECT SELECT core.citizen_claim.row_hash)));
GO

-- touched keys
INSERT INTO [#touched] (key_id) SELECT DISTINCT core.citizen_claim.key_id
FROM core.citizen_claim
WHERE core.citizen_claim.version_id IN (4, 5);
GO

-- where their intervals are not what is there
INSERT INTO [#differing] (surrogate_key, hash_before, end_before, key_id, row_hash, valid_from, valid_to, version_id, closed_by_version_id) SELECT coalesce(wanted.surrogate_key, there.citizen_sk) AS coalesce_1, there.row_hash, there.valid_to, wanted.key_id, wanted.row_hash AS row_hash_1, wanted.valid_from, wanted.valid_to AS valid_to_1, wanted.version_id, wanted.closed_by_version_id
FROM (SELECT changes.key_id * 65536 + changes.day AS surrogate_key, changes.key_id AS key_id, changes.row_hash AS row_hash, changes.valid_from AS valid_from, coalesce(changes.valid_to, '9999-12-31') AS valid_to, changes.version_id AS version_id, changes.closed_by_version_id AS closed_by_version_id
FROM (SELECT points.key_id AS key_id, points.row_hash AS row_hash, points.ordinal AS ordinal, points.version_id AS version_id, points.valid_from AS valid_from, points.day AS day, lead(points.valid_from) OVER (PARTITION BY points.key_id ORDER BY points.ordinal) AS valid_to, lead(points.version_id) OVER (PARTITION BY points.key_id ORDER BY points.ordinal) AS closed_by_version_id
FROM (SELECT effective.key_id AS key_id, effective.row_hash AS row_hash, effective.ordinal AS ordinal, effective.version_id AS version_id, effective.valid_from AS valid_from, effective.day AS day, lag(effective.row_hash) OVER (PARTITION BY effective.key_id ORDER BY effective.ordinal) AS hash_before, row_number() OVER (PARTITION BY effective.key_id ORDER BY effective.ordinal) AS place
FROM (SELECT core.citizen_claim.key_id AS key_id, core.citizen_claim.row_hash AS row_hash, [#chain].ordinal AS ordinal, [#chain].effective_version_id AS version_id, [#chain].effective_on AS valid_from, [#chain].effective_day AS day, lead([#chain].effective_on) OVER (PARTITION BY core.citizen_claim.key_id ORDER BY [#chain].ordinal) AS next_from
FROM core.citizen_claim JOIN [#chain] ON [#chain].version_id = core.citizen_claim.version_id JOIN [#touched] ON [#touched].key_id = core.citizen_claim.key_id
WHERE [#chain].effective_version_id IS NOT NULL) AS effective
WHERE NOT EXISTS (SELECT effective.next_from INTERSECT SELECT effective.valid_from)) AS points
WHERE points.place = 1 OR NOT EXISTS (SELECT points.row_hash INTERSECT SELECT points.hash_before)) AS changes
WHERE changes.row_hash IS NOT NULL) AS wanted FULL OUTER JOIN (SELECT core.citizen.citizen_sk AS citizen_sk, core.citizen.row_hash AS row_hash, core.citizen.valid_to AS valid_to, core.citizen.version_id AS version_id, core.citizen.closed_by_version_id AS closed_by_version_id
FROM core.citizen JOIN [#touched] ON [#touched].key_id = core.citizen.key_id) AS there ON there.citizen_sk = wanted.surrogate_key
WHERE NOT EXISTS (SELECT there.row_hash INTERSECT SELECT wanted.row_hash) OR NOT EXISTS (SELECT there.valid_to INTERSECT SELECT wanted.valid_to) OR NOT EXISTS (SELECT there.version_id INTERSECT SELECT wanted.version_id) OR NOT EXISTS (SELECT there.closed_by_version_id INTERSECT SELECT wanted.closed_by_version_id);
GO

-- last ends of rows that go, and of rows that come
SELECT max(CASE WHEN ([#differing].hash_before IS NOT NULL AND ([#differing].row_hash IS NULL OR [#differing].row_hash != [#differing].hash_before)) THEN [#differing].end_before END) AS max_1, max(CASE WHEN ([#differing].row_hash IS NOT NULL AND ([#differing].hash_before IS NULL OR [#differing].row_hash != [#differing].hash_before)) THEN [#differing].valid_to END) AS max_2
FROM [#differing];
GO

-- rows that go
DELETE FROM core.citizen WHERE EXISTS (SELECT *
FROM [#differing]
WHERE [#differing].surrogate_key = core.citizen.citizen_sk AND [#differing].hash_before IS NOT NULL AND ([#differing].row_hash IS NULL OR [#differing].row_hash != [#differing].hash_before));
GO

-- rows that change
UPDATE core.citizen SET valid_to=[#differing].valid_to, is_current=CASE WHEN ([#differing].valid_to = '9999-12-31') THEN 1 ELSE 0 END, version_id=[#differing].version_id, closed_by_version_id=[#differing].closed_by_version_id FROM core.citizen, [#differing] WHERE core.citizen.citizen_sk = [#differing].surrogate_key AND [#differing].row_hash = [#differing].hash_before;
GO

-- rows that come
INSERT INTO core.citizen (citizen_sk, key_id, citizen_id, first_name, last_name, birth_date, sex, street, house_no, zip, city, email, registered_on, status, valid_from, valid_to, is_current, row_hash, version_id, closed_by_version_id) SELECT [#differing].surrogate_key, [#differing].key_id, core.citizen_key.citizen_id, core.citizen_value.first_name, core.citizen_value.last_name, core.citizen_value.birth_date, core.citizen_value.sex, core.citizen_value.street, core.citizen_value.house_no, core.citizen_value.zip, core.citizen_value.city, core.citizen_value.email, core.citizen_value.registered_on, core.citizen_value.status, [#differing].valid_from, [#differing].valid_to, CASE WHEN ([#differing].valid_to = '9999-12-31') THEN 1 ELSE 0 END AS anon_1, [#differing].row_hash, [#differing].version_id, [#differing].closed_by_version_id
FROM [#differing] JOIN core.citizen_key ON core.citizen_key.key_id = [#differing].key_id JOIN core.citizen_value ON core.citizen_value.key_id = [#differing].key_id AND core.citizen_value.row_hash = [#differing].row_hash
WHERE [#differing].row_hash IS NOT NULL AND ([#differing].hash_before IS NULL OR [#differing].row_hash != [#differing].hash_before);
GO

-- zeros unless rows overlap; rows hold now and others follow, so that a key has two current ones; rows end before they begin; rows leave a gap although nothing was gone; rows follow each other and are alike; rows are open and not current, or current and not open; rows are closed by no load; rows name loads that there are not
SELECT sum(flags.flag_0) AS flag_0, sum(flags.flag_1) AS flag_1, sum(flags.flag_2) AS flag_2, sum(flags.flag_3) AS flag_3, sum(flags.flag_4) AS flag_4, sum(flags.flag_5) AS flag_5, sum(flags.flag_6) AS flag_6, sum(flags.flag_7) AS flag_7
FROM (SELECT CASE WHEN (in_order.valid_to > in_order.next_from) THEN 1 ELSE 0 END AS flag_0, CASE WHEN (in_order.is_current = 1 AND in_order.next_from IS NOT NULL) THEN 1 ELSE 0 END AS flag_1, CASE WHEN (in_order.valid_from >= in_order.valid_to) THEN 1 ELSE 0 END AS flag_2, CASE WHEN (in_order.valid_to != '9999-12-31' AND in_order.valid_to < in_order.next_from AND NOT (EXISTS (SELECT *
FROM core.citizen_claim, [#chain]
WHERE core.citizen_claim.key_id = in_order.key_id AND core.citizen_claim.version_id = [#chain].version_id AND [#chain].effective_version_id = in_order.closed_by_version_id AND core.citizen_claim.row_hash IS NULL))) THEN 1 ELSE 0 END AS flag_3, CASE WHEN (in_order.valid_to = in_order.next_from AND in_order.row_hash = in_order.next_hash) THEN 1 ELSE 0 END AS flag_4, CASE WHEN (in_order.valid_to = '9999-12-31' AND in_order.is_current != 1 OR in_order.valid_to != '9999-12-31' AND in_order.is_current = 1) THEN 1 ELSE 0 END AS flag_5, CASE WHEN (in_order.valid_to != '9999-12-31' AND in_order.closed_by_version_id IS NULL) THEN 1 ELSE 0 END AS flag_6, CASE WHEN (in_order.version_id IS NOT NULL AND of_version_id.version_id IS NULL OR in_order.closed_by_version_id IS NOT NULL AND of_closed_by_version_id.version_id IS NULL) THEN 1 ELSE 0 END AS flag_7
FROM (SELECT own.key_id AS key_id, own.valid_from AS valid_from, own.valid_to AS valid_to, own.is_current AS is_current, own.row_hash AS row_hash, own.version_id AS version_id, own.closed_by_version_id AS closed_by_version_id, lead(own.valid_from) OVER (PARTITION BY own.key_id ORDER BY own.valid_from) AS next_from, lead(own.row_hash) OVER (PARTITION BY own.key_id ORDER BY own.valid_from) AS next_hash
FROM (SELECT core.citizen.key_id AS key_id, core.citizen.valid_from AS valid_from, core.citizen.valid_to AS valid_to, core.citizen.is_current AS is_current, core.citizen.row_hash AS row_hash, core.citizen.version_id AS version_id, core.citizen.closed_by_version_id AS closed_by_version_id
FROM core.citizen JOIN [#touched] ON [#touched].key_id = core.citizen.key_id) AS own) AS in_order LEFT OUTER JOIN [#chain] AS of_version_id ON of_version_id.version_id = in_order.version_id LEFT OUTER JOIN [#chain] AS of_closed_by_version_id ON of_closed_by_version_id.version_id = in_order.closed_by_version_id) AS flags;
GO

-- current rows
SELECT count(*) AS count_1
FROM core.citizen
WHERE core.citizen.is_current = 1;
GO

-- a load that is taken back
UPDATE meta.dataset_version SET is_live=0, rolled_back_at='2026-02-01 00:00:00+00:00' WHERE meta.dataset_version.version_id = 4;
GO

-- where a load's word only goes over to the next one: touched keys
INSERT INTO [#touched] (key_id) SELECT DISTINCT core.citizen_claim.key_id
FROM core.citizen_claim
WHERE core.citizen_claim.version_id IN (3, 4) AND (EXISTS (SELECT *
FROM core.citizen_claim AS said
WHERE said.key_id = core.citizen_claim.key_id AND said.version_id IN (5)));
GO

-- the last end of its rows
SELECT max(core.citizen.valid_to) AS max_1
FROM core.citizen
WHERE core.citizen.version_id = 4 AND NOT (EXISTS (SELECT *
FROM core.citizen_claim AS said
WHERE said.key_id = core.citizen.key_id AND said.version_id IN (5)));
GO

-- its rows begin and end with the next one
UPDATE core.citizen SET citizen_sk=CASE WHEN (core.citizen.version_id = 4) THEN core.citizen.citizen_sk + 31 ELSE core.citizen.citizen_sk END, valid_from=CASE WHEN (core.citizen.version_id = 4) THEN '2026-02-01' ELSE core.citizen.valid_from END, valid_to=CASE WHEN (core.citizen.closed_by_version_id = 4) THEN '2026-02-01' ELSE core.citizen.valid_to END, version_id=CASE WHEN (core.citizen.version_id = 4) THEN 5 ELSE core.citizen.version_id END, closed_by_version_id=CASE WHEN (core.citizen.closed_by_version_id = 4) THEN 5 ELSE core.citizen.closed_by_version_id END WHERE (core.citizen.version_id = 4 OR core.citizen.closed_by_version_id = 4) AND NOT (EXISTS (SELECT *
FROM core.citizen_claim AS said
WHERE said.key_id = core.citizen.key_id AND said.version_id IN (5)));
GO

-- places
INSERT INTO mart.dim_location (location_key, zip, city) SELECT 10 + row_number() OVER (ORDER BY places.zip, places.city) AS anon_1, places.zip, places.city
FROM (SELECT DISTINCT coalesce(core.citizen.zip, 'Unknown') AS zip, coalesce(core.citizen.city, 'Unknown') AS city
FROM core.citizen
WHERE core.citizen.valid_from >= '2026-02-01') AS places
WHERE NOT (EXISTS (SELECT *
FROM mart.dim_location
WHERE mart.dim_location.zip = places.zip AND mart.dim_location.city = places.city));
GO

-- members that go
DELETE FROM mart.dim_citizen WHERE mart.dim_citizen.citizen_key != -1 AND mart.dim_citizen.valid_from >= '2026-02-01' AND NOT (EXISTS (SELECT *
FROM core.citizen
WHERE core.citizen.citizen_sk = mart.dim_citizen.citizen_key));
GO

-- members that change
UPDATE mart.dim_citizen SET citizen_id=core.citizen.citizen_id, first_name=core.citizen.first_name, last_name=core.citizen.last_name, birth_date=core.citizen.birth_date, sex=core.citizen.sex, email=core.citizen.email, registered_on=core.citizen.registered_on, status=core.citizen.status, valid_from=core.citizen.valid_from, valid_to=core.citizen.valid_to, is_current=core.citizen.is_current, row_hash=core.citizen.row_hash FROM mart.dim_citizen, core.citizen WHERE mart.dim_citizen.citizen_key = core.citizen.citizen_sk AND core.citizen.valid_to >= '2026-02-01' AND mart.dim_citizen.valid_to >= '2026-02-01' AND (NOT EXISTS (SELECT mart.dim_citizen.row_hash INTERSECT SELECT core.citizen.row_hash) OR NOT EXISTS (SELECT mart.dim_citizen.valid_to INTERSECT SELECT core.citizen.valid_to));
GO

-- members that come
INSERT INTO mart.dim_citizen (citizen_key, citizen_id, first_name, last_name, birth_date, sex, email, registered_on, status, valid_from, valid_to, is_current, row_hash) SELECT core.citizen.citizen_sk, core.citizen.citizen_id, core.citizen.first_name, core.citizen.last_name, core.citizen.birth_date, core.citizen.sex, core.citizen.email, core.citizen.registered_on, core.citizen.status, core.citizen.valid_from, core.citizen.valid_to, core.citizen.is_current, core.citizen.row_hash
FROM core.citizen
WHERE core.citizen.valid_from >= '2026-02-01' AND NOT (EXISTS (SELECT *
FROM mart.dim_citizen
WHERE mart.dim_citizen.citizen_key = core.citizen.citizen_sk));
GO

-- a month's facts go
DELETE FROM mart.fact_citizen_snapshot WHERE mart.fact_citizen_snapshot.date_key = 20260201;
GO

-- a month's facts come
INSERT INTO mart.fact_citizen_snapshot (date_key, citizen_key, location_key, age_years, phone_count, is_new, is_changed) SELECT 20260201 AS anon_1, core.citizen.citizen_sk, coalesce(mart.dim_location.location_key, -1) AS coalesce_1, ages.age, coalesce(counted.phones, 0) AS coalesce_2, CASE WHEN (core.citizen.valid_from = '2026-02-01' AND earlier.key_id IS NULL) THEN 1 ELSE 0 END AS anon_2, CASE WHEN (core.citizen.valid_from = '2026-02-01' AND earlier.key_id IS NOT NULL) THEN 1 ELSE 0 END AS anon_3
FROM core.citizen LEFT OUTER JOIN mart.dim_location ON mart.dim_location.zip = coalesce(core.citizen.zip, 'Unknown') AND mart.dim_location.city = coalesce(core.citizen.city, 'Unknown') LEFT OUTER JOIN (SELECT core.citizen_phone.citizen_id AS citizen_id, count(*) AS phones
FROM core.citizen_phone
WHERE core.citizen_phone.valid_from <= '2026-02-01' AND core.citizen_phone.valid_to > '2026-02-01' AND core.citizen_phone.phone IS NOT NULL GROUP BY core.citizen_phone.citizen_id) AS counted ON counted.citizen_id = core.citizen.citizen_id LEFT OUTER JOIN (SELECT core.citizen.key_id AS key_id
FROM core.citizen
WHERE core.citizen.valid_to = '2026-02-01') AS earlier ON earlier.key_id = core.citizen.key_id LEFT OUTER JOIN (SELECT born.birth_date AS birth_date, (2026 - DATEPART(year, born.birth_date)) - CASE WHEN (DATEPART(month, born.birth_date) * 100 + DATEPART(day, born.birth_date) > 201) THEN 1 ELSE 0 END AS age
FROM (SELECT DISTINCT core.citizen.birth_date AS birth_date
FROM core.citizen
WHERE core.citizen.valid_from <= '2026-02-01' AND core.citizen.valid_to > '2026-02-01') AS born) AS ages ON ages.birth_date = core.citizen.birth_date
WHERE core.citizen.valid_from <= '2026-02-01' AND core.citizen.valid_to > '2026-02-01';
GO

-- citizens of a month in the history
SELECT count(*) AS count_1
FROM core.citizen
WHERE core.citizen.valid_from <= '2026-02-01' AND core.citizen.valid_to > '2026-02-01';
GO

-- facts of a month with their members
SELECT count(*) AS count_1
FROM mart.fact_citizen_snapshot JOIN mart.dim_citizen ON mart.dim_citizen.citizen_key = mart.fact_citizen_snapshot.citizen_key JOIN mart.dim_location ON mart.dim_location.location_key = mart.fact_citizen_snapshot.location_key
WHERE mart.fact_citizen_snapshot.date_key = 20260201;
GO
