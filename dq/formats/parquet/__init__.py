"""Parquet: typed columns in row groups."""
