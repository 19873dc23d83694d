"""The job that answers requests."""
