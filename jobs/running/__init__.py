"""What jobs share while they run: the real doors, batches, signals, exit codes."""
