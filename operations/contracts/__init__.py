"""Definitions as contracts of others and back: ODCS 3.1, Data Packages of Frictionless; what gets lost is listed."""
