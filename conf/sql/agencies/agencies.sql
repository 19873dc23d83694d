-- All agencies: `agency_id`, and `agency_slug`, which stands in the keys of what is theirs.
SELECT id AS agency_id, slug AS agency_slug
FROM documents.agency
ORDER BY id
