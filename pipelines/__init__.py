"""Flows on top of the verdicts: what becomes of the rows."""
