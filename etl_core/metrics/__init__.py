"""Figures for Prometheus: where they are served, and the file that a batch job leaves."""
