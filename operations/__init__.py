"""Watching over a landscape of files from what is kept: arrivals, history, alerts, lineage, retention, contracts."""
