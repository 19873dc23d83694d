"""The job that reads application APIs."""
