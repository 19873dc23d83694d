-- What the flow user_analytics loads, as the demo and the tests have it; whoever owns the warehouse makes it.
CREATE SCHEMA IF NOT EXISTS analytics;
CREATE TABLE IF NOT EXISTS analytics.user_analytics (
    id               bigint PRIMARY KEY,
    email            text NOT NULL,
    name             text,
    created_at       timestamptz NOT NULL,
    order_count      bigint NOT NULL,
    total_spent      numeric(14, 2) NOT NULL,
    customer_segment text
);

-- Which days were appended to tables of this schema by flows of mode append_once; a day is appended in the same
-- transaction. It has to be in the schema of each table that is loaded so.
CREATE TABLE IF NOT EXISTS analytics.etl_appended (
    table_name  text NOT NULL,
    flow        text NOT NULL,
    date        date NOT NULL,
    input       text NOT NULL,
    rows        bigint NOT NULL,
    appended_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (table_name, flow, date)
);
