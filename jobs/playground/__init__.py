"""What the demo plays with: sample files, a local S3 and queue."""
