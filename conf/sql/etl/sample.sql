-- Made-up users and orders of the first days of January 2026, the same ones each time: user 1 to 5 on the 1st, then
-- a changed user, and orders of users that did not change. It begins with tables that are empty.
INSERT INTO users (id, email, name, created_at, updated_at) VALUES
    (1, ' Ada@Example.com', 'Ada', '2026-01-01 08:00+00', '2026-01-01 08:00+00'),
    (2, 'bob@example.com', 'Bob', '2026-01-01 09:00+00', '2026-01-01 09:00+00'),
    (3, 'cy@example.com', 'Cy', '2026-01-01 10:00+00', '2026-01-01 10:00+00'),
    (4, 'dee@example.com', 'Dee', '2026-01-01 11:00+00', '2026-01-01 11:00+00'),
    (5, 'eve@example.com', 'Eve', '2026-01-01 12:00+00', '2026-01-02 07:30+00');
INSERT INTO orders (id, user_id, total, created_at) VALUES
    (1, 1, 40.00, '2026-01-01 08:30+00'),
    (2, 1, 70.50, '2026-01-02 12:00+00'),
    (3, 2, 1200.00, '2026-01-01 09:30+00'),
    (4, 3, 99.99, '2026-01-03 23:59:59.999+00'),
    (5, 5, 15.25, '2026-01-01 13:00+00');
