"""Attempts on objects of the lake that end together."""
