"""Observations: what of a run is unusual beside the runs before it, told from numbers that are kept."""
