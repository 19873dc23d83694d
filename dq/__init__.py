"""File quality from S3 announcements to verdicts in Postgres."""
