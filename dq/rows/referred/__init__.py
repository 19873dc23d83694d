"""What rows of a table refer to: keys and rows of other tables."""
