"""The rows of files: read as often as wanted, and compared with what they were."""
