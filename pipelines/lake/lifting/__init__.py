"""From objects with a verdict to rows in silver and quarantine."""
