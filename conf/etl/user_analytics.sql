-- Users that changed within :since and :until, or that have an order of then; totals are over all of their orders.
-- The id is that of `changed`: so a range of ids reaches both of its parts, and is read by their indexes.
SELECT changed.id,
       u.email,
       u.name,
       u.created_at,
       t.order_count,
       coalesce(t.total_spent, 0)::numeric(14, 2) AS total_spent
FROM (
    SELECT id FROM users WHERE updated_at >= :since AND updated_at < :until
    UNION
    SELECT user_id FROM orders WHERE created_at >= :since AND created_at < :until
) AS changed
JOIN users AS u ON u.id = changed.id
LEFT JOIN LATERAL (
    SELECT count(*) AS order_count, sum(o.total) AS total_spent FROM orders AS o WHERE o.user_id = changed.id
) AS t ON true
