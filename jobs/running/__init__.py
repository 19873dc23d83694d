"""What jobs share while they run: the real doors, signals, exit codes."""
