-- The attachments of an agency. Needed: attachment_id, source_key, file_name. Known besides: category, size, etag,
-- checksum_sha256, person_id, created_at; any other column goes to the manifest as metadata. With `etag` only that version
-- of the source is copied.
SELECT id AS attachment_id, source_key, file_name, category, person_id, size, created_at
FROM documents.attachment
WHERE agency_id = :agency_id AND deleted_at IS NULL
ORDER BY id
