"""The dimensions of quality, a module each: what to count for it, how to measure it, how to say it."""
