"""Thin entry points: arguments in, exit code out."""
