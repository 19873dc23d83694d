"""Profiles: the figures of columns and files, merged, and as bytes."""
