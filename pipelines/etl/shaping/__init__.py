"""Rows made ready for their table, and whether they may go there."""
