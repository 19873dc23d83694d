"""Objects in S3 and local files."""
