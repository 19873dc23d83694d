"""Columns: those of tables of other libraries, and those of the declared types."""
