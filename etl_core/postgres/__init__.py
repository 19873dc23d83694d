"""Postgres: connections, transactions, locks, the embedded server."""
