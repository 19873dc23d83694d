"""What jobs share while they run: the real parts, batches, signals, exit codes."""
