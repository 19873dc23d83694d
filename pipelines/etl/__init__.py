"""Batch ETL: changes of a day, read from a database, checked, shaped, and loaded into another."""
