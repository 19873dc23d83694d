"""Ways to derive a column from others, a module each."""
