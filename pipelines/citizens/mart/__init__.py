"""The star schema that reports read, filled from the history."""
