"""Rows in Delta tables: files, tables, commits."""
