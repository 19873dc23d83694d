"""Where verdicts go: the reporting tables in Postgres."""
