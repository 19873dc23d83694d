-- The tables that the flow user_analytics reads, as its own source, the demo and the tests have them. Where they are
-- somebody else's, the two indexes are what to ask for: without them every run reads whole tables.
CREATE TABLE IF NOT EXISTS users (
    id         bigint PRIMARY KEY,
    email      text,
    name       text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS orders (
    id         bigint PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users (id),
    total      numeric(12, 2) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS users_updated ON users (updated_at);
CREATE INDEX IF NOT EXISTS orders_created ON orders (created_at);
CREATE INDEX IF NOT EXISTS orders_of_user ON orders (user_id) INCLUDE (total);
